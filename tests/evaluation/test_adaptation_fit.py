"""Constants of an adaptation: the variances that made some residuals are found again, and they help speakers nobody has met."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import streams
from evaluation.adaptation_fit import (
    LEAST_VOICES,
    Variances,
    adaptations_of,
    around,
    estimate_variances,
    learn_adaptation,
    of_few_voices,
    usual_logs,
)
from evaluation.dataset import Dataset
from evaluation.jobs import Split
from evaluation.streams import Ints, Speech
from evaluation.voices import DEFAULT_TRUST, Adaptation, Floats, Knowledge, centred_logs
from metrics.scores import uar
from tests.evaluation.test_ensembles import made_up_result

EMOTIONS = ("neutral", "happy", "sad", "angry")
N_EMOTIONS = len(EMOTIONS)


def draw_residuals(truth: Variances, *, n_voices: int, n_each: int, seed: int = 0) -> tuple[Floats, Ints, Ints]:
    """Return residuals of zero sum with known variances a log, their voices and their emotions."""
    rng = np.random.default_rng(seed)
    voices = np.repeat(np.arange(n_voices), N_EMOTIONS * n_each)
    targets = np.tile(np.repeat(np.arange(N_EMOTIONS), n_each), n_voices)

    def part(variance: float, shape: tuple[int, ...]) -> Floats:
        drawn = rng.normal(size=(*shape, N_EMOTIONS))
        # Every log then has (n - 1) / n of the variance; the estimate divides by the n - 1 that are free.
        return np.asarray((drawn - drawn.mean(axis=-1, keepdims=True)) * np.sqrt(variance))

    offsets, shifts = part(truth.offsets, (n_voices,)), part(truth.shifts, (n_voices, N_EMOTIONS))
    return offsets[voices] + shifts[voices, targets] + part(truth.rest, (len(voices),)), voices, targets


def draw_speech(*, lean: float, n_voices: int = 6, n_each: int = 8, seed: int = 0) -> tuple[Floats, Speech]:
    """Return probabilities that lean to emotions of each voice's own, and what was said."""
    residuals, voices, targets = draw_residuals(
        Variances(rest=1.0, shifts=0.05, offsets=lean), n_voices=n_voices, n_each=n_each, seed=seed
    )
    logits = residuals + 2 * np.eye(N_EMOTIONS)[targets]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probabilities, Speech(targets, np.char.add("s", voices.astype(str)), N_EMOTIONS)


@pytest.mark.parametrize("truth", [Variances(2.0, 0.5, 1.0), Variances(1.0, 1.0, 0.1), Variances(0.5, 0.2, 2.0)])
def test_variances_are_found_again(truth: Variances) -> None:
    found = estimate_variances(*draw_residuals(truth, n_voices=300, n_each=5))
    assert found is not None
    assert found.rest == pytest.approx(truth.rest, rel=0.05)
    assert found.shifts == pytest.approx(truth.shifts, rel=0.15)
    assert found.offsets == pytest.approx(truth.offsets, rel=0.2, abs=0.03)


def test_variances_do_not_depend_on_how_many_clips_a_voice_has_of_each_emotion() -> None:
    truth = Variances(2.0, 0.5, 1.0)
    residuals, voices, targets = draw_residuals(truth, n_voices=400, n_each=8)
    kept = np.random.default_rng(1).random(len(targets)) < (targets + 1) / N_EMOTIONS
    found = estimate_variances(residuals[kept], voices[kept], targets[kept])
    assert found is not None
    assert found.shifts == pytest.approx(truth.shifts, rel=0.3)
    assert found.offsets == pytest.approx(truth.offsets, rel=0.3)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=12), st.integers(0, 2**20))
def test_any_few_clips_give_constants(clips: list[tuple[int, int]], seed: int) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(N_EMOTIONS), size=len(clips))
    speakers = np.array([f"s{voice}" for voice, _ in clips])
    learnt = learn_adaptation(probabilities, np.array([emotion for _, emotion in clips]), speakers, emotions=EMOTIONS)
    assert Adaptation.from_json(learnt.to_json()) == learnt
    assert all(trust.tau > 0 and trust.relevance > 0 for trust in learnt.trust.values())


def test_one_voice_says_nothing_of_others_and_leaves_the_default_trust() -> None:
    probabilities, speech = draw_speech(lean=1, n_voices=1)
    learnt = learn_adaptation(probabilities, speech.targets, speech.speakers, emotions=EMOTIONS)
    assert learnt.trust == DEFAULT_TRUST


def test_voices_that_differ_more_are_trusted_sooner() -> None:
    taus = []
    for lean in (0.1, 0.5, 2.0):
        probabilities, speech = draw_speech(lean=lean, n_voices=40)
        learnt = learn_adaptation(probabilities, speech.targets, speech.speakers, emotions=EMOTIONS)
        taus.append(learnt.trust[Knowledge.UNLABELLED].tau)
    assert taus[0] > taus[1] > taus[2]


def test_class_means_are_those_of_the_clips_and_the_default_ones_of_an_emotion_without_clips() -> None:
    probabilities, speech = draw_speech(lean=0.5)
    here = speech.targets != 3
    learnt = learn_adaptation(probabilities[here], speech.targets[here], speech.speakers[here], emotions=EMOTIONS)
    logs = centred_logs(probabilities)
    means = [logs[speech.targets == k].mean(axis=0) for k in range(3)]
    np.testing.assert_allclose(learnt.means, [*means, Adaptation.default(EMOTIONS).means[3]], atol=1e-4)


def test_what_a_model_usually_says_counts_every_emotion_alike() -> None:
    probabilities, speech = draw_speech(lean=0.5)
    logs = centred_logs(probabilities)
    means = np.stack([logs[speech.targets == k].mean(axis=0) for k in range(N_EMOTIONS)])
    more = np.concatenate([np.arange(len(logs)), np.repeat(np.flatnonzero(speech.targets == 0), 5)])
    np.testing.assert_allclose(usual_logs(probabilities[more], speech.targets[more]), means.mean(axis=0))
    two = speech.targets < 2
    np.testing.assert_allclose(usual_logs(probabilities[two], speech.targets[two]), means[:2].mean(axis=0))


def test_class_means_around_other_logs_differ_among_each_other_as_before() -> None:
    probabilities, speech = draw_speech(lean=0.5)
    learnt, usual = (
        learn_adaptation(probabilities, speech.targets, speech.speakers, emotions=EMOTIONS),
        np.array([0.3, -0.1, 0, -0.2]),
    )
    moved = around(learnt, usual)
    np.testing.assert_allclose(moved.means.mean(axis=0), usual, atol=1e-3)
    np.testing.assert_allclose(np.diff(moved.means, axis=0), np.diff(learnt.means, axis=0), atol=1e-3)
    assert replace(moved, class_means=learnt.class_means) == learnt


@pytest.mark.parametrize("name", [streams.RANDOM, streams.NEUTRAL, streams.ENROLLED])
def test_constants_learnt_on_six_voices_help_others_who_lean(name: str) -> None:
    probabilities, speech = draw_speech(lean=1, seed=1)
    learnt = learn_adaptation(probabilities, speech.targets, speech.speakers, emotions=EMOTIONS)
    others, _ = draw_speech(lean=1, seed=2)
    one = streams.draw_streams(speech, EMOTIONS, seed=3)[name]
    truth = speech.targets[one.tested]
    assert uar(truth, one.adapted(learnt, others, speech.targets)) > uar(truth, others[one.tested]) + 0.01


def test_class_means_of_few_voices_are_half_learnt_and_all_else_is_the_default() -> None:
    probabilities, speech = draw_speech(lean=0.5, n_voices=LEAST_VOICES - 1)
    learnt = learn_adaptation(probabilities, speech.targets, speech.speakers, emotions=EMOTIONS)
    default, half = Adaptation.default(EMOTIONS), of_few_voices(learnt)
    np.testing.assert_allclose(half.means - default.means, learnt.means - half.means, atol=2e-4)
    assert not np.allclose(half.means, default.means, atol=0.01)
    assert replace(half, class_means=default.class_means) == default


def test_constants_are_half_learnt_where_the_inner_predictions_are_of_few_voices(dataset: Dataset) -> None:
    result = made_up_result("linear", dataset, skill=2.0, seed=0)
    found = adaptations_of(result, dataset)
    assert found is not None

    def learnt_on(folds: Collection[int]) -> tuple[Adaptation, int]:
        inner = [result.predictions[Split.INNER][fold] for fold in folds]
        rows, probabilities = np.concatenate([one.rows for one in inner]), np.concatenate([one.probabilities for one in inner])
        speakers = dataset.speakers[rows]
        learnt = learn_adaptation(probabilities, dataset.targets[rows], speakers, emotions=dataset.emotions)
        return learnt, len(np.unique(speakers))

    def usual_of(folds: Collection[int]) -> Floats:
        training = [result.predictions[Split.HELD_OUT][fold].training for fold in folds]
        return np.mean([usual_logs(one.probabilities, dataset.targets[one.rows]) for one in training], axis=0)

    for fold, constants in found.by_fold.items():
        learnt, n_voices = learnt_on([fold])
        assert n_voices < LEAST_VOICES
        assert constants == around(of_few_voices(learnt), usual_of([fold]))
    learnt, n_voices = learnt_on(sorted(found.by_fold))
    assert n_voices >= LEAST_VOICES
    assert found.shipped.class_means == around(learnt, usual_of(found.by_fold)).class_means
