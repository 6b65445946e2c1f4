"""Live: what a session answers, how it is smoothed, and that it never grows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ
from page import render_time
from page.engine import Engine, Predictions
from page.judgement import Reason
from page.live import LiveSession
from page.live_rows import SPOKEN, Kind, Snapshot, Timeline, rows_csv
from page.live_settings import LiveSettings
from page.live_turns import Turns, stopped_clock
from page.live_voice import LiveVoice
from tests.page.clock import Clock

HALF = SAMPLE_RATE_HZ // 2
SILENCE = np.zeros(HALF, dtype=np.float32)


class OneEmotion:
    """An engine whose families are always sure of one emotion."""

    loaded = ()

    def __init__(self, *emotions: str, said: str) -> None:
        self.emotions, self._said = emotions, said

    def predict(self, *_: object, **__: object) -> Any:
        said = np.array([[float(name == self._said) for name in self.emotions]])
        found = Predictions({"linear": said}, np.zeros(1), np.zeros(1))
        return SimpleNamespace(probabilities=found.probabilities, judge=found.judge)


def send(session: LiveSession, clock: Clock, engine: Any, samples: np.ndarray, *, turns: Turns | None = None) -> list[Snapshot]:
    found = []
    for at in range(0, len(samples), HALF):
        clock.now += 0.5
        found.append(session.hear(samples[at : at + HALF], engine=engine, family="linear", turns=turns or Turns()))
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(clock: Clock) -> LiveSession:
    return LiveSession(clock=clock)


def test_speech_is_answered_and_silence_is_called_so(session: LiveSession, clock: Clock, engine: Engine, clip: np.ndarray) -> None:
    quiet = send(session, clock, engine, np.tile(SILENCE, 3))
    spoken = send(session, clock, engine, np.tile(clip, 2))
    after = send(session, clock, engine, np.tile(SILENCE, 4))
    assert {found.state.kind for found in quiet if found.state} == {Kind.SILENCE}
    assert {found.state.kind for found in spoken if found.state} & {Kind.EMOTION, Kind.UNSURE}
    assert after[-1].state is not None
    assert after[-1].state.kind is Kind.SILENCE
    assert after[-1].probabilities == {}
    assert sum(spoken[-1].probabilities.values()) == pytest.approx(1, abs=1e-3)


def test_one_other_answer_does_not_change_the_state(
    session: LiveSession, clock: Clock, engine: Engine, clip: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter([0, 0, 3, 0, 0, 3, 3, 3, 3, 3, 3, 3])

    def predict(*_: object, **__: object) -> Predictions:
        return Predictions({"linear": np.eye(8)[[next(said)]]}, np.zeros(1), np.zeros(1))

    monkeypatch.setattr(engine, "predict", predict)
    send(session, clock, engine, np.tile(clip, 4)[: 12 * HALF])
    emotions = [row.emotion for row in session.rows() if row.kind is Kind.EMOTION]
    assert emotions[0] == engine.emotions[0]
    assert len(emotions) <= 2


def test_an_hour_takes_no_more_than_its_bounds(clock: Clock, engine: Engine) -> None:
    session = LiveSession(LiveSettings(most_rows=50), clock=clock)
    for k in range(200):
        session.pause(k % 2 == 1)
        send(session, clock, engine, SILENCE)
    assert len(session.rows()) == 50
    assert len(session._sound.samples) <= 2.5 * SAMPLE_RATE_HZ


def test_a_lost_connection_and_a_pause_are_rows_of_their_own(session: LiveSession, clock: Clock, engine: Engine) -> None:
    send(session, clock, engine, np.tile(SILENCE, 2))
    clock.now += 10
    send(session, clock, engine, SILENCE)
    session.pause(True)
    send(session, clock, engine, SILENCE)
    assert [row.kind for row in session.rows()] == [Kind.SILENCE, Kind.LOST, Kind.SILENCE, Kind.PAUSED]
    assert rows_csv(session.rows(), started=0).splitlines()[2].startswith("1.0,11.0,1970-01-01T00:00:01Z,lost")


def test_sound_that_is_lost_is_told_and_counted_and_silence_keeps_its_place(clock: Clock, engine: Engine, clip: np.ndarray) -> None:
    session = LiveSession(clock=clock)
    send(session, clock, engine, np.tile(clip, 3)[: 6 * HALF])
    clock.now += 1.0
    (found,) = send(session, clock, engine, clip[:HALF])
    assert found.seconds == 4.5
    assert "1.0 s of sound were lost" in found.note
    assert "late" not in found.note
    assert [bool(part.any()) for part in session._sound.samples.reshape(-1, HALF)] == [True, True, False, False, True]
    assert [(row.start_seconds, row.end_seconds) for row in session.rows() if row.kind is Kind.LOST] == [(3.0, 4.0)]
    assert "nothing received" in render_time.live(found, engine.emotions)
    noted = send(session, clock, engine, np.tile(SILENCE, 125))
    assert "lost" not in noted[-1].note


def test_on_a_machine_that_hears_every_second_chunk_alone_speech_is_not_too_short(
    session: LiveSession, clock: Clock, engine: Engine, clip: np.ndarray
) -> None:
    found = []
    for part in np.tile(clip, 7)[: 16 * HALF].reshape(-1, HALF)[::2]:
        clock.now += 0.5
        found += send(session, clock, engine, part)
    assert Reason.TOO_SHORT not in found[-1].reasons
    assert sum(session._sound.samples != 0) > HALF
    assert "3.5 s of sound were lost so far" in found[-1].note
    assert "Choose a quicker family." in found[-1].note


def test_sound_that_waits_to_be_taken_is_never_lost(clock: Clock, engine: Engine) -> None:
    session = LiveSession(clock=stopped_clock)
    found = send(session, clock, engine, np.tile(SILENCE, 20))
    assert (found[-1].seconds, found[-1].note) == (10, "")


@pytest.mark.parametrize("off_seconds", [1.6, 100])
def test_a_microphone_that_was_off_lost_no_sound_and_its_time_passes(
    session: LiveSession, clock: Clock, engine: Engine, clip: np.ndarray, off_seconds: float
) -> None:
    send(session, clock, engine, clip[:HALF])
    clock.now += off_seconds
    session.switch_on()
    found = send(session, clock, engine, clip[HALF : 2 * HALF])[-1]
    assert found.note == ""
    assert found.seconds == pytest.approx(1 + off_seconds, abs=0.25)
    assert Kind.PAUSED in {row.kind for row in session.rows()}
    np.testing.assert_array_equal(session._sound.samples, clip[HALF : 2 * HALF])
    clock.now += 1
    assert "1.0 s of sound were lost" in send(session, clock, engine, SILENCE)[-1].note


@pytest.mark.parametrize("meanwhile", [LiveSession.start_over, LiveSession.new_voice, LiveSession.switch_on])
def test_what_was_asked_before_another_begins_is_not_answered_after_it(
    session: LiveSession, clock: Clock, clip: np.ndarray, meanwhile: Callable[[LiveSession], None]
) -> None:
    class Interrupted(OneEmotion):
        def predict(self, *samples: object, **options: object) -> Any:
            meanwhile(session)
            return super().predict(*samples, **options)

    found = send(session, clock, Interrupted("sad", "happy", said="sad"), clip[: 3 * HALF])
    assert [one.probabilities for one in found] == [{}] * 3
    assert not any(row.kind in SPOKEN for row in session.rows())


def test_to_start_over_empties_a_session_in_place(clock: Clock, engine: Engine, clip: np.ndarray) -> None:
    session = LiveSession(clock=clock, voice=LiveVoice())
    send(session, clock, engine, np.tile(clip, 8)[: 12 * HALF])
    session.pause(True)
    session.start_over()
    assert (session.rows(), session.started, session.is_paused) == ((), None, False)
    found = send(session, clock, engine, SILENCE)[-1]
    assert (found.seconds, found.note, found.n_clips) == (0.5, "", 0)


@pytest.mark.parametrize(("seconds", "is_paused"), [(100, False), (1, True)])
def test_to_stop_or_to_pause_loses_no_sound(
    session: LiveSession, clock: Clock, engine: Engine, seconds: float, is_paused: bool
) -> None:
    send(session, clock, engine, SILENCE)
    session.pause(is_paused)
    clock.now += seconds
    assert send(session, clock, engine, SILENCE)[-1].note == ""


def test_the_time_of_day_is_that_of_the_first_sound(session: LiveSession, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1000.0)
    session.hear(SILENCE, engine=engine, family="linear", turns=Turns())
    assert session.started == 999.5


@pytest.mark.parametrize("others", [("happy", "sad"), ("happy", "angry", "sad", "calm", "boredom", "fearful", "neutral", "disgust")])
def test_another_result_begins_anew_with_its_own_emotions(
    session: LiveSession, clock: Clock, clip: np.ndarray, others: tuple[str, ...]
) -> None:
    first = OneEmotion("surprised", "angry", said="surprised")
    second = OneEmotion(*others, said=others[-1])
    send(session, clock, first, np.tile(clip, 4)[: 8 * HALF])
    found = send(session, clock, second, np.tile(clip, 2)[: 2 * HALF])
    assert found[0].probabilities == {name: float(name == others[-1]) for name in others}
    assert found[0].state is not None
    assert found[0].state.emotion == others[-1]
    assert "surprised" in render_time.live(found[-1], others)


def test_a_row_never_pairs_an_emotion_with_the_confidence_of_another() -> None:
    timeline = Timeline(9)
    for end, emotion, confidence in ((1, "sad", 0.6), (2, "happy", 0.3), (3, "happy", 0.4), (4, "happy", 0.35)):
        timeline.extend(Kind.UNSURE, end, emotion, confidence)
    (row,) = timeline.latest()
    assert (row.emotion, row.confidence, row.end_seconds) == ("happy", 0.4, 4)


def test_sound_without_an_answer_does_not_prolong_what_is_no_sound() -> None:
    timeline = Timeline(9)
    timeline.extend(Kind.LOST, 1)
    timeline.go_on(2)
    assert [(row.kind, row.end_seconds) for row in timeline.latest()] == [(Kind.LOST, 1), (Kind.SILENCE, 2)]


def test_a_busy_machine_drops_windows_and_says_so(clock: Clock, engine: Engine, clip: np.ndarray) -> None:
    session, turns = LiveSession(LiveSettings(patience_seconds=0.01), clock=clock), Turns()
    release, taken = threading.Event(), threading.Event()
    busy = threading.Thread(target=turns.take, args=(lambda: (taken.set(), release.wait(10)),), kwargs={"patience_seconds": 1})
    busy.start()
    taken.wait(10)
    late = send(session, clock, engine, np.tile(clip, 3), turns=turns)
    release.set()
    busy.join()
    in_time = send(session, clock, engine, clip[: 2 * HALF], turns=turns)
    assert "late" in late[-1].note
    assert in_time[-1].note == ""
    assert in_time[-1].answered_seconds == in_time[-1].seconds
