"""Gain: a louder or a quieter recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augment.augmentation import Effect, Parameters


class Gain(Effect):
    """Scale and clip at full scale; nothing draws it, because features are of one level."""

    key = "gain"
    title = "Gain"

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the audio, scaled by ``gain_db``."""
        scaled = samples * np.float32(10 ** (parameters["gain_db"] / 20))
        return np.clip(scaled, -1.0, 1.0, dtype=np.float32)
