"""Results: what the studies and evaluations of a family showed, calibrated by its inner predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.dataset import Dataset
from evaluation.folds import HALVES
from evaluation.held_out import FoldPredictions
from evaluation.jobs import Budget, Split
from metrics.abstention import choose_threshold
from metrics.calibration import apply_temperature, fit_temperature
from metrics.scores import uar
from models import Config, Family

ByFold = Mapping[int, FoldPredictions]


@dataclass(frozen=True)
class TrialRecord:
    """A trial that ended, as the report shows it.

    Attributes
    ----------
    number : int
        In its study, from 0.
    state : str
        ``COMPLETE``, ``PRUNED`` or ``FAIL``.
    value : float or None
        Its inner score.
    seconds : float
        How long it took, with the features that it was the first to need.
    params : mapping
        What was drawn.
    error : str
        Why it failed.
    feature_seconds : float
        How much of the time went into features.
    """

    number: int
    state: str
    value: float | None
    seconds: float
    params: Mapping[str, Any]
    error: str = ""
    feature_seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Tuned:
    """What the two studies of a family found.

    Attributes
    ----------
    family : Family
        What was tuned.
    configs : mapping of str to Config
        Best configuration by half.
    tuning_uar : mapping of str to float
        Its score inside that half; empty for a family with nothing to tune.
    trials : mapping of str to sequence of TrialRecord
        Every trial that counts, by half.
    budget : Budget
        What the evaluations may cost.
    """

    family: Family
    configs: Mapping[str, Config]
    tuning_uar: Mapping[str, float]
    trials: Mapping[str, Sequence[TrialRecord]]
    budget: Budget = Budget.FULL

    @property
    def shipped_half(self) -> str:
        """The half whose study scored higher; its configuration is the champion's."""
        return max(self.configs, key=lambda half: self.tuning_uar.get(half, 0.0))

    @property
    def shipped(self) -> Config:
        """The champion's configuration."""
        return self.configs[self.shipped_half]


def untuned(family: Family, *, budget: Budget) -> Tuned:
    """Return what stands for the studies of a family that has nothing to tune: its defaults in both halves."""
    return Tuned(family, dict.fromkeys(HALVES, family.defaults), {}, {}, budget)


@dataclass(frozen=True, eq=False)
class Result:
    """What a family showed.

    Attributes
    ----------
    tuned : Tuned
        What its studies found.
    predictions : mapping of Split to mapping of int to FoldPredictions
        By split and fold, calibrated. A split that the budget left out is absent.
    temperature : float
        The champion's; an ensemble has its weights instead.
    abstention_threshold : float or None
        Confidence that separates right from wrong inner predictions best (:func:`metrics.abstention.choose_threshold`).
    """

    tuned: Tuned
    predictions: Mapping[Split, ByFold]
    temperature: float = 1.0
    abstention_threshold: float | None = None

    @property
    def family(self) -> Family:
        """Whose result this is."""
        return self.tuned.family

    def audit(self, split: Split) -> ByFold:
        """Return an audit's predictions of every fold; where the audit would fit the same configuration, the held-out ones."""
        audit: ByFold = self.predictions.get(split, {})
        return {fold: audit.get(fold) or held_out for fold, held_out in self.predictions[Split.HELD_OUT].items()}


def calibrated_result(tuned: Tuned, predictions: Mapping[Split, ByFold], dataset: Dataset) -> Result:
    """Return the result of a family, its predictions calibrated.

    What is tested on a fold takes the temperature of that fold's own inner predictions; what nobody tests, that of all inner
    predictions with the configuration that is shipped.

    Parameters
    ----------
    tuned : Tuned
        What its studies found.
    predictions : mapping of Split to mapping of int to FoldPredictions
        As the models gave them.
    dataset : Dataset
        The clips and folds.
    """
    if not tuned.family.is_tuned:
        return Result(tuned, predictions)
    inner = {fold: one.inner for fold, one in predictions[Split.HELD_OUT].items() if one.inner is not None}
    predictions = {**predictions, Split.INNER: inner}
    of_fold = {fold: fit_temperature(*together(inner, [fold], dataset)) for fold in inner}
    shipped = fit_temperature(*together(inner, folds_tuned_by(tuned.shipped_half, dataset), dataset))
    calibrated: dict[Split, ByFold] = {
        split: {fold: scale(one, shipped if split is Split.RANDOM else of_fold[fold]) for fold, one in by_fold.items()}
        if split is not Split.OTHER_CORPORA  # a temperature would have seen the corpora that a model of one corpus is tested on
        else by_fold
        for split, by_fold in predictions.items()
    }
    threshold = choose_threshold(*together(calibrated[Split.INNER], list(inner), dataset))
    return Result(tuned, calibrated, shipped, threshold)


def folds_tuned_by(half: str, dataset: Dataset) -> list[int]:
    """Return the folds on which a half's best configuration is tested."""
    return [fold for fold in range(dataset.n_folds) if dataset.folds.tuning_half_for(fold) == half]


def scale(predictions: FoldPredictions, temperature: float) -> FoldPredictions:
    """Return predictions at a temperature."""
    perturbed = {
        name: np.stack([apply_temperature(one, temperature) for one in variants]) for name, variants in predictions.perturbed.items()
    }
    probabilities = apply_temperature(predictions.probabilities, temperature)
    training = predictions.training and scale(predictions.training, temperature)
    return FoldPredictions(predictions.rows, probabilities, perturbed, predictions.fit_seconds, training=training)


def together(by_fold: ByFold, folds: Sequence[int], dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the probabilities (n, n_emotions) and true emotions (n,) of some folds, one after another."""
    probabilities = np.concatenate([by_fold[fold].probabilities for fold in folds])
    return probabilities, np.concatenate([dataset.targets[by_fold[fold].rows] for fold in folds])


def inner_uar(inner: ByFold, half: str, dataset: Dataset) -> float:
    """Return the mean UAR of the inner predictions of a half's speakers."""
    tested = [inner[fold] for fold in folds_tuned_by(half, dataset)]
    return float(np.mean([uar(dataset.targets[one.rows], one.probabilities) for one in tested]))
