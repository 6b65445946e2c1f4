"""Gain: a louder or a quieter recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augment.augmentation import Augmentation, Parameters

MAX_GAIN_DB = 12.0


class Gain(Augmentation):
    """Scale by up to ±12 dB and clip at full scale."""

    key = "gain"
    title = "Gain"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``gain_db``, uniform in ±12 dB times the strength."""
        return {"gain_db": float(rng.uniform(-1, 1) * MAX_GAIN_DB * strength)}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the scaled audio."""
        scaled = samples * np.float32(10 ** (parameters["gain_db"] / 20))
        return np.clip(scaled, -1.0, 1.0, dtype=np.float32)
