"""Several corpora in one run: each counts alike, and one that is left out teaches nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest

from emotune.errors import ProtocolError
from evaluation.dataset import BY_CLIPS, CORPORA_COUNT, Dataset
from evaluation.folds import LEAVE_CORPORA_OUT, TestedOn, folds_over_corpora
from evaluation.jobs import Budget, EvaluationJob, Split, parts_of, plan_evaluations, split_of
from features import INPUT_KINDS
from models import FAMILIES
from search.study_plan import StudyPlan
from search.trial import score_config

LINEAR = FAMILIES["linear"]
FUNCTIONALS = INPUT_KINDS["functionals"]


@pytest.fixture(scope="module")
def two_corpora(dataset: Dataset) -> Dataset:
    """The clips of the first two speakers as corpus a, without its last emotion, and those of the other four as corpus b."""
    first = sorted(dataset.genders)[:2]
    clips = tuple(replace(clip, corpus="a" if clip.speaker in first else "b") for clip in dataset.clips)
    clips = tuple(clip for clip in clips if clip.corpus == "b" or clip.emotion != dataset.emotions[-1])
    genders: dict[str, dict[str, str]] = {}
    for clip in clips:
        genders.setdefault(clip.corpus, {})[clip.speaker] = clip.gender
    return Dataset(clips, dataset.emotions, folds_over_corpora(genders, published={}, rule=LEAVE_CORPORA_OUT), dataset.store)


def test_each_corpus_weighs_the_same_in_training(two_corpora: Dataset) -> None:
    rows = two_corpora.all_rows()
    config = {**LINEAR.defaults, "augmentation": "clipping", "strength": "gentle", "n_copies": 1}
    examples = two_corpora.examples(FUNCTIONALS, rows, config)
    weights = examples.weights(balanced=False)
    is_a = two_corpora.corpus_of_clip[examples.sources] == "a"
    assert weights[is_a].sum() == pytest.approx(weights[~is_a].sum())
    assert weights.mean() == pytest.approx(1)


def test_a_configuration_may_let_each_clip_weigh_the_same(two_corpora: Dataset) -> None:
    examples = two_corpora.examples(FUNCTIONALS, two_corpora.all_rows(), {**LINEAR.defaults, CORPORA_COUNT: BY_CLIPS})
    np.testing.assert_array_equal(examples.weights(balanced=False), 1)


def test_clips_of_one_corpus_weigh_the_same(dataset: Dataset) -> None:
    assert dataset.examples(FUNCTIONALS, dataset.all_rows(), LINEAR.defaults).corpus_weights is None


def test_examples_could_have_the_emotions_of_their_corpora(two_corpora: Dataset) -> None:
    config = {**LINEAR.defaults, "augmentation": "speed", "strength": "gentle", "n_copies": 1}
    examples = two_corpora.examples(FUNCTIONALS, two_corpora.all_rows(), config)
    is_a = two_corpora.corpus_of_clip[examples.sources] == "a"
    last = np.arange(len(two_corpora.emotions)) == len(two_corpora.emotions) - 1
    np.testing.assert_array_equal(examples.possible, ~(is_a[:, None] & last))


def test_examples_of_one_corpus_could_have_every_emotion(two_corpora: Dataset) -> None:
    for corpus in "ab":
        rows = np.flatnonzero(two_corpora.corpus_of_clip == corpus)
        assert two_corpora.examples(FUNCTIONALS, rows, LINEAR.defaults).possible is None


def test_corpora_without_a_common_emotion_are_told_apart_by_all_their_examples(dataset: Dataset) -> None:
    clips = tuple(replace(clip, corpus="a" if clip.emotion in dataset.emotions[:3] else "b") for clip in dataset.clips)
    disjoint = Dataset(clips, dataset.emotions, dataset.folds, dataset.store)
    assert disjoint.examples(FUNCTIONALS, disjoint.all_rows(), LINEAR.defaults).possible is None


def test_a_corpus_that_is_left_out_is_tested_whole_by_models_of_the_other(two_corpora: Dataset) -> None:
    assert two_corpora.tested_on is TestedOn.UNSEEN_CORPORA
    for fold in range(2):
        training, test = two_corpora.split(test_fold=fold)
        assert set(two_corpora.corpus_of_clip[training]).isdisjoint(two_corpora.corpus_of_clip[test])
        assert len(training) + len(test) == len(two_corpora.clips)


def test_a_half_of_one_corpus_is_parted_by_its_speakers(two_corpora: Dataset) -> None:
    for half in "AB":
        parts = two_corpora.parts_of(half)
        assert 2 <= len(parts) <= 3
        speakers = [set(two_corpora.speakers[part]) for part in parts]
        assert set.intersection(*speakers) == set()
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), two_corpora.rows_in(two_corpora.folds.in_half(half)))


@pytest.mark.parametrize("budget", Budget)
@pytest.mark.parametrize("fold", range(2))
def test_inner_predictions_know_nothing_of_the_corpus_that_is_left_out(two_corpora: Dataset, fold: int, budget: Budget) -> None:
    job = EvaluationJob("linear", Split.HELD_OUT, fold, LINEAR.defaults, 0, budget)
    left_out = two_corpora.rows_in([fold])
    assert not np.isin(left_out, np.concatenate(parts_of(job, two_corpora))).any()
    assert not np.isin(left_out, split_of(job, two_corpora)[0]).any()


def test_across_corpora_a_model_of_one_is_tested_on_what_it_can_know(two_corpora: Dataset) -> None:
    training, test = split_of(EvaluationJob("linear", Split.OTHER_CORPORA, 0, LINEAR.defaults, 0), two_corpora)
    assert set(two_corpora.corpus_of_clip[training]) == {"a"}
    assert set(two_corpora.corpus_of_clip[test]) == {"b"}
    assert set(two_corpora.targets[test]) <= set(two_corpora.targets[training])


def test_across_corpora_nothing_tuned_is_used(two_corpora: Dataset) -> None:
    tuned = {**LINEAR.defaults, "penalty": 11.0}
    jobs = plan_evaluations(LINEAR, {"A": tuned, "B": tuned}, "A", two_corpora, seed=0)
    across = [job for job in jobs if isinstance(job, EvaluationJob) and job.split is Split.OTHER_CORPORA]
    assert [job.fold for job in across] == [0, 1]
    assert all(job.config == LINEAR.defaults for job in across)


def test_nobody_left_to_learn_from_is_refused_by_name(dataset: Dataset) -> None:
    with pytest.raises(ProtocolError, match="besides those it is tested on"):
        dataset.disjoint(dataset.all_rows(), dataset.all_rows())


def in_three_corpora(dataset: Dataset, *, not_in_a: Collection[int] = (), not_in_b: Collection[int] = ()) -> Dataset:
    """Return the clips as corpora a, b and c of two speakers each, the first two without some emotions; half A is a and b."""
    corpus_of = dict(zip(sorted(dataset.genders), "aabbcc", strict=True))
    lacking = {"a": not_in_a, "b": not_in_b, "c": ()}
    clips = tuple(replace(clip, corpus=corpus_of[clip.speaker]) for clip in dataset.clips)
    clips = tuple(clip for clip in clips if dataset.emotions.index(clip.emotion) not in lacking[clip.corpus])
    genders = {corpus: {one: dataset.genders[one] for one, its in corpus_of.items() if its == corpus} for corpus in "abc"}
    return Dataset(clips, dataset.emotions, folds_over_corpora(genders, published={}, rule=LEAVE_CORPORA_OUT), dataset.store)


def scored_emotions(three: Dataset, monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """Return the emotions of the clips by which each part of half A is scored in a trial."""
    found = []
    monkeypatch.setattr("search.trial.inner_score", lambda _model, _kind, rows, *_, **__: found.append({*three.targets[rows]}) or 0.5)
    config = {**LINEAR.defaults, "augmentation": "none"}
    score_config(LINEAR, config, StudyPlan("linear", "A", 1, 0), three)
    return found


def test_a_trial_is_scored_by_the_emotions_that_its_training_clips_have(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = {*range(len(dataset.emotions))}
    three = in_three_corpora(dataset, not_in_a={0}, not_in_b={1, 2})
    assert scored_emotions(three, monkeypatch) == [everything - {0, 1, 2}] * 2
    only_b_lacks = in_three_corpora(dataset, not_in_b={1, 2})
    assert scored_emotions(only_b_lacks, monkeypatch) == [everything - {1, 2}] * 2


def test_a_part_of_which_no_emotion_is_taught_is_refused_before_any_model_is_trained(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = len(dataset.emotions)
    apart = in_three_corpora(dataset, not_in_a=range(2, n), not_in_b=range(2))
    monkeypatch.setattr(type(LINEAR), "fit", lambda *_, **__: pytest.fail("a model was trained"))
    with pytest.raises(ProtocolError, match=", ".join(dataset.emotions[:2])):
        score_config(LINEAR, dict(LINEAR.defaults), StudyPlan("linear", "A", 1, 0), apart)


def test_where_corpora_are_tested_whole_inner_predictions_are_of_whole_corpora(dataset: Dataset) -> None:
    three = in_three_corpora(dataset)
    parts = [set(three.corpus_of_clip[part]) for part in three.inner_parts("A", n_parts=3)]
    assert parts == [{"a"}, {"b"}]
    of_one_corpus = [set(three.corpus_of_clip[part]) for part in three.inner_parts("B", n_parts=3)]
    assert of_one_corpus == [{"c"}] * len(of_one_corpus)
