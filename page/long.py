"""Long recordings: cut where somebody speaks, and each stretch answered; two voices on two channels are answered apart.

A recording is decoded piece by piece, twice: once to see its length and channels, once to cut it. No more of it is held than the
stretches that are being answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audio.blocks import header_notes
from audio.clip import SAMPLE_RATE_HZ
from audio.notes import NoteKind
from audio.speech import Stretch, StretchFinder
from audio.survey import Survey, Track, read_tracks, survey
from emotune.errors import EmotuneError, RequestError
from page.engine import Engine, named
from page.judgement import Judgement
from page.spreadsheets import harmless

MAX_MINUTES = 30
"""Of a recording on the page; the command line has no limit."""
N_AT_ONCE = 16
Progress = Callable[[float, float], None]


@dataclass(frozen=True)
class LongRow:
    """A stretch of speech and its answer.

    Attributes
    ----------
    channel : str
        Whose, where channels carry different voices; else empty.
    start_seconds, end_seconds : float
        Where in the recording.
    emotion, confidence : str, float
        The most probable emotion and its probability.
    is_unsure : bool
        Whether there is a reason not to trust it, whatever its confidence.
    notes : tuple of str
        What to know before trusting it.
    probabilities : mapping of str to float
        Of every emotion.
    reasons : tuple of str
        Values of :class:`page.judgement.Reason`; empty where it is sure.
    """

    channel: str
    start_seconds: float
    end_seconds: float
    emotion: str
    confidence: float
    is_unsure: bool
    notes: tuple[str, ...]
    probabilities: dict[str, float]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class LongAnswer:
    """All of a long recording.

    Attributes
    ----------
    duration_seconds : float
        Its length.
    family : str
        Who answered.
    channels : tuple of str
        The voices; one empty name where there is one.
    rows : tuple of LongRow
        By start.
    notes : tuple of str
        What was found in the whole recording.
    """

    duration_seconds: float
    family: str
    channels: tuple[str, ...]
    rows: tuple[LongRow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Cut:
    track: Track
    stretch: Stretch
    samples: NDArray[np.float32]


def read_long(
    engine: Engine,
    path: str | Path | None,
    *,
    family: str,
    max_minutes: float | None = MAX_MINUTES,
    progress: Progress | None = None,
) -> LongAnswer:
    """Answer every stretch of speech in a recording.

    Parameters
    ----------
    engine : Engine
        The champions.
    path : path-like
        A recording of any kind.
    family : str
        Who answers.
    max_minutes : float, optional
        The longest that is taken; None for no limit.
    progress : callable, optional
        Called with (seconds answered, seconds in all).

    Raises
    ------
    RequestError
        If there is no recording.
    BadRecordingError
        If it cannot be used.
    """
    if not path:
        raise RequestError("There is no recording yet: upload one.")
    source = Path(path).name
    found = survey(Path(path), source=source, max_seconds=None if max_minutes is None else 60 * max_minutes)
    rows: list[LongRow] = []
    notes = [note.text for note in (*header_notes(Path(path), held_seconds=found.duration_seconds), *found.notes)]
    threshold = next((member.abstention_threshold for member in engine.loaded if member.key == family), None)
    cuts = _cuts(Path(path), found, source=source)
    while some := list(islice(cuts, N_AT_ONCE)):
        try:
            rows += _answers(engine, family, some, noted={note.kind for note in found.notes}, threshold=threshold)
        except EmotuneError as error:
            if not rows:
                raise
            notes.append(f"From {some[0].stretch.start_seconds:.1f} s on nothing is answered: {error}")
            break
        if progress:
            progress(min(some[-1].stretch.end_seconds, found.duration_seconds), found.duration_seconds)
    if not rows:
        notes.append("No speech was found: nothing in it is loud enough above its background and voiced.")
    return LongAnswer(
        duration_seconds=round(found.duration_seconds, 2),
        family=family,
        channels=tuple(track.name for track in found.tracks),
        rows=tuple(sorted(rows, key=lambda row: (row.start_seconds, row.channel))),
        notes=tuple(notes),
    )


def as_csv(answer: LongAnswer) -> str:
    """Return one line a stretch, with every probability."""
    columns = ["channel", "start_seconds", "end_seconds", "family", "emotion", "confidence", "unsure"]
    lines = [
        {
            **{name: getattr(row, name) for name in ("channel", "start_seconds", "end_seconds", "emotion", "confidence")},
            "family": answer.family,
            "unsure": row.is_unsure,
            **{f"p_{emotion}": p for emotion, p in row.probabilities.items()},
            "notes": " ".join(row.notes),
            "is_unsure": row.is_unsure,
            "reasons": ";".join(row.reasons),
        }
        for row in answer.rows
    ]
    probabilities = [f"p_{emotion}" for emotion in answer.rows[0].probabilities] if answer.rows else []
    table = pd.DataFrame(lines, columns=[*columns, *probabilities, "notes", "is_unsure", "reasons"])
    return harmless(table, "emotion").to_csv(index=False)


def as_audacity(answer: LongAnswer) -> str:
    """Return a label track: start, end and label of each stretch, separated by tabs, as Audacity imports it."""
    return "".join(f"{row.start_seconds:.6f}\t{row.end_seconds:.6f}\t{label(row)}\n" for row in answer.rows)


def label(row: LongRow) -> str:
    """Return a stretch's answer in a few words."""
    words = f"unsure, perhaps {row.emotion}" if row.is_unsure else row.emotion
    return f"{row.channel}: {words}" if row.channel else words


def _cuts(path: Path, found: Survey, *, source: str) -> Iterator[_Cut]:
    finders = [StretchFinder() for _ in found.tracks]
    held = [_Held() for _ in found.tracks]
    for pieces in read_tracks(path, found.tracks, source=source):
        for track, finder, sound, piece in zip(found.tracks, finders, held, pieces, strict=True):
            sound.add(piece)
            yield from (_Cut(track, one, sound.between(one)) for one in finder.push(piece))
            sound.forget_before(finder.needed_from_seconds)
    for track, finder, sound in zip(found.tracks, finders, held, strict=True):
        yield from (_Cut(track, one, sound.between(one)) for one in finder.finish())


class _Held:
    """The sound that a later stretch may still hold."""

    def __init__(self) -> None:
        self._first = 0
        self._samples = np.zeros(0, dtype=np.float32)

    def add(self, samples: NDArray[np.float32]) -> None:
        self._samples = np.concatenate([self._samples, samples])

    def between(self, stretch: Stretch) -> NDArray[np.float32]:
        first, last = (round(at * SAMPLE_RATE_HZ) - self._first for at in (stretch.start_seconds, stretch.end_seconds))
        return self._samples[max(0, first) : last].copy()

    def forget_before(self, seconds: float) -> None:
        n = max(0, round(seconds * SAMPLE_RATE_HZ) - self._first)
        self._samples = self._samples[n:].copy()
        self._first += n


def _answers(
    engine: Engine, family: str, cuts: Sequence[_Cut], *, noted: Collection[NoteKind], threshold: float | None
) -> list[LongRow]:
    found = engine.predict([cut.samples for cut in cuts], families=[family])
    return [
        _row(engine, cut, found.probabilities[family][k], found.judge(cut.samples, rows=slice(k, k + 1), noted=noted), threshold)
        for k, cut in enumerate(cuts)
    ]


def _row(engine: Engine, cut: _Cut, probabilities: NDArray[np.float64], judgement: Judgement, threshold: float | None) -> LongRow:
    best = int(probabilities.argmax())
    confidence = float(probabilities[best])
    reasons = judgement.of(confidence, threshold=threshold)
    return LongRow(
        channel=cut.track.name,
        start_seconds=cut.stretch.start_seconds,
        end_seconds=cut.stretch.end_seconds,
        emotion=engine.emotions[best],
        confidence=round(confidence, 4),
        is_unsure=bool(reasons),
        notes=judgement.advice,
        probabilities=named(engine.emotions, probabilities),
        reasons=reasons,
    )
