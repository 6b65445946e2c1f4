"""Speed: another voice at another rate, as a tape that runs faster or slower."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment.augmentation import Augmentation, Parameters
from augment.pitch import MAX_SEMITONES


class Speed(Augmentation):
    """Resample: pitch, formants and tempo change together (speed perturbation, Ko et al. 2015, Interspeech)."""

    key = "speed"
    title = "Speed"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``rate``, log-uniform in ±1.75 semitones times the strength; above 1 is faster and higher."""
        return {"rate": float(2 ** (rng.uniform(-1, 1) * MAX_SEMITONES * strength / 12))}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the audio at ``rate`` times the speed, ``n / rate`` samples long."""
        import soxr

        rate = parameters["rate"]
        if rate == 1:
            return samples
        return np.asarray(soxr.resample(samples, SAMPLE_RATE_HZ * rate, SAMPLE_RATE_HZ), dtype=np.float32)
