"""Evaluations: the best configurations tested on speakers that neither tuning nor training used, and the last fit."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.dataset import Dataset, Rows, derive_seed, require_held_out
from evaluation.jobs import Budget, ChampionJob, EvaluationJob, Split, parts_of, split_of
from evaluation.robustness import perturbed_predictions
from features import INPUT_KINDS, Analysis
from models import FAMILIES, Family, Model

N_TIMED_CLIPS = 15


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
        The same for perturbed test clips, by the names of :data:`evaluation.robustness.SUITE`; empty where not asked for.
    fit_seconds : float
        Time of the fits, examples at hand.
    inner : FoldPredictions or None
        What the same job predicted of some training speakers, by models that did not learn from them.
    training : FoldPredictions or None
        What the tested model predicts of the clips that it learnt from, which teaches what it usually says; None where not asked for.
    """

    rows: Rows
    probabilities: NDArray[np.float64]
    perturbed: Mapping[str, NDArray[np.float64]]
    fit_seconds: float
    inner: FoldPredictions | None = None
    training: FoldPredictions | None = None


def evaluate(job: EvaluationJob, dataset: Dataset) -> FoldPredictions:
    """Fit the models of a job and return what they predict.

    Raises
    ------
    ProtocolError
        If a training example is a test clip or a copy of one.
    """
    family = FAMILIES[job.family]
    kind = INPUT_KINDS[family.input_kind]
    training, test = split_of(job, dataset)
    examples = dataset.examples(kind, training, job.config)
    require_held_out(examples, test)
    parts = parts_of(job, dataset)
    seed = derive_seed(job.seed, job.family, job.fold)

    def perturbed(model: Model) -> dict[str, NDArray[np.float64]]:
        is_asked = job.budget is Budget.FULL and job.split in (Split.HELD_OUT, Split.NO_AUGMENTATION)
        return perturbed_predictions(model, kind, training, test, dataset, fold=job.fold) if is_asked else {}

    started = time.monotonic()
    if job.split is not Split.HELD_OUT:
        model = family.fit(examples, job.config, seed=seed, parts=speakers_of(parts, dataset))
        fit_seconds = time.monotonic() - started
        return FoldPredictions(test, model.predict(dataset.inputs(kind, test)), perturbed(model), fit_seconds)
    bag = family.fit_bag(examples, job.config, seed=seed, parts=speakers_of(parts, dataset))
    fit_seconds = time.monotonic() - started
    inner = [model.predict(dataset.inputs(kind, part)) for model, part in zip(bag.without, parts, strict=True)]
    of_training = None
    if job.budget is Budget.FULL:  # a quick look learns nothing from it
        of_training = FoldPredictions(training, bag.model.predict(dataset.inputs(kind, training)), {}, 0.0)
    return FoldPredictions(
        test,
        bag.model.predict(dataset.inputs(kind, test)),
        perturbed(bag.model),
        fit_seconds,
        inner=FoldPredictions(np.concatenate(parts), np.concatenate(inner), {}, 0.0),
        training=of_training,
    )


def speakers_of(parts: Sequence[Rows], dataset: Dataset) -> list[frozenset[str]]:
    """Return the speakers of each part."""
    return [frozenset(dataset.speakers[part].tolist()) for part in parts]


def fit_champion(job: ChampionJob, dataset: Dataset) -> Model:
    """Return a model fitted to all speakers."""
    family = FAMILIES[job.family]
    examples = dataset.examples(INPUT_KINDS[family.input_kind], dataset.all_rows(), job.config)
    parts = speakers_of(parts_of(job, dataset), dataset)
    return family.fit(examples, job.config, seed=derive_seed(job.seed, job.family, "champion"), parts=parts)


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
