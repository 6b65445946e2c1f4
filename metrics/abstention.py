"""Abstention: the confidence below which a model should not be believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def choose_threshold(probabilities: NDArray[np.float64], targets: NDArray[np.intp]) -> float:
    """Return the confidence that separates right from wrong predictions best (Youden 1950, Cancer 3).

    Parameters
    ----------
    probabilities : ndarray [shape=(n, n_emotions)]
        Calibrated inner predictions.
    targets : ndarray of int [shape=(n,)]
        True emotions.
    """
    confidence, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    order = np.argsort(confidence)
    caught = np.cumsum(~is_right[order]) / max(1, (~is_right).sum())
    lost = np.cumsum(is_right[order]) / max(1, is_right.sum())
    return round(float(confidence[order][np.argmax(caught - lost)]), 4)
