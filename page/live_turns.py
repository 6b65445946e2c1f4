"""Live turns: how the sessions of a machine share it, and how one notices what did not reach it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakKeyDictionary

from emotune.errors import RequestError

MAX_LISTENERS = 8
"""Who can be heard at a time."""
GONE_SECONDS = 10.0
"""Who was not heard for so long makes room."""
SLACK = 0.1
"""Of a chunk's length: who is late by all but so much of it lost a chunk."""


class Turns:
    """One window at a time; who waits too long goes without."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def take(self, run: Callable[[], Any], *, patience_seconds: float) -> Any:
        """Return what ``run`` returns, or None if its turn did not come in time."""
        if not self._lock.acquire(timeout=patience_seconds):
            return None
        try:
            return run()
        finally:
            self._lock.release()


class Listeners:
    """Who is heard now; one too many is told so instead of slowing down all others.

    Parameters
    ----------
    most : int
        How many.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, most: int = MAX_LISTENERS, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._heard: WeakKeyDictionary[Hashable, float] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def admit(self, session: Hashable) -> None:
        """Count a session that is heard now.

        Raises
        ------
        RequestError
            If as many others are heard as can be.
        """
        with self._lock:
            n_others = self._others(session)
            if n_others >= self._most:
                rule = f"At most {self._most} people can be heard at a time, and {n_others} others are heard now"
                raise RequestError(f"{rule}; try again in a while.")
            self._heard[session] = self._clock()

    def _others(self, session: Hashable) -> int:
        now = self._clock()
        return sum(now - at < GONE_SECONDS for one, at in self._heard.items() if one is not session)


class Pace:
    """Tells by when chunks come how much sound is missing before each.

    Parameters
    ----------
    chunk_seconds : float
        How long a chunk is; what is missing are whole ones.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, chunk_seconds: float, *, clock: Callable[[], float]) -> None:
        self._chunk_seconds, self._clock = chunk_seconds, clock
        self._last: float | None = None
        self._behind = 0.0

    def missing_seconds(self, duration: float) -> float:
        """Return how much is missing before a chunk that comes now and lasts so long."""
        now, length = self._clock(), self._chunk_seconds
        since = duration if self._last is None else now - self._last
        # A chunk that comes early makes up for one that comes late, before it or after it.
        self._last, self._behind = now, max(-length, self._behind + since - duration)
        missing = length * max(0, math.floor(self._behind / length + SLACK))
        self._behind -= missing
        return missing


def stopped_clock() -> float:
    """Return the time where none passes: for sound that waits until it is taken, and so is never lost."""
    return 0.0
