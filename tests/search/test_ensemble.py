"""Ensembles learn their weights from inner predictions, and from nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from audio.folds import HALVES
from models import get_family
from search.ensemble import blend, ensembles_of, fit_pool
from search.examine import Exam
from search.material import Material
from search.result import Result, Tuned

ENSEMBLE, SCRATCH = get_family("ensemble"), get_family("ensemble_scratch")
N_RANDOM_FOLDS = 4


def made_up_exam(material: Material, rows: np.ndarray, *, skill: float, rng: np.random.Generator) -> Exam:
    logits = rng.normal(size=(len(rows), len(material.emotions)))
    logits[np.arange(len(rows)), material.targets[rows]] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Exam(rows, probabilities, {"noise": probabilities[None]}, 1.0)


def made_up_result(key: str, material: Material, *, skill: float, seed: int) -> Result:
    rng = np.random.default_rng(seed)
    folds = range(len(material.folds.test_speakers))
    exams = {"unseen": {fold: made_up_exam(material, material.rows_in([fold]), skill=skill, rng=rng) for fold in folds}}
    tuned_on = {fold: material.rows_in(material.folds.in_half(material.folds.tuning_half_for(fold))) for fold in folds}
    exams["inner"] = {fold: made_up_exam(material, rows, skill=skill, rng=rng) for fold, rows in tuned_on.items()}
    parts = np.array_split(rng.permutation(len(material.clips)), N_RANDOM_FOLDS)
    exams["random_split"] = {fold: made_up_exam(material, rows, skill=skill, rng=rng) for fold, rows in enumerate(parts)}
    # The audit's clips are the same for every family.
    family = get_family(key)
    return Result(Tuned(family, dict.fromkeys(HALVES, family.defaults), {"A": 0.5, "B": 0.5}, {}), exams, 1.0, 0.5)


@pytest.fixture
def results(material):
    return [made_up_result(key, material, skill=skill, seed=k) for k, (key, skill) in enumerate([("linear", 3.0), ("xgboost", 0.0)])]


def keys_of(found):
    return {family.key: [member.family.key for member in members] for family, members in found}


def test_an_ensemble_holds_every_tuned_family_and_one_without_the_pretrained(material, results):
    dummy, whisper = (made_up_result(key, material, skill=1.0, seed=9) for key in ("dummy", "whisper"))
    assert keys_of(ensembles_of([dummy, *results, whisper])) == {
        "ensemble": ["linear", "xgboost", "whisper"],
        "ensemble_scratch": ["linear", "xgboost"],
    }


def test_two_ensembles_of_the_same_members_are_one(results):
    assert keys_of(ensembles_of(results)) == {"ensemble": ["linear", "xgboost"]}


def test_one_family_is_no_ensemble(results):
    assert ensembles_of(results[:1]) == []


def test_a_member_that_knows_nothing_has_no_say(material, results):
    weights = fit_pool(ENSEMBLE, results, range(6), material, seed=0).weights
    assert weights[0] > 0.6
    assert weights[1] == pytest.approx(0, abs=0.15)


def test_the_weights_for_a_fold_come_from_its_own_inner_predictions_alone(material, results):
    """Spoiling the inner predictions of one fold changes what is tested on that fold, and nothing else."""
    plain = blend(ENSEMBLE, results, material, seed=0)
    inner = dict(results[0].exams["inner"])
    inner[2] = replace(inner[2], probabilities=inner[2].probabilities[::-1])
    changed = blend(ENSEMBLE, [replace(results[0], exams={**results[0].exams, "inner": inner}), results[1]], material, seed=0)
    for fold, exam in plain.exams["unseen"].items():
        is_same = np.allclose(exam.probabilities, changed.exams["unseen"][fold].probabilities)
        assert is_same == (fold != 2)


def test_the_answers_to_a_fold_itself_teach_nothing(material, results):
    """The weights are the same whatever the members answered to the test clips."""
    other = {fold: replace(exam, probabilities=exam.probabilities[:, ::-1]) for fold, exam in results[0].exams["unseen"].items()}
    changed = [replace(results[0], exams={**results[0].exams, "unseen": other}), results[1]]
    for fold in range(6):
        first, second = (fit_pool(ENSEMBLE, some, [fold], material, seed=0).weights for some in (results, changed))
        np.testing.assert_array_equal(first, second)


def test_a_pool_of_unlike_members_beats_each(material):
    results = [made_up_result(key, material, skill=1.5, seed=k) for k, key in enumerate(("linear", "xgboost", "random_forest"))]
    pooled = blend(SCRATCH, results, material, seed=0)

    def accuracy(result):
        return np.mean(
            [(exam.probabilities.argmax(1) == material.targets[exam.rows]).mean() for exam in result.exams["unseen"].values()]
        )

    assert accuracy(pooled) > max(map(accuracy, results))
