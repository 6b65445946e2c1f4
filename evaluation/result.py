"""Results: what studies and evaluations say of a family, calibrated by what inner predictions taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from evaluation.dataset import Dataset
from evaluation.evaluate import FoldPredictions, plan_evaluations, read_predictions_of
from evaluation.folds import HALVES
from metrics.calibration import apply_temperature, fit_temperature
from metrics.scores import uar
from models import Config, Family
from search.study import StudyPlan, best_trial, ended_trials, open_study

ByFold = Mapping[int, FoldPredictions]
QUICK_LOOK_TRIALS = 5
"""A run of no more trials shows how things work: its champions get nothing that costs a multiple of the time."""


@dataclass(frozen=True, eq=False)
class Tuned:
    """What a family's two studies found.

    Attributes
    ----------
    family : Family
        What was tuned.
    configs : mapping of str to Config
        Best configuration by half, with what a champion has more of.
    tuning_uar : mapping of str to float
        Its score inside that half; empty for a family with nothing to tune.
    trials : mapping of str to sequence of FrozenTrial
        Every trial that counts, by half.
    """

    family: Family
    configs: Mapping[str, Config]
    tuning_uar: Mapping[str, float]
    trials: Mapping[str, Sequence[FrozenTrial]]

    @property
    def shipped_half(self) -> str:
        """The half whose study scored higher; its configuration is the champion's."""
        return max(self.configs, key=lambda half: self.tuning_uar.get(half, 0.0))

    @property
    def shipped(self) -> Config:
        """The champion's configuration."""
        return self.configs[self.shipped_half]


@dataclass(frozen=True, eq=False)
class Result:
    """What a family showed.

    Attributes
    ----------
    tuned : Tuned
        What its studies found.
    by_split : mapping of str to mapping of int to FoldPredictions
        By purpose and fold, calibrated.
    temperature : float
        The champion's; the ensemble has its weights instead.
    abstention_threshold : float or None
        Confidence below which an answer is more likely wrong than not, learnt on all inner predictions.
    """

    tuned: Tuned
    by_split: Mapping[str, ByFold]
    temperature: float
    abstention_threshold: float | None

    @property
    def family(self) -> Family:
        """Whose result this is."""
        return self.tuned.family


def collect(plans: Sequence[StudyPlan], family: Family, dataset: Dataset, folder: Path) -> Tuned:
    """Return what the studies of a family found."""
    if not family.is_tuned:
        return Tuned(family, dict.fromkeys(HALVES, family.defaults), {}, {})
    studies = {plan.half: open_study(plan, dataset, folder) for plan in plans}
    best = {half: best_trial(study) for half, study in studies.items()}
    more = {} if max(plan.n_trials for plan in plans) <= QUICK_LOOK_TRIALS else family.champion_overrides
    return Tuned(
        family,
        {half: {**trial.user_attrs["config"], **more} for half, trial in best.items()},
        {half: float(trial.value or 0.0) for half, trial in best.items()},
        {half: ended_trials(study) for half, study in studies.items()},
    )


def read_result(tuned: Tuned, dataset: Dataset, folder: Path, *, seed: int) -> Result:
    """Return a family's evaluations, calibrated.

    What is tested on a fold takes the temperature of that fold's own inner predictions; what nobody tests, that of all inner
    predictions with the configuration that is shipped.
    """
    by_split: dict[str, dict[int, FoldPredictions]] = {}
    for plan in plan_evaluations(tuned.family, tuned.configs, tuned.shipped, dataset, seed=seed):
        if plan.purpose != "champion":
            by_split.setdefault(plan.purpose, {})[plan.fold] = read_predictions_of(plan, folder)
    if not tuned.family.is_tuned:
        return Result(tuned, by_split, 1.0, None)
    inner = by_split["inner"]
    of_fold = {fold: fit_temperature(*together(inner, [fold], dataset)) for fold in inner}
    shipped = fit_temperature(*together(inner, folds_tuned_by(tuned.shipped_half, dataset), dataset))
    calibrated = {
        purpose: {
            fold: calibrate(predictions, shipped if purpose == "random_split" else of_fold[fold])
            for fold, one in by_fold.items()
        }
        for purpose, by_fold in by_split.items()
    }
    return Result(tuned, calibrated, shipped, choose_threshold(*together(calibrated["inner"], list(inner), dataset)))


def folds_tuned_by(half: str, dataset: Dataset) -> list[int]:
    """Return the folds on which a half's best configuration is tested."""
    return [fold for fold in range(len(dataset.folds.test_speakers)) if dataset.folds.tuning_half_for(fold) == half]


def calibrate(predictions: FoldPredictions, temperature: float) -> FoldPredictions:
    """Return an evaluation with its probabilities at a temperature."""
    perturbed = {
        name: np.stack([apply_temperature(one, temperature) for one in variants]) for name, variants in predictions.perturbed.items()
    }
    return FoldPredictions(
        predictions.rows, apply_temperature(predictions.probabilities, temperature), perturbed, predictions.fit_seconds
    )


def together(by_split: ByFold, folds: Sequence[int], dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the probabilities (n, n_emotions) and true emotions (n,) of some folds, one after another."""
    probabilities = np.concatenate([by_split[fold].probabilities for fold in folds])
    return probabilities, np.concatenate([dataset.targets[by_split[fold].rows] for fold in folds])


def inner_uar(by_split: ByFold, half: str, dataset: Dataset) -> float:
    """Return the mean UAR of the inner predictions of a half's speakers."""
    tested = [by_split[fold] for fold in folds_tuned_by(half, dataset)]
    return float(np.mean([uar(dataset.targets[predictions.rows], predictions.probabilities) for predictions in tested]))


def choose_threshold(probabilities: NDArray[np.float64], targets: NDArray[np.intp]) -> float:
    """Return the confidence that tells right from wrong answers best (Youden 1950, Cancer 3).

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
