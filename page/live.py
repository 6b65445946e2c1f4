"""Live: sound that goes on, answered every half second from a window of its last seconds.

A session holds the last seconds of sound and what was answered, nothing else, and neither grows beyond its bounds. One window at a
time is predicted on a machine; a session that does not get its turn in time goes without, and its next window is the newest, so that
nothing stale is ever waited for.

The state shown is smoothed: probabilities are averaged with weights that fall exponentially, and another state is shown once it has
been the answer twice.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.speech import HOP_SECONDS, VoiceActivity
from page.engine import Engine
from page.judgement import Judgement, Reason
from page.live_rows import Kind, Row, Snapshot
from page.live_voice import LiveVoice

SILENCE_DB = -100.0
MAX_LISTENERS = 8
"""Sessions whose chunks are taken at the same time."""
N_SHOWN = 150
"""Rows of a snapshot: more than a minute has."""


@dataclass(frozen=True)
class LiveSettings:
    """How a session listens.

    Attributes
    ----------
    window_seconds, every_seconds : float
        What is predicted, and how often.
    min_voice_seconds : float
        A window with less voice is not predicted.
    silent_after_seconds : float
        Without voice for so long there is silence.
    smoothing : float
        Weight of the newest probabilities.
    n_agreeing : int
        How many answers in a row change the state.
    patience_seconds : float
        How long a window waits for its turn before it is dropped.
    behind_seconds : float
        An answer older than this is told to be late.
    lost_seconds : float
        After so long without a chunk, the connection was lost.
    most_rows : int
        The latest rows are kept, at most so many.
    """

    window_seconds: float = 2.5
    every_seconds: float = 0.5
    min_voice_seconds: float = 0.25
    silent_after_seconds: float = 0.8
    smoothing: float = 0.5
    n_agreeing: int = 2
    patience_seconds: float = 0.45
    behind_seconds: float = 1.5
    lost_seconds: float = 2.0
    most_rows: int = 7200


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


@dataclass(frozen=True, eq=False)
class Heard:
    """What a family says of one window: probabilities (n_emotions,), and whether it can be answered at all."""

    probabilities: NDArray[np.float64]
    judgement: Judgement


class LiveSession:
    """One listener's session; its methods may be called from any thread.

    Parameters
    ----------
    settings : LiveSettings
        How it listens.
    clock : callable
        Returns the time in seconds.
    voice : LiveVoice, optional
        What is known of the speaker; nothing by default, and nothing is learnt.
    """

    def __init__(
        self,
        settings: LiveSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        voice: LiveVoice | None = None,
    ) -> None:
        self.settings = settings or LiveSettings()
        self.voice = voice
        self.started = time.time()
        self._clock = clock
        self._lock = threading.RLock()
        self._activity = VoiceActivity()
        self._ring = np.zeros(0, dtype=np.float32)
        self._voiced: deque[bool] = deque(maxlen=round(self.settings.window_seconds / HOP_SECONDS))
        self._rows: deque[Row] = deque(maxlen=self.settings.most_rows)
        self._seconds = self._answered = self._asked = 0.0
        self._pushed_at: float | None = None
        self._level_db = SILENCE_DB
        self._smooth: NDArray[np.float64] | None = None
        self._candidate: tuple[tuple[Kind, str], int] = ((Kind.SILENCE, ""), 0)
        self._family = ""
        self._judgement = Judgement()
        self._reasons: tuple[Reason, ...] = ()
        self.is_paused = False

    def pause(self, is_paused: bool) -> None:
        """Stop or go on listening; what comes meanwhile is not kept."""
        with self._lock:
            self.is_paused = is_paused
            self._forget_sound()

    def hear(self, samples: NDArray[np.float32], *, engine: Engine, family: str, turns: Turns) -> Snapshot:
        """Take what follows, answer if it is time, and return what to show.

        Parameters
        ----------
        samples : ndarray [shape=(n,), dtype=float32]
            Mono audio at ``SAMPLE_RATE_HZ``.
        engine : Engine
            The champions.
        family : str
            Who answers.
        turns : Turns
            Shared by all sessions of a machine.
        """
        with self._lock:
            self._push(samples)
            if family != self._family:
                self._family, self._smooth = family, None
            window = self._window()
        if window is not None:
            heard = turns.take(lambda: _predict(engine, family, window[1]), patience_seconds=self.settings.patience_seconds)
            with self._lock:
                if heard is not None:
                    self._answer(heard, engine, at=window[0])
        with self._lock:
            return self._snapshot(engine)

    def rows(self) -> tuple[Row, ...]:
        """Return what was said when, oldest first."""
        with self._lock:
            return tuple(self._rows)

    def _push(self, samples: NDArray[np.float32]) -> None:
        now, duration = self._clock(), len(samples) / SAMPLE_RATE_HZ
        if self._pushed_at is not None and (gap := now - self._pushed_at - duration) > self.settings.lost_seconds:
            self._extend(Kind.PAUSED if self.is_paused else Kind.LOST, self._seconds + gap)
            self._forget_sound()
        self._pushed_at = now
        end = self._seconds + duration
        if self.is_paused:
            self._level_db = SILENCE_DB
            self._extend(Kind.PAUSED, end)
            self._answered = self._asked = end
            return
        self._seconds = end
        if len(samples):
            self._level_db = float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-10))
        self._voiced.extend(self._activity.push(samples).is_voiced.tolist())
        n_kept = round(self.settings.window_seconds * SAMPLE_RATE_HZ)
        self._ring = np.concatenate([self._ring, samples])[-n_kept:]

    def _window(self) -> tuple[float, NDArray[np.float32]] | None:
        """Return what to predict and where it ends; silence is answered here, without any model."""
        if self.is_paused or self._seconds - self._asked < self.settings.every_seconds - 0.01:
            return None
        self._asked = self._seconds
        n_recent = round(self.settings.silent_after_seconds / HOP_SECONDS)
        voiced = list(self._voiced)
        if not any(voiced[-n_recent:]):
            self._smooth, self._candidate = None, ((Kind.SILENCE, ""), self.settings.n_agreeing)
            self._extend(Kind.SILENCE, self._seconds)
            self._answered = self._seconds
            return None
        if sum(voiced) * HOP_SECONDS < self.settings.min_voice_seconds:
            self._extend_last(self._seconds)
            self._answered = self._seconds
            return None
        return self._seconds, self._ring.copy()

    def _answer(self, heard: Heard, engine: Engine, *, at: float) -> None:
        if at <= self._answered or self.is_paused:
            return
        adapted = heard.probabilities
        if self.voice is not None:
            adapted = self.voice.adapt(engine, self._family, heard.probabilities, at=at, is_nonsense=not heard.judgement.is_voice)
        both = np.stack([adapted, heard.probabilities])  # with the voice and without it, so that both are smoothed alike
        share = 1.0 if self._smooth is None else self.settings.smoothing
        self._smooth = share * both + (0.0 if self._smooth is None else (1 - share) * self._smooth)
        best = int(self._smooth[0].argmax())
        confidence = float(self._smooth[0][best])
        threshold = next((one.abstention_threshold for one in engine.ready if one.key == self._family), None)
        self._judgement, self._reasons = heard.judgement, heard.judgement.of(confidence, threshold=threshold)
        is_unsure = bool(self._reasons)
        found = (Kind.UNSURE if is_unsure else Kind.EMOTION, engine.emotions[best])
        # Of an unsure stretch the likeliest emotion may change without a change of state.
        known, n = self._candidate
        is_same = known[0] is found[0] and (is_unsure or known == found)
        self._candidate = (found, n + 1 if is_same else 1)
        current = self._rows[-1] if self._rows else None
        if current is None or current.kind not in (Kind.UNSURE, Kind.EMOTION) or self._candidate[1] >= self.settings.n_agreeing:
            self._extend(found[0], at, found[1], confidence, self._reasons)
        else:
            self._extend_last(at)
        self._answered = at

    def _extend(self, kind: Kind, end: float, emotion: str = "", confidence: float = 0.0, reasons: tuple[Reason, ...] = ()) -> None:
        """Prolong the last row if its state goes on, else begin another."""
        start = self._rows[-1].end_seconds if self._rows else 0.0
        last = self._rows[-1] if self._rows else None
        if last is not None and last.kind is kind and (kind is Kind.UNSURE or last.emotion == emotion):
            self._rows[-1] = replace(
                last,
                end_seconds=end,
                emotion=emotion or last.emotion,
                confidence=max(confidence, last.confidence),
                reasons=tuple(dict.fromkeys((*last.reasons, *reasons))),
            )
        else:
            self._rows.append(Row(start, end, kind, emotion, confidence, reasons))
        self._seconds = max(self._seconds, end)

    def _extend_last(self, end: float) -> None:
        if self._rows:
            self._rows[-1] = replace(self._rows[-1], end_seconds=end)
        else:
            self._extend(Kind.SILENCE, end)

    def _forget_sound(self) -> None:
        self._ring = np.zeros(0, dtype=np.float32)
        self._activity = VoiceActivity()
        self._voiced.clear()
        self._smooth = None

    def _snapshot(self, engine: Engine) -> Snapshot:
        late = self._seconds - self._answered
        last = self._rows[-1] if self._rows else None
        note = ""
        if late > self.settings.behind_seconds:
            note = f"The answers are {late:.1f} s late: this machine cannot keep up. Choose a quicker family."
        is_spoken = last is not None and last.kind in (Kind.UNSURE, Kind.EMOTION)
        is_unsure = last is not None and last.kind is Kind.UNSURE
        smooth = self._smooth if is_spoken else None
        probabilities, alone = ({}, {}) if smooth is None else (_named(engine, one) for one in smooth)
        n_clips = 0 if self.voice is None else self.voice.n_clips
        return Snapshot(
            seconds=round(self._seconds, 2),
            answered_seconds=round(self._answered, 2),
            family=self._family,
            state=last,
            level_db=round(self._level_db, 1),
            probabilities=probabilities,
            rows=tuple(islice(reversed(self._rows), N_SHOWN))[::-1],
            note=note,
            n_clips=n_clips,
            alone=alone if n_clips else {},
            is_unsure=is_unsure,
            reasons=(self._reasons or (last.reasons if last else ())) if is_unsure else (),
            notes=self._judgement.advice if is_spoken else (),
        )


def _named(engine: Engine, probabilities: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(p), 4) for name, p in zip(engine.emotions, probabilities, strict=True)}


def _predict(engine: Engine, family: str, samples: NDArray[np.float32]) -> Heard:
    found = engine.predict([samples], families=[family])
    return Heard(found.probabilities[family][0], found.judge(samples))
