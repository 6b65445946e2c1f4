"""Log-mel images: what the two-dimensional network reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.analysis import Analysis
from features.frames import FRAMES_SPEC, N_MELS
from features.kind import InputKind, finite
from features.sequence import pool_frames

FRAMES_PER_STEP = 2


class Image(InputKind):
    """Log-mel energies in dB, one step each 20 ms; steps × bands."""

    key = "image"
    title = "Log-mel image"
    spec = {"frames": FRAMES_SPEC, "frames_per_step": FRAMES_PER_STEP, "version": 1}
    columns = tuple(f"logmel{k}" for k in range(N_MELS))

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the image, (n_steps, 64), float16."""
        return finite(pool_frames(analysis.log_mel, FRAMES_PER_STEP), dtype=np.float16)
