"""Speaker effects: by how much the vectors of each training speaker differ from other speakers' vectors of the same emotions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.family import Examples

CLIPS_WITHOUT_EFFECT = 3.0
"""Effects are shrunk as if so many clips without any effect had been there besides those of the speaker."""


def speaker_effects(X: NDArray[np.floating[Any]], examples: Examples, weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the effect of each example's speaker, the best linear prediction of a random intercept (Robinson 1991, Stat. Sci. 6(1)).

    Emotions are taken into account, so that a speaker who shows few of them loses nothing of what tells them apart. Effects are
    estimated on the original clips, and a copy has that of its original.

    Parameters
    ----------
    X : ndarray [shape=(n, d)]
        Standardised vectors of the examples.
    examples : Examples
        Give the speakers and the emotions.
    weights : ndarray [shape=(n,)]
        Weights of the examples, which count in the mean vectors of the emotions.

    Returns
    -------
    ndarray [shape=(n, d)]
        In the units of the vectors.
    """
    originals = examples.is_original
    targets, residuals = examples.targets[originals], X[originals].astype(np.float64)
    for target in np.unique(targets):
        of_emotion = targets == target
        residuals[of_emotion] -= np.average(residuals[of_emotion], axis=0, weights=weights[originals][of_emotion])
    speakers, of_example = np.unique(examples.speakers, return_inverse=True)
    effects = np.zeros((len(speakers), X.shape[1]), np.float32)
    for number in np.unique(of_example[originals]):
        own = residuals[of_example[originals] == number]
        effects[number] = own.sum(axis=0) / (len(own) + CLIPS_WITHOUT_EFFECT)
    return effects[of_example]
