"""Tempo: a faster or a slower speaker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment.augmentation import Augmentation, Parameters

MAX_TEMPO_OCTAVES = 0.3
"""Rates between 0.81 and 1.23."""


class Tempo(Augmentation):
    """Change the speaking rate at the same pitch (audiomentations, Signalsmith Stretch)."""

    key = "tempo"
    title = "Tempo"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``rate``, log-uniform in ±0.3 octaves times the strength; above 1 is faster."""
        return {"rate": float(2 ** (rng.uniform(-1, 1) * MAX_TEMPO_OCTAVES * strength))}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the audio at ``rate`` times the tempo, ``n / rate`` samples long."""
        from audiomentations import TimeStretch

        rate = parameters["rate"]
        if rate == 1:
            return samples
        stretch = TimeStretch(rate, rate, leave_length_unchanged=False, p=1.0)
        return stretch(np.array(samples), SAMPLE_RATE_HZ).astype(np.float32)
