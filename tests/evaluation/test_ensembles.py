"""Ensembles learn their weights from inner predictions, and from nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.dataset import Dataset
from evaluation.ensembles import ensembles_of, fit_pool, pool_members
from evaluation.folds import HALVES
from evaluation.held_out import FoldPredictions
from evaluation.jobs import Budget, Split
from evaluation.result import Result, Tuned
from models import FAMILIES

ENSEMBLE, SCRATCH = FAMILIES["ensemble"], FAMILIES["ensemble_scratch"]
N_RANDOM_FOLDS = 4


def made_up_predictions(dataset: Dataset, rows: np.ndarray, *, skill: float, rng: np.random.Generator) -> FoldPredictions:
    logits = rng.normal(size=(len(rows), len(dataset.emotions)))
    logits[np.arange(len(rows)), dataset.targets[rows]] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return FoldPredictions(rows, probabilities, {"noise": probabilities[None]}, 1.0)


def made_up_result(key: str, dataset: Dataset, *, skill: float, seed: int) -> Result:
    rng = np.random.default_rng(seed)
    folds = range(len(dataset.folds.test_speakers))
    by_split = {Split.HELD_OUT: {fold: made_up_predictions(dataset, dataset.rows_in([fold]), skill=skill, rng=rng) for fold in folds}}
    tuned_on = {fold: dataset.rows_in(dataset.folds.in_half(dataset.folds.tuning_half_for(fold))) for fold in folds}
    by_split[Split.INNER] = {fold: made_up_predictions(dataset, rows, skill=skill, rng=rng) for fold, rows in tuned_on.items()}
    parts = np.array_split(rng.permutation(len(dataset.clips)), N_RANDOM_FOLDS)
    by_split[Split.RANDOM] = {fold: made_up_predictions(dataset, rows, skill=skill, rng=rng) for fold, rows in enumerate(parts)}
    for fold in folds:
        training, _ = dataset.split(test_fold=fold)
        of_training = made_up_predictions(dataset, training, skill=skill, rng=rng)
        by_split[Split.HELD_OUT][fold] = replace(by_split[Split.HELD_OUT][fold], training=of_training)
    # The audit's clips are the same for every family.
    family = FAMILIES[key]
    return Result(Tuned(family, dict.fromkeys(HALVES, family.defaults), {"A": 0.5, "B": 0.5}, {}), by_split, 1.0, 0.5)


@pytest.fixture
def results(dataset):
    return [made_up_result(key, dataset, skill=skill, seed=k) for k, (key, skill) in enumerate([("linear", 3.0), ("xgboost", 0.0)])]


def keys_of(found):
    return {family.key: [member.family.key for member in members] for family, members in found}


def test_an_ensemble_holds_every_tuned_family_and_one_without_the_pretrained(dataset, results):
    dummy, whisper = (made_up_result(key, dataset, skill=1.0, seed=9) for key in ("dummy", "whisper"))
    assert keys_of(ensembles_of([dummy, *results, whisper])) == {
        "ensemble": ["linear", "xgboost", "whisper"],
        "ensemble_scratch": ["linear", "xgboost"],
    }


def test_two_ensembles_of_the_same_members_are_one(results):
    assert keys_of(ensembles_of(results)) == {"ensemble": ["linear", "xgboost"]}


def test_members_were_evaluated_with_one_budget_the_full_one_where_two_were(results):
    linear, xgboost = results
    quick = [replace(one, tuned=replace(one.tuned, budget=Budget.QUICK)) for one in (linear, xgboost)]
    forest = replace(linear, tuned=replace(quick[0].tuned, family=FAMILIES["random_forest"]))
    assert keys_of(ensembles_of([linear, xgboost, forest])) == {"ensemble": ["linear", "xgboost"]}
    assert keys_of(ensembles_of([linear, quick[1], forest])) == {"ensemble": ["xgboost", "random_forest"]}
    assert ensembles_of([linear, quick[1]]) == []


def test_one_family_is_no_ensemble(results):
    assert ensembles_of(results[:1]) == []


def test_a_member_that_knows_nothing_has_no_weight(dataset, results):
    weights = fit_pool(ENSEMBLE, results, range(6), dataset, seed=0).weights
    assert weights[0] > 0.6
    assert weights[1] == pytest.approx(0, abs=0.15)


def test_the_weights_for_a_fold_come_from_its_own_inner_predictions_alone(dataset, results):
    """Spoiling the inner predictions of one fold changes what is tested on that fold, and nothing else."""
    plain = pool_members(ENSEMBLE, results, dataset, seed=0)
    inner = dict(results[0].predictions[Split.INNER])
    inner[2] = replace(inner[2], probabilities=inner[2].probabilities[::-1])
    changed = pool_members(
        ENSEMBLE, [replace(results[0], predictions={**results[0].predictions, Split.INNER: inner}), results[1]], dataset, seed=0
    )
    for fold, predictions in plain.predictions[Split.HELD_OUT].items():
        is_same = np.allclose(predictions.probabilities, changed.predictions[Split.HELD_OUT][fold].probabilities)
        assert is_same == (fold != 2)


def test_the_predictions_for_a_fold_itself_teach_nothing(dataset, results):
    """The weights are the same whatever the members predict for the test clips."""
    other = {
        fold: replace(predictions, probabilities=predictions.probabilities[:, ::-1])
        for fold, predictions in results[0].predictions[Split.HELD_OUT].items()
    }
    changed = [replace(results[0], predictions={**results[0].predictions, Split.HELD_OUT: other}), results[1]]
    for fold in range(6):
        first, second = (fit_pool(ENSEMBLE, some, [fold], dataset, seed=0).weights for some in (results, changed))
        np.testing.assert_array_equal(first, second)


def test_a_pool_of_unlike_members_beats_each(larger_dataset):
    results = [made_up_result(key, larger_dataset, skill=1.5, seed=k) for k, key in enumerate(("linear", "xgboost", "random_forest"))]
    pooled = pool_members(SCRATCH, results, larger_dataset, seed=0)

    def accuracy(result):
        return np.mean(
            [
                (predictions.probabilities.argmax(1) == larger_dataset.targets[predictions.rows]).mean()
                for predictions in result.predictions[Split.HELD_OUT].values()
            ]
        )

    assert accuracy(pooled) > max(map(accuracy, results))
