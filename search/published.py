"""A family as a run's folder shows it: its row, its tables and its model, measured by this command or kept from an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from evaluation.adaptation_fit import adaptations_of
from evaluation.dataset import Dataset
from evaluation.held_out import time_predictions_ms
from evaluation.result import Result
from leaderboard.adapted import adaptation_table, adapted_scores
from leaderboard.robust import robust_scores, robustness_table
from leaderboard.table import FACTS
from models import FAMILIES
from runs.champions import load_champion
from runs.layout import RunFolder
from search.entry import KeptFamily
from search.fitted import Fitted
from search.rows import family_facts, family_predictions

TIME = "predict_ms_per_clip"


@dataclass(frozen=True, eq=False)
class PublishedFamily:
    """What a run's folder says of one family.

    Attributes
    ----------
    key : str
        Which.
    facts : mapping
        The columns of its row that its predictions do not hold.
    predictions, adapted, robust : DataFrame
        Its rows of ``predictions.csv``, ``adaptation.csv`` and ``robustness.csv``.
    result : Result or None
        What its models showed; None for a kept family whose evaluations are no longer here.
    fitted : Fitted or None
        Its champion; that of a kept family is read when an ensemble needs it.
    adaptations : mapping or None
        What it has learnt of speakers, as the manifest holds it.
    is_kept : bool
        Whether an earlier command finished it.
    """

    key: str
    facts: Mapping[str, Any]
    predictions: pd.DataFrame
    adapted: pd.DataFrame
    robust: pd.DataFrame
    result: Result | None
    fitted: Fitted | None = None
    adaptations: Mapping[str, Any] | None = None
    is_kept: bool = False

    @property
    def is_ensemble(self) -> bool:
        """Whether it pools other families."""
        return self.fitted is not None and bool(self.fitted.members)

    @property
    def is_timed(self) -> bool:
        """Whether the time of a prediction was measured."""
        return not np.isnan(self.facts.get(TIME, np.nan))


def kept(family: KeptFamily, result: Result | None) -> PublishedFamily:
    """Return a family of an earlier command, as recorded."""
    facts = {name: value for name in FACTS if name in family.row and not pd.isna(value := family.row[name])}
    return PublishedFamily(family.key, facts, family.predictions, family.adapted, family.robust, result, is_kept=True)


def measured(fitted: Fitted, dataset: Dataset, *, seed: int) -> PublishedFamily:
    """Return a family of this command, before it has learnt to adapt."""
    robust = robustness_table(fitted.result, dataset, seed=seed)
    facts = {**family_facts(fitted, dataset, seed=seed), **robust_scores(robust)}
    predictions = family_predictions(fitted.result, dataset)
    return PublishedFamily(fitted.family.key, facts, predictions, pd.DataFrame(), robust, fitted.result, fitted)


def adapted(family: PublishedFamily, dataset: Dataset, *, seed: int) -> PublishedFamily:
    """Return a family that has learnt how to adapt to a speaker, with what that gives; the same one where it cannot learn."""
    assert family.result is not None
    adaptations = adaptations_of(family.result, dataset)
    if adaptations is None:
        return family
    table = adaptation_table(family.predictions, adaptations, seed=seed)
    return replace(family, adapted=table, adaptations=adaptations.to_json(), facts={**family.facts, **adapted_scores(table)})


def timed(family: PublishedFamily, dataset: Dataset, run: RunFolder) -> PublishedFamily:
    """Return a family with the time that its champion takes for a clip; nothing else should run meanwhile."""
    model = family.fitted.model if family.fitted else load_champion(run.champion(family.key)).model
    milliseconds = time_predictions_ms(FAMILIES[family.key], model, dataset)
    fitted = replace(family.fitted, predict_ms_per_clip=milliseconds) if family.fitted else None
    return replace(family, fitted=fitted, facts={**family.facts, TIME: round(milliseconds, 2)})


def with_champion(family: PublishedFamily, run: RunFolder) -> PublishedFamily:
    """Return a kept family with its champion as the run's folder holds it."""
    assert family.result is not None
    model = load_champion(run.champion(family.key)).model
    milliseconds = float(family.facts.get(TIME, np.nan))
    return replace(family, fitted=Fitted(family.result, model, (), milliseconds, float(family.facts["model_mb"])))
