"""Live: what a session answers, how it is smoothed, and that it never grows."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ
from page.engine import Engine, Predictions
from page.live import LiveSession, LiveSettings, Turns
from page.live_rows import Kind, Snapshot, rows_csv

HALF = SAMPLE_RATE_HZ // 2
SILENCE = np.zeros(HALF, dtype=np.float32)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def send(session: LiveSession, clock: Clock, engine: Engine, samples: np.ndarray, *, turns: Turns | None = None) -> list[Snapshot]:
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
