"""The voice of a live session: stretches of speech that do not overlap tell of it, each only after it has left the window."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evaluation.voices import Floats
from page.engine import Engine
from page.voice import Voice


class LiveVoice:
    """What a session has heard of its speaker. Bounded as :class:`page.voice.Voice` is.

    Parameters
    ----------
    window_seconds : float
        How long a window is; two that end so far apart do not overlap.
    """

    def __init__(self, window_seconds: float = 2.5) -> None:
        self.is_on = True
        self.n_clips = 0
        self._window_seconds = window_seconds
        self._taught: Voice | None = None
        self._heard: Voice | None = None
        self._last: tuple[str, float, NDArray[np.float64]] | None = None
        self._n_stretches = 0
        self._lock = threading.Lock()

    def attend(self, *, is_on: bool, taught: Voice | None) -> None:
        """Switch it on or off, and take what somebody taught of the voice besides; if that was forgotten, so is all the rest."""
        with self._lock:
            if taught is None and self._taught is not None:
                self._heard = self._last = None
            self.is_on, self._taught = is_on, taught

    def forget(self) -> None:
        """Begin a new voice."""
        with self._lock:
            self._taught = self._heard = self._last = None
            self.n_clips = 0

    def adapt(
        self, engine: Engine, family: str, probabilities: NDArray[np.float64], *, at: float, is_nonsense: bool = False
    ) -> Floats:
        """Return a window's probabilities with what was heard before it, and remember it for those that come after it.

        Parameters
        ----------
        engine : Engine
            The champions.
        family : str
            Who answers.
        probabilities : ndarray [shape=(n_emotions,)]
            Of the window.
        at : float
            Where the window ends, in seconds of the session.
        is_nonsense : bool
            Whether it hardly resembles speech, and so tells nothing.
        """
        with self._lock:
            if not self.is_on:
                self.n_clips = 0
                return probabilities
            heard = self._learn(engine, family, probabilities, at=at, is_nonsense=is_nonsense)
            taught = Voice.of(engine, self._taught).known.clips if self._taught else ()
            state = replace(heard, clips=(*taught, *heard.clips)).state(family)
            self.n_clips = len(state.clips)
            return state.adapt(probabilities)

    def _learn(self, engine: Engine, family: str, probabilities: NDArray[np.float64], *, at: float, is_nonsense: bool) -> Voice:
        heard = Voice.of(engine, self._heard)
        if heard is not self._heard or (self._last and self._last[0] != family):
            self._last = None
        if self._last and at - self._window_seconds >= self._last[1]:
            self._n_stretches += 1
            heard, self._last = heard.with_clip(f"live-{self._n_stretches}", {family: self._last[2]}), None
        if self._last is None and not is_nonsense:
            self._last = (family, at, probabilities)
        self._heard = heard
        return heard
