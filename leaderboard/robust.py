"""What every family is worth through the test suite, perturbation by perturbation (:data:`evaluation.robustness.SUITE`).

Conventions
-----------
A row is a family and a perturbation; the perturbation ``all`` is the mean over the suite, the leaderboard's ``uar_robust``. ``uar``
is of the perturbed test clips, ``uar_clean`` of the same clips as they are, ``change`` the difference, paired over speakers. All are
fractions with a 95 % interval over speakers. The predictions of perturbed clips are not in ``predictions.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.dataset import Dataset
from evaluation.jobs import Split
from evaluation.result import ByFold, Result
from evaluation.robustness import SUITE
from evaluation.robustness import WORDS as SUITE_WORDS
from leaderboard.reading import read_whole
from leaderboard.table import DECIMALS
from metrics.intervals import mean_uar_interval
from metrics.scores import confusion_by, uar_of

ALL = "all"
COLUMNS = (
    *("family", "perturbation", "uar_clean", "uar", "uar_ci_low", "uar_ci_high"),
    *("change", "change_ci_low", "change_ci_high"),
)
OWN_COLUMNS = ("noise", "pitch")
"""Perturbations with a column of their own in the leaderboard."""
Counts = NDArray[np.integer]


def robustness_table(result: Result, dataset: Dataset, *, seed: int) -> pd.DataFrame:
    """Return a row for each perturbation that a family was tested through, and one for all; none if it was not.

    Parameters
    ----------
    result : Result
        What the family showed.
    dataset : Dataset
        The clips and folds.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        The columns :data:`COLUMNS`. The row of all perturbations is absent where one of them could not be made.
    """
    held_out = result.predictions[Split.HELD_OUT]
    by_name, clean = perturbed_counts(held_out, dataset), _counts(held_out, None, dataset)[np.newaxis]
    named = {name: counts[np.newaxis] for name, counts in by_name.items()}
    if len(named) == len(SUITE):
        named[ALL] = np.stack(list(by_name.values()))
    rows = []
    for name, counts in named.items():
        uar, none = _mean_uar(counts), _mean_uar(clean)
        interval = mean_uar_interval(counts, seed=seed)
        change = mean_uar_interval(counts, clean, seed=seed)
        figures = (none, uar, *interval, uar - none, *change)
        rows.append((result.family.key, name, *(round(value, DECIMALS) for value in figures)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def robust_scores(table: pd.DataFrame) -> dict[str, float]:
    """Return the leaderboard's columns of one family's :func:`robustness_table`; what was not measured is absent."""
    rows = table.set_index("perturbation")
    whole = {f"uar_robust{end}": float(str(rows.loc[ALL, f"uar{end}"])) for end in ("", "_ci_low", "_ci_high") if ALL in rows.index}
    return {**{f"uar_{name}": float(str(rows.loc[name, "uar"])) for name in OWN_COLUMNS if name in rows.index}, **whole}


def robust_gain(result: Result, dataset: Dataset, *, seed: int) -> dict[str, float]:
    """Return what augmentation gave to the mean over the suite, with its interval, paired; nothing where that was not measured."""
    if Split.NO_AUGMENTATION not in result.predictions:
        return {}
    both = [
        perturbed_counts(by_fold, dataset) for by_fold in (result.predictions[Split.HELD_OUT], result.audit(Split.NO_AUGMENTATION))
    ]
    if any(len(by_name) < len(SUITE) for by_name in both):
        return {}
    with_it, without = (np.stack([by_name[name] for name in SUITE]) for by_name in both)
    low, high = mean_uar_interval(with_it, without, seed=seed)
    name = "augmentation_gain_robust"
    return {name: _mean_uar(with_it) - _mean_uar(without), f"{name}_ci_low": low, f"{name}_ci_high": high}


def perturbed_counts(by_fold: ByFold, dataset: Dataset) -> Mapping[str, Counts]:
    """Return each speaker's confusion matrix through each perturbation that every fold has, variants of one taken together."""
    names = [name for name in SUITE if by_fold and all(name in one.perturbed for one in by_fold.values())]
    return {name: _counts(by_fold, name, dataset) for name in names}


def read_robustness(path: Path) -> pd.DataFrame:
    """Read ``robustness.csv``; empty where there is none, as in quick looks and results made before it.

    Raises
    ------
    PredictionsError
        If it is damaged.
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    return read_whole(path, keys=("family", "perturbation"), fractions=("uar",))


def suite(table: pd.DataFrame, families: Sequence[str]) -> pd.DataFrame:
    """Return UAR by family (row, in the order given) and perturbation (column, in words); families that were not tested are absent.

    Parameters
    ----------
    table : DataFrame
        Rows of ``robustness.csv``.
    families : sequence of str
        Keys of the families to show.
    """
    uar = table.pivot(index="family", columns="perturbation", values="uar").reindex(list(families)).dropna(how="all")
    names = {ALL: "mean", **SUITE_WORDS}
    return uar[[name for name in names if name in uar]].rename(columns=names)


def _counts(by_fold: ByFold, name: str | None, dataset: Dataset) -> Counts:
    rows, probabilities = [], []
    for one in by_fold.values():
        for predicted in [one.probabilities] if name is None else one.perturbed[name]:
            rows.append(one.rows)
            probabilities.append(predicted)
    clips = np.concatenate(rows)
    return confusion_by(pd.Series(dataset.speakers[clips]), dataset.targets[clips], np.concatenate(probabilities))[1]


def _mean_uar(counts: Counts) -> float:
    return float(np.mean([uar_of(one.sum(axis=0)) for one in counts]))
