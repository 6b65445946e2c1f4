"""Evaluations: the best configurations tested on speakers that neither tuning nor training used, and the last fit."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augment import ORIGINAL, Variant
from evaluation.dataset import Dataset, Rows, derive_seed, require_held_out
from evaluation.jobs import Budget, ChampionJob, EvaluationJob, Split, splits_of
from features import INPUT_KINDS, Analysis
from models import FAMILIES, Family, Model

N_TIMED_CLIPS = 15
PERTURBATIONS: Mapping[str, tuple[Variant, ...]] = {
    "noise": (Variant("noise", "fixed", 0, (("colour", "pink"), ("snr_db", 10.0), ("seed", 10))),),
    "pitch": tuple(Variant("pitch", "fixed", 0, (("semitones", semitones),)) for semitones in (-2.0, 2.0)),
}
"""Perturbations of the test clips, by the column ``uar_<name>`` that reports them."""


@dataclass(frozen=True, eq=False)
class FoldPredictions:
    """What the models of one job predicted.

    Attributes
    ----------
    rows : ndarray of int [shape=(n,)]
        The test clips.
    probabilities : ndarray [shape=(n, n_emotions)]
        As the model gave them, or calibrated.
    perturbed : mapping of str to ndarray [shape=(n_variants, n, n_emotions)]
        The same for perturbed test clips, by the keys of :data:`PERTURBATIONS`; empty where not asked for.
    fit_seconds : float
        Time of the fits, examples at hand.
    """

    rows: Rows
    probabilities: NDArray[np.float64]
    perturbed: Mapping[str, NDArray[np.float64]]
    fit_seconds: float


def evaluate(job: EvaluationJob, dataset: Dataset) -> FoldPredictions:
    """Fit the models of a job and return what they predict.

    Raises
    ------
    ProtocolError
        If a training example is a test clip or a copy of one.
    """
    family = FAMILIES[job.family]
    kind = INPUT_KINDS[family.input_kind]
    fit_seconds, rows, probabilities = 0.0, [], []
    perturbed: dict[str, NDArray[np.float64]] = {}
    for training, test in splits_of(job, dataset):
        examples = dataset.examples(kind, training, job.config)
        require_held_out(examples, test)
        started = time.monotonic()
        model = family.fit(examples, job.config, seed=derive_seed(job.seed, job.family, job.fold))
        fit_seconds += time.monotonic() - started
        rows.append(test)
        probabilities.append(model.predict(dataset.inputs(kind, test)))
        if job.split is Split.HELD_OUT and job.budget is Budget.FULL:
            perturbed = {
                name: np.stack([model.predict(dataset.inputs(kind, test, variant)) for variant in variants])
                for name, variants in PERTURBATIONS.items()
            }
    return FoldPredictions(np.concatenate(rows), np.concatenate(probabilities), perturbed, fit_seconds)


def fit_champion(job: ChampionJob, dataset: Dataset) -> Model:
    """Return a model fitted to all speakers."""
    family = FAMILIES[job.family]
    examples = dataset.examples(INPUT_KINDS[family.input_kind], np.arange(len(dataset.clips)), job.config)
    return family.fit(examples, job.config, seed=derive_seed(job.seed, job.family, "champion"))


def time_predictions_ms(family: Family, model: Model, dataset: Dataset) -> float:
    """Return the median time from the samples of one clip to its probabilities, warm, in milliseconds."""
    kind = INPUT_KINDS[family.input_kind]

    def predict(row: int) -> float:
        started = time.perf_counter()
        model.predict([kind.extract(Analysis(dataset.clips[row].samples))])
        return 1000 * (time.perf_counter() - started)

    rows = np.linspace(0, len(dataset.clips) - 1, N_TIMED_CLIPS).astype(int)
    predict(int(rows[0]))
    return statistics.median(predict(int(row)) for row in rows)


def variants_to_test(budget: Budget) -> tuple[Variant, ...]:
    """Return every variant of the test clips that is predicted."""
    if budget is Budget.QUICK:
        return (ORIGINAL,)
    return (ORIGINAL, *(variant for variants in PERTURBATIONS.values() for variant in variants))
