"""Listen: one recording, every family's prediction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.load import Loaded, load
from audio.notes import Note
from emotune.errors import RequestError
from page.engine import Engine, Predictions, named, rank
from page.judgement import Judgement
from page.measures import ACTIVE_DB, block_levels_db

WHOLE_SECONDS = 4.0
"""Longer clips are predicted by sliding windows: the models learnt from clips of about this length."""
WINDOW_SECONDS = 3.0
HOP_SECONDS = 1.0
MAX_WINDOWS = 120


@dataclass(frozen=True)
class Prediction:
    """What one family predicts.

    Attributes
    ----------
    family, title : str
        Who.
    uar : float or None
        What it is worth on unseen speakers, a fraction.
    emotion, confidence : str, float
        Its most probable emotion and the probability of that.
    is_unsure : bool
        Whether there is a reason not to trust it, whatever its confidence.
    probabilities : mapping of str to float
        Of every emotion.
    reasons : tuple of str
        Values of :class:`page.judgement.Reason`; empty where it is sure.
    """

    family: str
    title: str
    uar: float | None
    emotion: str
    confidence: float
    is_unsure: bool
    probabilities: dict[str, float]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """A stretch of a long recording.

    Attributes
    ----------
    start_seconds, end_seconds : float
        Where.
    probabilities : mapping of str to mapping of str to float
        By family and emotion; empty if the stretch is quiet.
    """

    start_seconds: float
    end_seconds: float
    probabilities: dict[str, dict[str, float]]


@dataclass(frozen=True)
class ClipPredictions:
    """All that the page shows of a recording.

    Attributes
    ----------
    duration_seconds : float
        Its length.
    emotions : tuple of str
        The order of the emotions.
    predictions : tuple of Prediction
        One a family, best family first; of a long recording, the mean over its windows.
    agreement : tuple of (str, int)
        The emotion that most families name, and how many.
    timeline : tuple of Window
        Of a long recording; else empty.
    notes : tuple of str
        What loading changed in the recording or found missing or doubtful, as a search notes it.
    advice : tuple of str
        What else to know before trusting the predictions.
    """

    duration_seconds: float
    emotions: tuple[str, ...]
    predictions: tuple[Prediction, ...]
    agreement: tuple[str, int]
    timeline: tuple[Window, ...]
    notes: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def is_unsure(self) -> bool:
        """Whether the best family is unsure."""
        return self.predictions[0].is_unsure

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the best family is unsure."""
        return self.predictions[0].reasons


def load_clip(path: str | Path | None) -> Loaded:
    """Load an uploaded or recorded file, with notes.

    Raises
    ------
    RequestError
        If there is none.
    BadRecordingError
        If it cannot be used.
    """
    if not path:
        raise RequestError("There is no clip yet: record one, upload one or choose an example.")
    return load(path, name=Path(path).name)


@dataclass(frozen=True, eq=False)
class JudgedClip:
    """A recording as every family judges it, window by window if it is long.

    Attributes
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``.
    starts_seconds : tuple of float
        Of its windows; empty if it is short.
    is_loud : tuple of bool
        Which of them hold sound.
    found : Predictions
        Of those that do.
    judgement : Judgement
        Of the whole recording.
    """

    samples: NDArray[np.float32]
    starts_seconds: tuple[float, ...]
    is_loud: tuple[bool, ...]
    found: Predictions
    judgement: Judgement

    @property
    def is_nonsense(self) -> bool:
        """Whether it hardly resembles speech, and so tells nothing of its speaker."""
        return not self.judgement.is_voice


def judge(engine: Engine, samples: NDArray[np.float32], *, notes: Sequence[Note] = ()) -> JudgedClip:
    """Let every family predict a recording's windows."""
    starts = window_starts_seconds(len(samples) / SAMPLE_RATE_HZ)
    windows = [_cut(samples, start) for start in starts] or [samples]
    is_loud = _is_loud(windows, samples)
    found = engine.predict([window for window, loud in zip(windows, is_loud, strict=True) if loud])
    judgement = found.judge(samples, noted={note.kind for note in notes})
    return JudgedClip(samples, starts, tuple(is_loud), found, judgement)


def listen(engine: Engine, samples: NDArray[np.float32], *, notes: Sequence[Note] = ()) -> ClipPredictions:
    """Let every family judge a recording.

    Parameters
    ----------
    engine : Engine
        The champions.
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``.
    notes : sequence of Note
        What the loader noted on them.
    """
    return conclude(engine, judge(engine, samples, notes=notes), notes=notes)


def conclude(engine: Engine, clip: JudgedClip, *, notes: Sequence[Note] = ()) -> ClipPredictions:
    """Return what the page shows of a recording that every family has judged."""
    predictions = summarise(engine, clip.found, judgement=clip.judgement)
    return ClipPredictions(
        duration_seconds=round(len(clip.samples) / SAMPLE_RATE_HZ, 2),
        emotions=engine.emotions,
        predictions=predictions,
        agreement=Counter(prediction.emotion for prediction in predictions).most_common(1)[0],
        timeline=_timeline(engine, clip.starts_seconds, clip.is_loud, clip.found),
        notes=tuple(note.text for note in notes),
        advice=clip.judgement.advice,
    )


def summarise(engine: Engine, found: Predictions, *, judgement: Judgement | None = None) -> tuple[Prediction, ...]:
    """Return each family's prediction for one recording: the mean over its windows; none is sure of what was judged no speech."""
    judged = judgement or Judgement()
    predictions = []
    for member in rank([one for one in engine.loaded if one.key in found.probabilities]):
        mean = found.probabilities[member.key].mean(axis=0)
        best = int(mean.argmax())
        confidence = float(mean[best])
        reasons = judged.of(confidence, threshold=member.abstention_threshold)
        emotion, by_emotion = engine.emotions[best], named(engine.emotions, mean)
        predictions.append(Prediction(member.key, member.title, member.uar, emotion, confidence, bool(reasons), by_emotion, reasons))
    return tuple(predictions)


def window_starts_seconds(duration_seconds: float) -> tuple[float, ...]:
    """Return where the windows of a recording start: none for a short one, at most 120, the last ending with it."""
    if duration_seconds <= WHOLE_SECONDS:
        return ()
    last = duration_seconds - WINDOW_SECONDS
    n_windows = min(MAX_WINDOWS, int(np.ceil(last / HOP_SECONDS)) + 1)
    return tuple(np.linspace(0, last, n_windows).round(3).tolist())


def _cut(samples: NDArray[np.float32], start_seconds: float) -> NDArray[np.float32]:
    first = round(start_seconds * SAMPLE_RATE_HZ)
    return samples[first : first + round(WINDOW_SECONDS * SAMPLE_RATE_HZ)]


def _is_loud(windows: list[NDArray[np.float32]], samples: NDArray[np.float32]) -> list[bool]:
    """Return which windows hold sound, judged by the recording's own level."""
    limit_db = np.quantile(block_levels_db(samples), 0.97) - ACTIVE_DB
    loudest_db = [block_levels_db(window).max() for window in windows]
    return [level >= min(limit_db, max(loudest_db)) for level in loudest_db]


def _timeline(engine: Engine, starts: tuple[float, ...], is_loud: Sequence[bool], found: Predictions) -> tuple[Window, ...]:
    rows = np.cumsum(is_loud) - 1
    return tuple(
        Window(
            start,
            round(start + WINDOW_SECONDS, 3),
            {key: named(engine.emotions, values[row]) for key, values in found.probabilities.items()} if loud else {},
        )
        for start, row, loud in zip(starts, rows, is_loud, strict=False)
    )
