"""No number may come from a voice that was used in training."""

from dataclasses import replace

import numpy as np
import pytest

from corpora.synthetic import Synthetic
from emotune.errors import ProtocolError
from evaluation.dataset import Dataset
from evaluation.folds import HALVES, Folds, make_folds
from evaluation.held_out import evaluate
from evaluation.jobs import Budget, EvaluationJob, Split, parts_of, random_split
from features.store import FeatureStore
from metrics.scores import uar
from models import FAMILIES
from search.study_plan import StudyPlan
from search.trial import score_config

LINEAR = FAMILIES["linear"]
AUGMENTED = {**LINEAR.defaults, "augmentation": "clipping", "strength": "gentle", "n_copies": 1}


def test_no_speaker_is_in_training_and_test_of_any_fold(dataset):
    for fold in range(len(dataset.folds.test_speakers)):
        training, test = dataset.split(test_fold=fold)
        assert not set(dataset.speakers[training]) & set(dataset.speakers[test])
        assert len(training) + len(test) == len(dataset.clips)


@pytest.mark.parametrize("half", ["A", "B"])
def test_a_study_sees_only_the_speakers_of_its_half(dataset, monkeypatch, half):
    speakers = {speaker for fold in dataset.folds.in_half(half) for speaker in dataset.folds.test_speakers[fold]}
    honest, seen = Dataset.disjoint, []

    def spy(self, *rows):
        seen.append(honest(self, *rows))
        return seen[-1]

    monkeypatch.setattr(Dataset, "disjoint", spy)
    score_config(LINEAR, dict(LINEAR.defaults), StudyPlan("linear", half, 1, 0), dataset)
    assert len(seen) == len(dataset.folds.in_half(half))
    for training, held_out in seen:
        assert set(dataset.speakers[training]) | set(dataset.speakers[held_out]) == speakers


@pytest.mark.parametrize("fold", range(6))
def test_an_inner_prediction_knows_neither_the_tested_speakers_nor_those_it_is_about(dataset, monkeypatch, fold):
    seen = []

    def spy(examples, config, *, seed, parts=(), callback=None):
        seen.append(set(examples.speakers))
        return FAMILIES["dummy"].fit(examples, config, seed=seed)

    monkeypatch.setattr(LINEAR, "fit", spy)
    predictions = evaluate(EvaluationJob("linear", Split.HELD_OUT, fold, AUGMENTED, 0), dataset)
    tested, about = set(dataset.folds.test_speakers[fold]), set(dataset.speakers[predictions.inner.rows])
    tuned_on = {
        speaker
        for other in dataset.folds.in_half(dataset.folds.tuning_half_for(fold))
        for speaker in dataset.folds.test_speakers[other]
    }
    assert about <= tuned_on
    *inner, outer = seen
    assert outer == set(dataset.speakers) - tested
    assert set.union(*(outer - learnt for learnt in inner)) == about
    assert sum(len(outer - learnt) for learnt in inner) == len(about)
    np.testing.assert_array_equal(predictions.rows, dataset.rows_in([fold]))


@pytest.mark.parametrize(("budget", "n"), [(Budget.FULL, 3), (Budget.QUICK, 1)])
def test_there_are_three_inner_parts_however_many_folds_there_are_and_one_in_a_quick_look(dataset, budget, n):
    many = replace(dataset, folds=Folds("one by one", tuple((speaker,) for speaker in sorted(dataset.genders))))
    parts = parts_of(EvaluationJob("linear", Split.HELD_OUT, 0, AUGMENTED, 0, budget), many)
    assert len(parts) == n
    assert len(set(np.concatenate(parts))) == sum(map(len, parts))


@pytest.mark.parametrize("half", HALVES)
def test_inner_parts_of_several_turns_reach_every_speaker_of_a_half(dataset, half):
    reached = np.concatenate([part for turn in range(3) for part in dataset.inner_parts(half, n_parts=3, turn=turn)])
    assert set(reached) == set(dataset.rows_in(dataset.folds.in_half(half)))


def test_a_configuration_is_tested_only_on_the_half_that_did_not_tune_it(finished_run, dataset):
    for (speaker, half), _ in finished_run.predictions.groupby(["speaker", "half"]):
        own_half = dataset.folds.half_of(dataset.folds.fold_of_speaker()[speaker])
        assert half != own_half


def test_every_clip_has_exactly_one_prediction_of_each_family(finished_run):
    counts = finished_run.predictions.groupby("family")["clip"].agg(["count", "nunique"])
    assert (counts["count"] == 48).all()
    assert (counts["nunique"] == 48).all()


def test_overlapping_folds_are_refused():
    with pytest.raises(ProtocolError, match="S01"):
        Folds("planted", (("S01", "S02"), ("S03",), ("S04",), ("S01",)))


@pytest.mark.parametrize("split", [Split.HELD_OUT, Split.DEFAULTS, Split.RANDOM])
def test_a_planted_variant_of_a_test_clip_is_refused(dataset, monkeypatch, split):
    honest = Dataset.examples

    def leaky(self, kind, rows, config):
        everything = np.arange(len(self.clips))
        return honest(self, kind, everything, config)

    monkeypatch.setattr(Dataset, "examples", leaky)
    with pytest.raises(ProtocolError, match="No test clip nor a variant"):
        evaluate(EvaluationJob("linear", split, 0, AUGMENTED, 0), dataset)


def test_training_holds_variants_of_training_clips_and_nothing_else(dataset, monkeypatch):
    seen = []

    def spy(examples, config, *, seed, parts=(), callback=None):
        seen.append(examples)
        return FAMILIES["dummy"].fit(examples, config, seed=seed)

    monkeypatch.setattr(LINEAR, "fit", spy)
    evaluate(EvaluationJob("linear", Split.HELD_OUT, 0, AUGMENTED, 0), dataset)
    test_rows = dataset.rows_in([0])
    examples = seen[-1]  # the model that is tested is fitted last
    assert not examples.is_original.all()
    assert not set(examples.sources) & set(test_rows)
    assert not set(examples.speakers) & set(dataset.speakers[test_rows])


def test_only_the_audit_split_repeats_speakers(dataset):
    training, test = random_split(dataset, 0, seed=0)
    assert set(dataset.speakers[training]) & set(dataset.speakers[test])
    assert not set(training) & set(test)


def test_shuffled_emotions_score_at_chance(cache):
    corpus = Synthetic(n_takes=2)
    clips = corpus.read().clips
    order = np.random.default_rng(0).permutation(len(clips))
    shuffled = tuple(replace(clip, emotion=clips[other].emotion) for clip, other in zip(clips, order, strict=True))
    folds = make_folds({clip.speaker: clip.gender for clip in clips})
    dataset = Dataset(shuffled, corpus.emotions, folds, FeatureStore(cache))
    targets, probabilities = [], []
    for fold in range(len(folds.test_speakers)):
        plan = EvaluationJob("linear", Split.NO_AUGMENTATION, fold, dict(LINEAR.defaults), 0, Budget.QUICK)
        predictions = evaluate(plan, dataset)
        targets.append(dataset.targets[predictions.rows])
        probabilities.append(predictions.probabilities)
    assert abs(uar(np.concatenate(targets), np.concatenate(probabilities)) - 0.125) < 0.04
