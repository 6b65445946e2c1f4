"""In time: which family keeps up with sound that goes on."""

from __future__ import annotations

import threading
import time
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import RequestError, UnknownKeyError
from page.engine import Engine, title_of

MAX_SECONDS = 0.25
"""What a window may take: then two listeners are answered every half second, and four every second."""
N_TRIES = 4
TRIED_SECONDS = 3.0


class InTime:
    """Chooses families by how long they take on this machine; measures each engine once.

    Parameters
    ----------
    max_seconds : float
        The longest that a window may take.
    """

    def __init__(self, max_seconds: float = MAX_SECONDS) -> None:
        self._max_seconds = max_seconds
        self._best: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def choose(self, engine: Engine, family: str | None = None) -> str:
        """Return a family's key: the one asked for, or the best by UAR that answers in time.

        Raises
        ------
        UnknownKeyError
            If there is no such family.
        RequestError
            If no family predicts.
        """
        keys = [member.key for member in engine.ready]
        if not keys:
            raise RequestError(f"No champion of {engine.manifest.title} could be loaded; the page (python app.py) says why.")
        if family:
            if family not in keys:
                raise UnknownKeyError("family", family, keys)
            return family
        with self._lock:
            if self._best.get(engine) not in keys:
                self._best[engine] = self._measure(engine)
            return self._best[engine]

    def choose_now(self, engine: Engine, family: str) -> tuple[str, str]:
        """Return who answers as long as the family asked for cannot, and a sentence that says so if it is another.

        Raises
        ------
        RequestError
            If no family predicts.
        """
        if family in {member.key for member in engine.ready}:
            return family, ""
        found = self.choose(engine)
        return found, f"{title_of(family)} cannot predict here now; {title_of(found)} answers." if family else ""

    def _measure(self, engine: Engine) -> str:
        """Return the first family, from the best on, that is quick enough; the quickest if none is."""
        seconds: dict[str, float] = {}
        for member in sorted(engine.ready, key=lambda one: -(one.uar or 0)):
            for _ in range(N_TRIES):  # the first one may still load something
                seconds[member.key] = min(seconds.get(member.key, np.inf), _seconds(engine, member.key))
                if seconds[member.key] <= self._max_seconds:
                    return member.key
        return min(seconds, key=seconds.__getitem__)


def _seconds(engine: Engine, family: str) -> float:
    start = time.perf_counter()
    engine.predict([_syllables()], families=[family])
    return time.perf_counter() - start


def _syllables() -> NDArray[np.float32]:
    n = round(TRIED_SECONDS * SAMPLE_RATE_HZ)
    loudness = np.abs(np.sin(np.arange(n) * np.pi * 4 / SAMPLE_RATE_HZ))
    return (0.1 * loudness * np.sign(np.sin(np.arange(n) * 2 * np.pi * 140 / SAMPLE_RATE_HZ))).astype(np.float32)
