"""No number may come from a voice that was heard before."""

from dataclasses import replace

import numpy as np
import pytest

from audio.corpora.synthetic import Synthetic
from audio.errors import ProtocolError
from audio.folds import Folds, make_folds
from features.store import FeatureStore
from leaderboard.metrics import uar
from models import get_family
from search.examine import ExamPlan, examine, random_split, read_exam, splits
from search.material import Material
from search.study import StudyPlan, score_config

LINEAR = get_family("linear")
AUGMENTED = {**LINEAR.defaults, "augmentation": "gain", "strength": "gentle", "copies": 1}


def test_no_speaker_is_in_training_and_test_of_any_fold(material):
    for fold in range(len(material.folds.test_speakers)):
        training, test = material.split(test_fold=fold)
        assert not set(material.speakers[training]) & set(material.speakers[test])
        assert len(training) + len(test) == len(material.clips)


@pytest.mark.parametrize("half", ["A", "B"])
def test_a_study_sees_only_the_speakers_of_its_half(material, monkeypatch, half):
    speakers = {speaker for fold in material.folds.in_half(half) for speaker in material.folds.test_speakers[fold]}
    honest, seen = Material.split, []

    def spy(self, **options):
        seen.append(honest(self, **options))
        return seen[-1]

    monkeypatch.setattr(Material, "split", spy)
    score_config(LINEAR, dict(LINEAR.defaults), StudyPlan("linear", half, 1, 0), material)
    assert len(seen) == len(material.folds.in_half(half))
    for training, held_out in seen:
        assert set(material.speakers[training]) | set(material.speakers[held_out]) == speakers


@pytest.mark.parametrize("fold", range(6))
def test_an_inner_prediction_knows_neither_the_tested_speakers_nor_those_it_is_about(material, tmp_path, monkeypatch, fold):
    seen = []

    def spy(examples, config, *, seed, observer=None):
        seen.append(set(examples.speakers))
        return get_family("dummy").fit(examples, config, seed=seed)

    monkeypatch.setattr(LINEAR, "fit", spy)
    plan = ExamPlan("linear", "inner", fold, AUGMENTED, 0)
    examine(plan, material, tmp_path)
    tested, everyone = set(material.folds.test_speakers[fold]), set(material.speakers)
    tuned_on = material.folds.in_half(material.folds.tuning_half_for(fold))
    assert seen == [everyone - tested - set(material.folds.test_speakers[part]) for part in tuned_on]
    np.testing.assert_array_equal(np.sort(read_exam(plan, tmp_path).rows), material.rows_in(tuned_on))


def test_inner_predictions_take_three_fits_however_many_folds_there_are(material):
    many = replace(material, folds=Folds("one by one", tuple((speaker,) for speaker in sorted(material.genders))))
    parts = splits(ExamPlan("linear", "inner", 0, AUGMENTED, 0), many)
    assert len(parts) == 3
    tested = np.concatenate([test for _, test in parts])
    assert set(tested) == set(many.rows_in(many.folds.in_half("B")))


def test_a_configuration_is_tested_only_on_the_half_that_did_not_tune_it(finished_run, material):
    for (speaker, half), _ in finished_run.predictions.groupby(["speaker", "half"]):
        own_half = material.folds.half_of(material.folds.fold_of_speaker()[speaker])
        assert half != own_half


def test_every_clip_has_exactly_one_prediction_of_each_family(finished_run):
    counts = finished_run.predictions.groupby("family")["clip"].agg(["count", "nunique"])
    assert (counts["count"] == 96).all()
    assert (counts["nunique"] == 96).all()


def test_overlapping_folds_are_refused():
    with pytest.raises(ProtocolError, match="S01"):
        Folds("planted", (("S01", "S02"), ("S03",), ("S04",), ("S01",)))


@pytest.mark.parametrize("purpose", ["unseen", "inner", "random_split"])
def test_a_planted_variant_of_a_test_clip_is_refused(material, tmp_path, monkeypatch, purpose):
    honest = Material.examples

    def leaky(self, kind, rows, config):
        everything = np.arange(len(self.clips))
        return honest(self, kind, everything, config)

    monkeypatch.setattr(Material, "examples", leaky)
    with pytest.raises(ProtocolError, match="No test clip nor a variant"):
        examine(ExamPlan("linear", purpose, 0, AUGMENTED, 0), material, tmp_path)


def test_training_holds_variants_of_training_clips_and_nothing_else(material, tmp_path, monkeypatch):
    seen = []

    def spy(examples, config, *, seed, observer=None):
        seen.append(examples)
        return get_family("dummy").fit(examples, config, seed=seed)

    monkeypatch.setattr(LINEAR, "fit", spy)
    examine(ExamPlan("linear", "unseen", 0, AUGMENTED, 0), material, tmp_path)
    test_rows = material.rows_in([0])
    (examples,) = seen
    assert not examples.is_original.all()
    assert not set(examples.sources) & set(test_rows)
    assert not set(examples.speakers) & set(material.speakers[test_rows])


def test_only_the_audit_split_repeats_speakers(material):
    training, test = random_split(material, 0, seed=0)
    assert set(material.speakers[training]) & set(material.speakers[test])
    assert not set(training) & set(test)


def test_shuffled_emotions_score_at_chance(cache, tmp_path):
    corpus = Synthetic()
    clips = corpus.read().clips
    order = np.random.default_rng(0).permutation(len(clips))
    shuffled = tuple(replace(clip, emotion=clips[other].emotion) for clip, other in zip(clips, order, strict=True))
    folds = make_folds({clip.speaker: clip.gender for clip in clips})
    material = Material(shuffled, corpus.emotions, folds, FeatureStore(cache))
    targets, probabilities = [], []
    for fold in range(len(folds.test_speakers)):
        plan = ExamPlan("linear", "unaugmented", fold, dict(LINEAR.defaults), 0)
        examine(plan, material, tmp_path)
        exam = read_exam(plan, tmp_path)
        targets.append(material.targets[exam.rows])
        probabilities.append(exam.probabilities)
    assert abs(uar(np.concatenate(targets), np.concatenate(probabilities)) - 0.125) < 0.04
