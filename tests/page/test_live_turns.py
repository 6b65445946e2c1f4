"""Live turns: what is told of lost sound is what was lost, and how many are heard at a time."""

from __future__ import annotations

import numpy as np
import pytest

from emotune.errors import RequestError
from page.live import LiveSession
from page.live_turns import GONE_SECONDS, Listeners, Pace
from tests.page.clock import Clock

CHUNK = 0.5
N_AN_HOUR = 7200


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def told_lost(clock: Clock, times: np.ndarray) -> float:
    """Return how many seconds are told to be lost of chunks that come at some times."""
    pace, told = Pace(CHUNK, clock=clock), 0.0
    for clock.now in times:
        told += pace.missing_seconds(CHUNK)
    return told


def taken(busy_seconds: np.ndarray) -> np.ndarray:
    """Return when chunks are taken by one who is busy after each, and for whom only the newest waits."""
    times, free = [], 0.0
    for k, busy in enumerate(busy_seconds):
        newest = max(CHUNK * k, free)
        if CHUNK * (k + 1) > free:  # else the next one takes its place
            times.append(newest)
            free = newest + busy
    return np.array(times)


@pytest.mark.parametrize("waits", [(0.4, 0.6, 0.8, 0.2), (0.5, 0.55, 0.45, 0.5), (0.1, 0.2, 0.3, 0.2)])
def test_chunks_that_come_late_or_early_are_not_taken_for_lost(clock: Clock, waits: tuple[float, ...]) -> None:
    assert told_lost(clock, np.cumsum(waits * 20)) == 0


def test_an_hour_of_a_connection_that_delays_tells_of_no_loss(clock: Clock, rng: np.random.Generator) -> None:
    on_time = CHUNK * np.arange(N_AN_HOUR)
    assert told_lost(clock, on_time + 0.48 * (rng.random(N_AN_HOUR) < 0.02)) <= 1
    assert told_lost(clock, on_time + rng.uniform(0, CHUNK, N_AN_HOUR)) <= 1


@pytest.mark.parametrize("is_often", [False, True])
def test_of_a_machine_that_is_busy_what_is_told_is_what_was_lost(clock: Clock, rng: np.random.Generator, is_often: bool) -> None:
    busy = rng.uniform(0.1, 0.9, N_AN_HOUR) if is_often else np.where(rng.random(N_AN_HOUR) < 0.02, 0.97, 0.1)
    times = taken(busy)
    assert told_lost(clock, times) == pytest.approx(CHUNK * (N_AN_HOUR - len(times)), abs=1.5)


def test_what_is_lost_in_an_hour_adds_up(clock: Clock) -> None:
    waits = (0.5, 1.2, 0.3, 0.5, 2.1, 0.4) * 100  # of 5 s the sound of 3 s comes
    assert told_lost(clock, np.cumsum(waits)) == pytest.approx(5.0 * 100 - 600 * CHUNK, abs=1)


def test_one_listener_too_many_is_told_so_until_another_is_gone(clock: Clock) -> None:
    listeners, sessions = Listeners(2, clock=clock), [LiveSession() for _ in range(3)]
    for session in (*sessions[:2], *sessions[:2]):
        listeners.admit(session)
    with pytest.raises(RequestError, match="At most 2 people can be heard at a time, and 2 others are heard now; try again"):
        listeners.admit(sessions[2])
    clock.now += GONE_SECONDS
    listeners.admit(sessions[2])
