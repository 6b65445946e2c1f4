"""Clipping: a voice that is louder than the recorder can hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augment.augmentation import Augmentation, Parameters

LARGEST_SHARE = 0.03


class Clipping(Augmentation):
    """Cut a share of the samples, the largest ones, off at one level. What is below that level stays as it is."""

    key = "clipping"
    title = "Clipping"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``share``: 0.6 to 3 % of the samples at full strength, 0.3 to 1.5 % at half."""
        return {"share": float(rng.uniform(0.2, 1.0)) * LARGEST_SHARE * strength}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the audio with ``share`` of its samples at the level of clipping."""
        level = np.quantile(np.abs(samples), 1 - parameters["share"])
        return np.clip(samples, -level, level).astype(np.float32)
