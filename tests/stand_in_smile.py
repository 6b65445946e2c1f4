"""Stands for openSMILE, which its licence keeps out of the development requirements: as many numbers, under the same names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.egemaps import COLUMNS


class StandInSmile:
    """Levels of 88 equal parts of the spectrum."""

    def process_signal(self, samples: np.ndarray, sample_rate_hz: int) -> pd.DataFrame:
        spectrum = np.abs(np.fft.rfft(samples, n=max(len(samples), 4096)))
        parts = np.array_split(np.log10(spectrum + 1e-6), len(COLUMNS))
        # openSMILE's own order is not relied on.
        return pd.DataFrame([[part.mean() for part in parts][::-1]], columns=list(COLUMNS)[::-1])
