"""The same voice as before: both predictions, what joins a voice, and what teaching it changed."""

from __future__ import annotations

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ, Clip
from emotune.errors import RequestError
from evaluation.voices import Knowledge
from page import render_voice
from page.engine import Engine, Predictions
from page.judgement import Judgement, Reason
from page.listen import listen
from page.same_voice import AS_USUAL, lessons, listen_again, teach, voice_in_words
from page.voice import Voice


@pytest.fixture(scope="module")
def clips(synthetic_clips: tuple[Clip, ...]) -> list[np.ndarray]:
    """A clip of each emotion by one speaker."""
    speaker = synthetic_clips[0].speaker
    return list({clip.emotion: clip.samples for clip in synthetic_clips if clip.speaker == speaker}.values())


@pytest.fixture
def nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
    judgement = Judgement((Reason.NO_VOICE,), ("No voice.",))
    monkeypatch.setattr(Predictions, "judge", lambda *_, **__: judgement)


def test_the_first_clip_of_a_voice_is_judged_as_alone(engine: Engine, clips: list[np.ndarray]) -> None:
    found = listen_again(engine, clips[0], None)
    assert found.n_clips == 0
    assert found.alone == found.with_voice == listen(engine, clips[0])
    assert found.voice.n_clips() == 1


def test_later_clips_rest_on_the_earlier_ones_and_alone_they_stay_as_they_are(engine: Engine, clips: list[np.ndarray]) -> None:
    voice = None
    for k, samples in enumerate(clips[:4]):
        found = listen_again(engine, samples, voice)
        assert found.n_clips == k
        assert found.alone == listen(engine, samples)
        voice = found.voice
    assert found.with_voice.predictions != found.alone.predictions
    for prediction in found.with_voice.predictions:
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-3)
        assert prediction.confidence == pytest.approx(prediction.probabilities[prediction.emotion], abs=1e-4)


def test_the_same_clip_again_is_answered_as_before_and_teaches_nothing(engine: Engine, clips: list[np.ndarray]) -> None:
    voice = listen_again(engine, clips[0], None).voice
    first = listen_again(engine, clips[1], voice)
    again = listen_again(engine, clips[1], first.voice)
    assert again == first


def test_a_long_clip_knowing_the_voice_is_still_the_mean_of_its_windows(engine: Engine, clips: list[np.ndarray]) -> None:
    voice = listen_again(engine, clips[0], None).voice
    found = listen_again(engine, np.tile(clips[1], 4), voice)
    for prediction in found.with_voice.predictions:
        mean = np.mean([window.probabilities[prediction.family]["angry"] for window in found.with_voice.timeline])
        assert prediction.probabilities["angry"] == pytest.approx(mean, abs=1e-3)


@pytest.mark.usefixtures("nonsense")
def test_what_hardly_resembles_speech_tells_nothing_of_the_voice(engine: Engine, clips: list[np.ndarray]) -> None:
    found = listen_again(engine, clips[0], None)
    assert not found.joined
    assert found.voice.clips == ()
    assert all(prediction.is_unsure for prediction in found.with_voice.predictions)
    with pytest.raises(RequestError, match="must be speech"):
        teach(engine, clips[0], None, emotion=AS_USUAL)


def test_teaching_counts_what_each_family_recognises_alone_and_knowing_the_others(engine: Engine, clips: list[np.ndarray]) -> None:
    voice = teach(engine, clips[0], None, emotion=AS_USUAL)
    voice = teach(engine, clips[1], voice, emotion="sad")
    assert voice.n_by_knowledge == {Knowledge.UNLABELLED: 0, Knowledge.LABELLED: 1, Knowledge.NEUTRAL: 1}
    found = lessons(voice)
    assert [lesson.family for lesson in found] == [member.key for member in engine.ready]
    for lesson in found:
        assert lesson.n_clips == 2
        assert 0 <= lesson.n_right_alone <= 2
        assert 0 <= lesson.n_right_with_others <= 2
    assert lessons(Voice.new(engine)) == ()


def test_what_is_known_is_said_in_a_sentence(engine: Engine, clips: list[np.ndarray]) -> None:
    voice = teach(engine, clips[0], None, emotion=AS_USUAL)
    assert voice_in_words(None) == "Nothing is known of this voice yet."
    assert voice_in_words(voice) == "1 clip of this voice, 1 said as usual."
    voice = teach(engine, clips[1], voice, emotion="sad")
    assert voice_in_words(voice) == "2 clips of this voice, 1 said as usual, 1 with a known emotion."


def test_the_page_shows_both_answers_how_many_clips_they_rest_on_and_that_the_constants_are_defaults(
    engine: Engine, clips: list[np.ndarray]
) -> None:
    first = listen_again(engine, clips[0], None)
    second = listen_again(engine, clips[1], first.voice)
    assert "first clip of this voice" in render_voice.both(first)
    shown = render_voice.both(second)
    assert "Rests on 1 other clip of this voice, which changed" in shown
    assert "cautious defaults" in shown
    assert " of 1</td>" in render_voice.known(teach(engine, clips[0], None, emotion="happy"), engine)
    assert "Nothing is known" in render_voice.known(None, engine)


def test_sound_that_is_no_speech_does_not_join(engine: Engine) -> None:
    held = (0.1 * np.sin(np.arange(2 * SAMPLE_RATE_HZ) * 2 * np.pi * 220 / SAMPLE_RATE_HZ)).astype(np.float32)
    assert not listen_again(engine, held, None).joined
