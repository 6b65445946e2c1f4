"""The leaderboard's rows for each corpus and each language, where a run has several.

A subset is scored on the emotions that its clips have: the probabilities of other emotions are set aside, since whoever uses a
model on such recordings knows which emotions to expect.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from leaderboard.table import SUBSET, build_leaderboard
from metrics.predictions import PROBABILITY_PREFIX, SUBSET_KEYS, emotions_in
from metrics.scores import among


def subset_rows(predictions: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return a row for each family and subset of the clips; empty if all clips are of one corpus and language.

    Parameters
    ----------
    predictions : DataFrame
        Out-of-fold predictions with the columns ``corpus`` and ``language`` (:mod:`metrics.predictions`).
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    DataFrame
        Columns of the leaderboard, and ``subset`` such as ``corpus emodb`` or ``language de``. Ranks are within a subset.
    """
    boards = []
    for key in SUBSET_KEYS:
        values = sorted(set(predictions[key])) if key in predictions else []
        for value in values if len(values) > 1 else []:
            rows = among_its_emotions(predictions[predictions[key] == value])
            if len(emotions_in(rows)) > 1:
                boards.append(build_leaderboard(rows, {}, seed=seed).assign(**{SUBSET: f"{key} {value}"}))
    return pd.concat(boards, ignore_index=True) if boards else pd.DataFrame()


def among_its_emotions(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with the probabilities of those emotions only that some clip has, summing to 1 again.

    Where none of them had any probability, all get the same.
    """
    emotions, true = emotions_in(predictions), set(predictions["emotion"])
    present = [k for k, emotion in enumerate(emotions) if emotion in true]
    names = [f"{PROBABILITY_PREFIX}{emotion}" for emotion in emotions]
    shares = among(predictions[names].to_numpy(np.float64), present)
    kept = {names[k]: column for k, column in zip(present, shares.T, strict=True)}
    return predictions.drop(columns=[name for name in names if name not in kept]).assign(**kept)
