"""Calibration: one temperature for a model's probabilities, learnt on inner predictions (Guo et al. 2017, ICML)."""

from __future__ import annotations

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

LOWEST_TEMPERATURE = 0.1
HIGHEST_TEMPERATURE = 10.0
SMALLEST_PROBABILITY = 1e-9


def apply_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities with their logarithms divided by a temperature; above 1 makes them less sure.

    Parameters
    ----------
    probabilities : ndarray [shape=(n, n_emotions)]
        Rows sum to 1.
    temperature : float > 0
        1 changes nothing.
    """
    logits = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY)) / temperature
    powered = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powered / powered.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: NDArray[np.float64], targets: NDArray[np.intp]) -> float:
    """Return the temperature of the smallest log loss.

    Parameters
    ----------
    probabilities : ndarray [shape=(n, n_emotions)]
        Of clips whose speakers the models had not heard.
    targets : ndarray of int [shape=(n,)]
        Their emotions.
    """

    def log_loss(log_temperature: float) -> float:
        scaled = apply_temperature(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(scaled[np.arange(len(targets)), targets], SMALLEST_PROBABILITY)).mean())

    bounds = (np.log(LOWEST_TEMPERATURE), np.log(HIGHEST_TEMPERATURE))
    return float(np.exp(scipy.optimize.minimize_scalar(log_loss, bounds=bounds, method="bounded").x))
