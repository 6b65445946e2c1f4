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
NOISE_QUANTILE = 0.1
KEPT_SHARE = 0.1


class LogMel(InputKind):
    """Log-mel energies without steady noise in dB, averaged over steps of 40 ms and pairs of mel bands."""

    key = "image"
    title = "Log-mel image"
    spec = {
        **{"frames": FRAMES_SPEC, "frames_per_step": FRAMES_PER_STEP, "n_bands": N_BANDS},
        **{"noise_quantile": NOISE_QUANTILE, "kept_share": KEPT_SHARE, "version": 3},
    }
    columns = tuple(f"logmel{k}" for k in range(N_BANDS))

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the image, (n_steps, 32), float16."""
        log_mel = limited_db(subtract_noise(analysis.mel_power))
        bands = log_mel.reshape(-1, N_BANDS, N_MELS // N_BANDS).mean(axis=2)
        return finite(decimate(bands, FRAMES_PER_STEP), dtype=np.float16)


def subtract_noise(mel_power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return mel energies without the steady noise of each band, by spectral subtraction.

    The 10 % quantile of a band over time estimates its noise. At least a tenth of an energy is kept, because what is left of noise
    would otherwise be isolated peaks (Berouti, Schwartz & Makhoul 1979, ICASSP).

    Parameters
    ----------
    mel_power : ndarray [shape=(n_frames, n_bands), dtype=float32]
        Mel energies.
    """
    noise = np.quantile(mel_power, NOISE_QUANTILE, axis=0)
    return np.maximum(mel_power - noise, KEPT_SHARE * mel_power).astype(np.float32)
