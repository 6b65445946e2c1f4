"""Live: what a session answers, how it is smoothed, and that it never grows."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import RequestError
from page import render_time
from page.engine import Engine, Predictions
from page.live import LiveSession, LiveSettings
from page.live_rows import Kind, Snapshot, Timeline, rows_csv
from page.live_turns import GONE_SECONDS, Listeners, Pace, Turns

HALF = SAMPLE_RATE_HZ // 2
SILENCE = np.zeros(HALF, dtype=np.float32)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class OneEmotion:
    """An engine whose families are always sure of one emotion."""

    loaded = ()

    def __init__(self, *emotions: str, said: str) -> None:
        self.emotions, self._said = emotions, said

    def predict(self, *_: object, **__: object) -> Any:
        said = np.array([[float(name == self._said) for name in self.emotions]])
        found = Predictions({"linear": said}, np.zeros(1), None)
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
        return Predictions({"linear": np.eye(8)[[next(said)]]}, np.zeros(1), None)

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
    assert len(session._ring) <= 2.5 * SAMPLE_RATE_HZ


def test_a_lost_connection_and_a_pause_are_rows_of_their_own(session: LiveSession, clock: Clock, engine: Engine) -> None:
    send(session, clock, engine, np.tile(SILENCE, 2))
    clock.now += 10
    send(session, clock, engine, SILENCE)
    session.pause(True)
    send(session, clock, engine, SILENCE)
    assert [row.kind for row in session.rows()] == [Kind.SILENCE, Kind.LOST, Kind.SILENCE, Kind.PAUSED]
    assert rows_csv(session.rows(), started=0).splitlines()[2].startswith("1.0,11.0,1970-01-01T00:00:01Z,lost")


@pytest.mark.parametrize("chunks", [(0.4, 0.6, 0.8, 0.2), (0.5, 0.55, 0.45, 0.5), (0.1, 0.2, 0.3, 0.2)])
def test_chunks_that_come_late_or_early_are_not_taken_for_lost(clock: Clock, chunks: tuple[float, ...]) -> None:
    pace = Pace(0.5, clock=clock)
    for wait in chunks * 20:
        clock.now += wait
        assert pace.missing_seconds(0.5) == 0


def test_what_is_lost_in_an_hour_adds_up(clock: Clock) -> None:
    pace, missing = Pace(0.5, clock=clock), 0.0
    for wait in (0.5, 1.2, 0.3, 0.5, 2.1, 0.4) * 100:  # of 2.5 and 4 chunks' time each, one chunk comes
        clock.now += wait
        missing += pace.missing_seconds(0.5)
    assert missing == pytest.approx(5.0 * 100 - 600 * 0.5, abs=1)


def test_sound_that_is_lost_is_told_counted_and_in_no_window(clock: Clock, engine: Engine, clip: np.ndarray) -> None:
    session = LiveSession(clock=clock)
    send(session, clock, engine, np.tile(clip, 3)[: 6 * HALF])
    clock.now += 1.0
    (found,) = send(session, clock, engine, clip[:HALF])
    assert found.seconds == 4.5
    assert "1.0 s of sound were lost" in found.note
    assert "late" not in found.note
    assert len(session._ring) == HALF
    assert [(row.start_seconds, row.end_seconds) for row in session.rows() if row.kind is Kind.LOST] == [(3.0, 4.0)]
    assert "nothing received" in render_time.live(found, engine.emotions)
    noted = send(session, clock, engine, np.tile(SILENCE, 125))
    assert "lost" not in noted[-1].note


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


def test_one_listener_too_many_is_told_so_until_another_is_gone(clock: Clock) -> None:
    listeners, sessions = Listeners(2, clock=clock), [LiveSession() for _ in range(3)]
    for session in (*sessions[:2], *sessions[:2]):
        listeners.admit(session)
    with pytest.raises(RequestError, match="At most 2 people can be heard at a time, and 2 others are heard now; try again"):
        listeners.admit(sessions[2])
    clock.now += GONE_SECONDS
    listeners.admit(sessions[2])


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
