"""Live: sound that goes on, answered every half second from a window of its last seconds.

A session holds the last seconds of sound and what was answered, nothing else, and neither grows beyond its bounds. One window at a
time is predicted on a machine; a session that does not get its turn in time goes without, and its next window is the newest, so that
nothing stale is ever waited for.

The state shown is smoothed: probabilities are averaged with weights that fall exponentially, and another state is shown once it has
been the answer twice.

Chunks can be lost on the way: Gradio keeps the newest one alone while another is answered. When they come tells how many were, and
silence keeps their place.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from page.engine import Engine, named
from page.judgement import Judgement, Reason
from page.live_rows import SPOKEN, Kind, Row, Snapshot, Timeline
from page.live_settings import LiveSettings
from page.live_sound import LiveSound
from page.live_turns import Pace, Turns
from page.live_voice import LiveVoice

N_SHOWN = 150
"""Rows of a snapshot: more than a minute has."""
NOTHING_YET = ((Kind.SILENCE, ""), 0)


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
        self._clock = clock
        self._lock = threading.RLock()
        self._engine: weakref.ref[Engine] | None = None
        self._family = ""
        self._begin()

    def __deepcopy__(self, _: object) -> LiveSession:
        """Return a session that begins: Gradio copies for each visitor the one that it was given."""
        return LiveSession(self.settings, clock=self._clock, voice=self.voice and LiveVoice(self.settings.window_seconds))

    def start_over(self) -> None:
        """Forget everything; what is being predicted counts no more."""
        with self._lock:
            self._begin()
            if self.voice is not None:
                self.voice.forget()

    def new_voice(self) -> None:
        """Forget the speaker, with the sound and the answers that are theirs; what was said when stays."""
        with self._lock:
            self._forget_sound()
            if self.voice is not None:
                self.voice.forget()

    def pause(self, is_paused: bool) -> None:
        """Stop or go on listening; what comes meanwhile is not kept."""
        with self._lock:
            self.is_paused = is_paused
            self._forget_sound()

    def switch_on(self) -> None:
        """Expect sound of a microphone that was off: what did not come until then was not lost."""
        with self._lock:
            self._was_off = True
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
            if self._family != family or self._engine is None or self._engine() is not engine:
                self._engine, self._family = weakref.ref(engine), family
                self._begin_answers()
            window, answers = self._window(), self._answers
        if window is not None:
            heard = turns.take(lambda: _predict(engine, family, window[1]), patience_seconds=self.settings.patience_seconds)
            with self._lock:
                if heard is not None and answers is self._answers:
                    self._answer(heard, engine, at=window[0])
        with self._lock:
            return self._snapshot(engine)

    def rows(self) -> tuple[Row, ...]:
        """Return what was said when, oldest first."""
        with self._lock:
            return self._timeline.latest()

    def _begin(self) -> None:
        self.started: float | None = None
        self.is_paused = self._was_off = False
        self._pace = Pace(self.settings.every_seconds, clock=self._clock)
        self._sound = LiveSound(self.settings.window_seconds)
        self._timeline = Timeline(self.settings.most_rows)
        self._seconds = self._answered = self._asked = 0.0
        self._lost_seconds, self._lost_at = 0.0, -np.inf
        self._begin_answers()

    def _begin_answers(self) -> None:
        """Forget what was said of other sound, by another family or of another result, whose emotions may be others."""
        self._answers = object()
        self._smooth: NDArray[np.float64] | None = None
        self._candidate: tuple[tuple[Kind, str], int] = NOTHING_YET
        self._judgement = Judgement()
        self._reasons: tuple[Reason, ...] = ()

    def _push(self, samples: NDArray[np.float32]) -> None:
        duration = len(samples) / SAMPLE_RATE_HZ
        if self.started is None:
            self.started = time.time() - duration
        if missing := self._pace.missing_seconds(duration):
            self._skip(missing)
        self._was_off = False
        self._seconds += duration
        if self.is_paused:
            self._timeline.extend(Kind.PAUSED, self._seconds)
            self._answered = self._asked = self._seconds
        else:
            self._sound.push(samples)

    def _skip(self, seconds: float) -> None:
        """Leave out a stretch of which no sound came."""
        self._seconds = self._answered = self._asked = self._seconds + seconds
        is_lost = not (self.is_paused or self._was_off)
        self._timeline.extend(Kind.LOST if is_lost else Kind.PAUSED, self._seconds)
        if is_lost and seconds <= self.settings.away_seconds:
            self._sound.skip(seconds)
            self._lost_seconds, self._lost_at = self._lost_seconds + seconds, self._seconds
        else:
            self._forget_sound()

    def _window(self) -> tuple[float, NDArray[np.float32]] | None:
        """Return what to predict and where it ends; silence is answered here, without any model."""
        if self.is_paused or self._seconds - self._asked < self.settings.every_seconds - 0.01:
            return None
        self._asked = self._seconds
        if not self._sound.voice_seconds(self.settings.silent_after_seconds):
            self._smooth, self._candidate = None, ((Kind.SILENCE, ""), self.settings.n_agreeing)
            self._timeline.extend(Kind.SILENCE, self._seconds)
            self._answered = self._seconds
            return None
        if self._sound.voice_seconds() < self.settings.min_voice_seconds:
            self._timeline.go_on(self._seconds)
            self._answered = self._seconds
            return None
        return self._seconds, self._sound.samples

    def _answer(self, heard: Heard, engine: Engine, *, at: float) -> None:
        if at <= self._answered:
            return
        adapted = heard.probabilities
        if self.voice is not None:
            adapted = self.voice.adapt(engine, self._family, heard.probabilities, at=at, is_nonsense=not heard.judgement.is_voice)
        both = np.stack([adapted, heard.probabilities])  # with the voice and without it, so that both are smoothed alike
        is_first = self._smooth is None
        share = self.settings.smoothing
        self._smooth = both if self._smooth is None else share * both + (1 - share) * self._smooth
        best = int(self._smooth[0].argmax())
        confidence = float(self._smooth[0][best])
        threshold = next((one.abstention_threshold for one in engine.loaded if one.key == self._family), None)
        self._judgement, self._reasons = heard.judgement, heard.judgement.of(confidence, threshold=threshold)
        is_unsure = bool(self._reasons)
        found = (Kind.UNSURE if is_unsure else Kind.EMOTION, engine.emotions[best])
        # Of an unsure stretch the likeliest emotion may change without a change of state.
        known, n = self._candidate
        is_same = known[0] is found[0] and (is_unsure or known == found)
        self._candidate = (found, n + 1 if is_same else 1)
        current = self._timeline.last
        is_spoken = current is not None and current.kind in SPOKEN
        if is_first or not is_spoken or self._candidate[1] >= self.settings.n_agreeing:
            self._timeline.extend(found[0], at, found[1], confidence, self._reasons)
        else:
            self._timeline.go_on(at)
        self._answered = at

    def _forget_sound(self) -> None:
        self._sound.forget()
        self._begin_answers()

    def _snapshot(self, engine: Engine) -> Snapshot:
        last = self._timeline.last
        is_spoken = last is not None and last.kind in SPOKEN
        is_unsure = last is not None and last.kind is Kind.UNSURE
        smooth = self._smooth if is_spoken else None
        probabilities, alone = ({}, {}) if smooth is None else (named(engine.emotions, one) for one in smooth)
        n_clips = 0 if self.voice is None else self.voice.n_clips
        return Snapshot(
            seconds=round(self._seconds, 2),
            answered_seconds=round(self._answered, 2),
            family=self._family,
            state=last,
            level_db=round(self._sound.level_db, 1),
            probabilities=probabilities,
            rows=self._timeline.latest(N_SHOWN),
            note=" ".join(self._notes()),
            n_clips=n_clips,
            alone=alone if n_clips else {},
            is_unsure=is_unsure,
            reasons=(self._reasons or (last.reasons if last else ())) if is_unsure else (),
            notes=self._judgement.advice if is_spoken else (),
        )

    def _notes(self) -> Iterator[str]:
        late = self._seconds - self._answered
        if late > self.settings.behind_seconds:
            yield f"The answers are {late:.1f} s late: this machine cannot keep up. Choose a quicker family."
        if self._seconds - self._lost_at < self.settings.lost_noted_seconds:
            lost = f"{self._lost_seconds:.1f} s of sound were lost so far: this machine or the connection cannot keep up"
            yield f"{lost}. Choose a quicker family."


def _predict(engine: Engine, family: str, samples: NDArray[np.float32]) -> Heard:
    found = engine.predict([samples], families=[family])
    return Heard(found.probabilities[family][0], found.judge(samples))
