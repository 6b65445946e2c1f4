"""Pitch: a higher or a lower voice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment.augmentation import Augmentation, Parameters

MAX_SEMITONES = 1.75
"""The test suite shifts by 2, which training never draws; more than 3 change the perceived emotion."""


class Pitch(Augmentation):
    """Transpose voice and formants by up to ±1.75 semitones at the same tempo (audiomentations, Signalsmith Stretch)."""

    key = "pitch"
    title = "Pitch"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``semitones``, uniform in ±1.75 times the strength."""
        return {"semitones": float(rng.uniform(-1, 1) * MAX_SEMITONES * strength)}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the transposed audio, as long as the original."""
        from audiomentations import PitchShift

        semitones = parameters["semitones"]
        if semitones == 0:
            return samples
        return PitchShift(semitones, semitones, p=1.0)(np.array(samples), SAMPLE_RATE_HZ).astype(np.float32)
