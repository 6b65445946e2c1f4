"""Cross-corpus table: each family trained on one corpus and tested on each other one, for the emotions that both have.

The models have the defaults of their family, because a tuned configuration would have seen the corpora that are tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboard.reading import read_whole
from leaderboard.table import DECIMALS
from metrics.intervals import speaker_intervals
from metrics.scores import among, confusion_by, uar_of

COLUMNS = ("trained_on", "tested_on", "family", "n_clips", "n_speakers", "emotions", "uar", "uar_ci_low", "uar_ci_high")
FEWEST_EMOTIONS = 2


def cross_corpus_row(
    probabilities: NDArray[np.float64],
    targets: NDArray[np.intp],
    speakers: Sequence[str] | NDArray[np.str_],
    *,
    emotions: Sequence[str],
    names: tuple[str, str, str],
    seed: int,
) -> dict[str, object] | None:
    """Return one row of the table; None if the corpora have fewer than two emotions in common.

    Parameters
    ----------
    probabilities : ndarray [shape=(n_clips, n_emotions)]
        Of the clips of the tested corpus whose emotions the trained corpus has.
    targets : ndarray of int [shape=(n_clips,)]
        Their emotions.
    speakers : sequence of str [length n_clips]
        Their speakers.
    emotions : sequence of str
        Names, in the order of the probabilities.
    names : (str, str, str)
        The corpus trained on, the corpus tested on, and the family.
    seed : int
        Seed of the bootstrap over speakers.
    """
    common = np.unique(targets)
    if len(common) < FEWEST_EMOTIONS:
        return None
    found, counts = confusion_by(speakers, np.searchsorted(common, targets), among(probabilities, common))
    low, high = speaker_intervals(counts, seed=seed)["uar"]
    figures = [round(float(value), DECIMALS) for value in (uar_of(counts.sum(axis=0)), low, high)]
    return dict(zip(COLUMNS, (*names, len(targets), len(found), ", ".join(emotions[k] for k in common), *figures), strict=True))


def read_cross_corpus(path: Path) -> pd.DataFrame:
    """Read ``cross_corpus.csv``.

    Raises
    ------
    PredictionsError
        If it is missing or damaged.
    """
    return read_whole(path, keys=("trained_on", "tested_on", "family"), fractions=("uar",))


def grid(table: pd.DataFrame, *, family: str) -> pd.DataFrame:
    """Return a family's UAR with the corpora trained on in rows and those tested on in columns; NaN where nothing was tested."""
    of_family = table[table["family"] == family]
    corpora = list(dict.fromkeys([*table["trained_on"], *table["tested_on"]]))
    return of_family.pivot(index="trained_on", columns="tested_on", values="uar").reindex(index=corpora, columns=corpora)
