"""Log-mel images: the input of the two-dimensional network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.analysis import Analysis
from features.frames import FRAMES_SPEC, N_MELS, limited_db
from features.kind import InputKind, finite
from features.mfcc import decimate

FRAMES_PER_STEP = 4
N_BANDS = 32
RANGE_DB = 70.0
"""Below the clip's maximum; a smaller range cost more on clean inner clips of RAVDESS than it gave on noisy ones."""


class LogMel(InputKind):
    """Log-mel energies in dB, averaged over steps of 40 ms and pairs of mel bands."""

    key = "image"
    title = "Log-mel image"
    spec = {"frames": FRAMES_SPEC, "frames_per_step": FRAMES_PER_STEP, "n_bands": N_BANDS, "range_db": RANGE_DB, "version": 3}
    columns = tuple(f"logmel{k}" for k in range(N_BANDS))

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the image, (n_steps, 32), float16."""
        bands = limited_db(analysis.mel_power, range_db=RANGE_DB).reshape(-1, N_BANDS, N_MELS // N_BANDS).mean(axis=2)
        return finite(decimate(bands, FRAMES_PER_STEP), dtype=np.float16)
