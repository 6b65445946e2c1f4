"""Equaliser: the colour that a microphone, a case or a loudspeaker gives to all that passes through it."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment.augmentation import Augmentation, Parameters

MAX_COLOUR_DB = 9.0
OCTAVES_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)


class Equaliser(Augmentation):
    """Raise and lower octaves by up to ±9 dB, smoothly between them and without delay. The level stays the same."""

    key = "equaliser"
    title = "Equaliser"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``colour_db``: a number an octave, uniform in ±9 dB times the strength."""
        return {"colour_db": tuple((rng.uniform(-1, 1, len(OCTAVES_HZ)) * MAX_COLOUR_DB * strength).tolist())}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the coloured audio, as loud as the original."""
        n = scipy.fft.next_fast_len(len(samples), real=True)
        frequencies_hz = np.maximum(scipy.fft.rfftfreq(n, 1 / SAMPLE_RATE_HZ), OCTAVES_HZ[0])
        gains_db = np.interp(np.log2(frequencies_hz), np.log2(OCTAVES_HZ), parameters["colour_db"])
        spectrum = scipy.fft.rfft(samples.astype(np.float64), n)
        coloured = scipy.fft.irfft(spectrum * 10 ** (gains_db / 20), n)[: len(samples)]
        level = np.sqrt(np.mean(samples.astype(np.float64) ** 2) / max(float(np.mean(coloured**2)), 1e-20))
        return (coloured * level).astype(np.float32)
