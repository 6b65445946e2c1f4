"""Streams: every clip is tested, never after itself, after clips of its own speaker, and in the way that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import streams
from evaluation.adaptation import VoiceState
from evaluation.streams import N_EARLIER, NO_CLIP, Speech, draw_streams
from evaluation.voices import Adaptation, Knowledge
from metrics.scores import uar

EMOTIONS = ("neutral", "happy", "sad", "angry")


def make_speech(*, n_speakers: int = 6, n_each: int = 8) -> Speech:
    targets = np.tile(np.repeat(np.arange(len(EMOTIONS)), n_each), n_speakers)
    speakers = np.repeat([f"s{k}" for k in range(n_speakers)], n_each * len(EMOTIONS))
    return Speech(targets, speakers, len(EMOTIONS))


def predict(speech: Speech, *, lean: float, seed: int = 0) -> np.ndarray:
    """Return probabilities that lean to emotions of each speaker's own."""
    rng = np.random.default_rng(seed)
    _, speaker = np.unique(speech.speakers, return_inverse=True)
    logits = (
        rng.normal(size=(len(speech.targets), len(EMOTIONS))) + lean * rng.normal(size=(speaker.max() + 1, len(EMOTIONS)))[speaker]
    )
    logits[np.arange(len(logits)), speech.targets] += 2
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


SPEECH = make_speech()
DRAWN = draw_streams(SPEECH, EMOTIONS, seed=3, n_curve=(1, 5))


@pytest.mark.parametrize("name", [name for name in DRAWN if name != streams.WRONG])
def test_earlier_clips_are_other_clips_of_the_same_speaker(name: str) -> None:
    one = DRAWN[name]
    is_clip = one.earlier != NO_CLIP
    same = SPEECH.speakers[one.earlier] == SPEECH.speakers[one.tested][:, None]
    assert same[is_clip].all()
    assert not (one.earlier == one.tested[:, None]).any()
    for row in one.earlier[:50]:
        clips = row[row != NO_CLIP]
        assert len(np.unique(clips)) == len(clips)


@pytest.mark.parametrize("name", [streams.RANDOM, streams.SKEWED, streams.ONE_EMOTION, streams.TWO_EMOTIONS, streams.CHANGED])
def test_every_clip_is_tested_equally_often(name: str) -> None:
    assert len(set(np.bincount(DRAWN[name].tested, minlength=len(SPEECH.targets)).tolist())) == 1


def test_random_streams_have_as_many_clips_as_were_asked_for() -> None:
    assert (DRAWN[streams.RANDOM].earlier != NO_CLIP).all()
    assert DRAWN[streams.RANDOM].earlier.shape[1] == N_EARLIER
    assert DRAWN["5 random"].earlier.shape[1] == 5


def test_streams_of_few_emotions_have_them_and_no_other() -> None:
    for name, n in ((streams.ONE_EMOTION, 1), (streams.TWO_EMOTIONS, 2)):
        one = DRAWN[name]
        for tested, row in zip(one.tested, one.earlier, strict=True):
            found = {*SPEECH.targets[row[row != NO_CLIP]].tolist(), int(SPEECH.targets[tested])}
            assert len(found) <= n
    changed = DRAWN[streams.CHANGED]
    assert not ((SPEECH.targets[changed.earlier] == SPEECH.targets[changed.tested][:, None]) & (changed.earlier != NO_CLIP)).any()


def test_the_wrong_speaker_is_another_one() -> None:
    one = DRAWN[streams.WRONG]
    assert not (SPEECH.speakers[one.earlier] == SPEECH.speakers[one.tested][:, None])[one.earlier != NO_CLIP].any()


def test_neutral_streams_hold_one_neutral_clip_and_enrolled_ones_a_clip_of_each_emotion() -> None:
    neutral, enrolled = DRAWN[streams.NEUTRAL], DRAWN[streams.ENROLLED]
    assert (SPEECH.targets[neutral.earlier] == 0).all()
    assert neutral.knowledge is Knowledge.NEUTRAL
    np.testing.assert_array_equal(
        np.sort(SPEECH.targets[enrolled.earlier], axis=1), np.tile(np.arange(4), (len(enrolled.earlier), 1))
    )


def test_without_a_neutral_emotion_there_are_no_neutral_streams() -> None:
    assert streams.NEUTRAL not in draw_streams(SPEECH, ("a", "b", "c", "d"), seed=0)


def test_the_same_seed_draws_the_same_streams() -> None:
    again = draw_streams(SPEECH, EMOTIONS, seed=3, n_curve=(1, 5))
    for name, one in DRAWN.items():
        np.testing.assert_array_equal(one.earlier, again[name].earlier)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 2**20))
def test_any_speech_can_be_drawn_from(emotions: list[int], seed: int) -> None:
    speech = Speech(np.array(emotions), np.array(["only"] * len(emotions)), 4)
    probabilities = np.full((len(emotions), 4), 0.25)
    for one in draw_streams(speech, EMOTIONS, seed=seed).values():
        found = one.adapted(Adaptation.default(EMOTIONS), probabilities, speech.targets)
        np.testing.assert_allclose(found.sum(axis=1), 1)


def test_a_stream_gives_what_a_voice_gives() -> None:
    probabilities, adaptation = predict(SPEECH, lean=1), Adaptation.default(EMOTIONS)
    for name in (streams.SKEWED, streams.NEUTRAL, streams.ENROLLED):
        one = DRAWN[name].take(np.arange(5))
        found = one.adapted(adaptation, probabilities, SPEECH.targets)
        for tested, row, expected in zip(one.tested, one.earlier, found, strict=True):
            state = VoiceState(adaptation)
            for clip in row[row != NO_CLIP]:
                match one.knowledge:
                    case Knowledge.UNLABELLED:
                        state = state.with_clip(probabilities[clip])
                    case Knowledge.NEUTRAL:
                        state = state.with_neutral(probabilities[clip])
                    case Knowledge.LABELLED:
                        state = state.with_labelled(probabilities[clip], emotion=EMOTIONS[SPEECH.targets[clip]])
            np.testing.assert_allclose(state.adapt(probabilities[tested]), expected, atol=2e-3)


@pytest.mark.parametrize("lean", [0.5, 1.0])
def test_default_constants_help_a_little_and_cost_a_stream_of_one_emotion_at_most_three_points(lean: float) -> None:
    found, default = predict(SPEECH, lean=lean, seed=2), Adaptation.default(EMOTIONS)

    def gain(name: str) -> float:
        one = DRAWN[name]
        truth = SPEECH.targets[one.tested]
        return uar(truth, one.adapted(default, found, SPEECH.targets)) - uar(truth, found[one.tested])

    assert gain(streams.RANDOM) > 0
    assert gain(streams.ONE_EMOTION) > -0.03
