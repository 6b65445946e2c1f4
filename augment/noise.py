"""Noise: white, pink, with the spectrum of the clip's own speech, or of voices made of the clip."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment.augmentation import Augmentation, Parameters

VOICES = "voices"
COLOURS = ("white", "pink", "speech", VOICES)
CLEANEST_SNR_DB = 35.0
NOISIEST_SNR_DB = 12.0
"""The test suite's noise is at 10 dB, which training never draws."""
LOWEST_PINK_HZ = 50.0
N_VOICES = 6
SPEECH_SMOOTHING_HZ = 150.0


class Noise(Augmentation):
    """Add noise of one colour at a signal-to-noise ratio over the whole clip.

    Stationary noise has a fixed magnitude spectrum and random phases; voices are copies of the clip.
    """

    key = "noise"
    title = "Noise"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``colour``, ``snr_db`` (25.8 down to 12 dB at full strength, 30.4 down to 23.5 at half) and ``seed``."""
        span_db = (CLEANEST_SNR_DB - NOISIEST_SNR_DB) * strength
        return {
            "colour": COLOURS[int(rng.integers(len(COLOURS)))],
            "snr_db": float(CLEANEST_SNR_DB - rng.uniform(0.4, 1.0) * span_db),
            "seed": int(rng.integers(2**31)),
        }

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return audio plus noise of ``colour`` at ``snr_db``."""
        rng = np.random.default_rng(parameters["seed"])
        colour = parameters["colour"]
        noise = _voices(samples, rng) if colour == VOICES else _stationary(samples, rng, colour=colour)
        signal_rms, noise_rms = np.sqrt(np.mean(samples.astype(np.float64) ** 2)), np.sqrt(np.mean(noise**2))
        scale = signal_rms / max(noise_rms, 1e-12) * 10 ** (-parameters["snr_db"] / 20)
        return (samples + scale * noise).astype(np.float32)


def _voices(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return six copies of a clip at once, each begun at a random place, every second one reversed."""
    places = rng.integers(len(samples), size=N_VOICES)
    copies = [np.roll(samples, place)[:: (-1) ** k] for k, place in enumerate(places)]
    return np.sum(copies, axis=0, dtype=np.float64)


def _stationary(samples: NDArray[np.float32], rng: np.random.Generator, *, colour: str) -> NDArray[np.float64]:
    magnitude = _spectrum(samples, colour=colour)
    phase = rng.uniform(0, 2 * np.pi, len(magnitude))
    return scipy.fft.irfft(magnitude * np.exp(1j * phase))[: len(samples)]


def _spectrum(samples: NDArray[np.float32], *, colour: str) -> NDArray[np.float64]:
    n = scipy.fft.next_fast_len(len(samples), real=True)
    n += n % 2
    frequencies_hz = scipy.fft.rfftfreq(n, 1 / SAMPLE_RATE_HZ)
    if colour == "white":
        return np.ones_like(frequencies_hz)
    if colour == "pink":
        return 1 / np.sqrt(np.maximum(frequencies_hz, LOWEST_PINK_HZ))
    power = np.abs(scipy.fft.rfft(samples.astype(np.float64), n)) ** 2
    width = max(1, round(SPEECH_SMOOTHING_HZ / frequencies_hz[1]))
    return np.sqrt(np.convolve(power, np.ones(width) / width, mode="same"))
