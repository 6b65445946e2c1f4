"""Band: a telephone or a laptop that lets neither the lowest nor the highest tones through."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment.augmentation import Augmentation, Parameters

HIGHEST_LOW_HZ = 250.0
LOWEST_HIGH_HZ = 3600.0
FULL_HZ = SAMPLE_RATE_HZ / 2
SHARE_WITHOUT_EFFECT = 0.98
"""A band that ends above this share of all frequencies is left as it is: no filter is that steep."""
ORDER = 4


class Band(Augmentation):
    """Keep the tones between two frequencies (Butterworth filters of fourth order)."""

    key = "band"
    title = "Band"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``low_hz`` and ``high_hz``: up to 250 and down to 3600 Hz at full strength, up to 125 and down to 5800 Hz at half."""
        return {
            "low_hz": float(rng.uniform(0.2, 1.0)) * HIGHEST_LOW_HZ * strength,
            "high_hz": FULL_HZ - float(rng.uniform(0.2, 1.0)) * (FULL_HZ - LOWEST_HIGH_HZ) * strength,
        }

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return what lies between ``low_hz`` and ``high_hz``."""
        passed = samples.astype(np.float64)
        for edge_hz, kind in ((parameters["low_hz"], "highpass"), (parameters["high_hz"], "lowpass")):
            if 0 < edge_hz < SHARE_WITHOUT_EFFECT * FULL_HZ:
                passed = scipy.signal.sosfilt(scipy.signal.butter(ORDER, edge_hz, kind, fs=SAMPLE_RATE_HZ, output="sos"), passed)
        return passed.astype(np.float32)
