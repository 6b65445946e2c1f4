"""What a live session tells: its state now, and the rows of what was said when."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from itertools import islice

import pandas as pd

from page.spreadsheets import harmless


class Kind(StrEnum):
    """What a stretch of time was."""

    SILENCE = "silence"
    UNSURE = "unsure"
    EMOTION = "emotion"
    PAUSED = "paused"
    LOST = "lost"


SPOKEN = (Kind.UNSURE, Kind.EMOTION)


@dataclass(frozen=True)
class Row:
    """A stretch of time in one state.

    Attributes
    ----------
    start_seconds, end_seconds : float
        Where, from the start of the session.
    kind : Kind
        What it was.
    emotion : str
        The emotion, of unsure stretches the one that was likeliest at the end; empty where nobody spoke.
    confidence : float
        The largest smoothed probability of that emotion since it was last the likeliest.
    reasons : tuple of str
        Of unsure stretches, every reason that there was (:class:`page.judgement.Reason`).
    """

    start_seconds: float
    end_seconds: float
    kind: Kind
    emotion: str = ""
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()


class Timeline:
    """Rows that follow one another without a gap; the latest are kept.

    Parameters
    ----------
    most_rows : int
        How many.
    """

    def __init__(self, most_rows: int) -> None:
        self._rows: deque[Row] = deque(maxlen=most_rows)

    @property
    def last(self) -> Row | None:
        """The row that goes on now."""
        return self._rows[-1] if self._rows else None

    def latest(self, n: int | None = None) -> tuple[Row, ...]:
        """Return the last n rows, or all, oldest first."""
        return tuple(islice(reversed(self._rows), n))[::-1]

    def extend(self, kind: Kind, end: float, emotion: str = "", confidence: float = 0.0, reasons: tuple[str, ...] = ()) -> None:
        """Prolong the last row if its state goes on, else begin another."""
        last = self.last
        if last is None or last.kind is not kind or (kind is not Kind.UNSURE and last.emotion != emotion):
            self._rows.append(Row(last.end_seconds if last else 0.0, end, kind, emotion, confidence, reasons))
            return
        is_same = last.emotion == emotion
        self._rows[-1] = replace(
            last,
            end_seconds=end,
            emotion=emotion,
            confidence=max(confidence, last.confidence) if is_same else confidence,
            reasons=tuple(dict.fromkeys((*last.reasons, *reasons))),
        )

    def go_on(self, end: float) -> None:
        """Prolong the last row where sound was received, else begin silence."""
        if self.last is None or self.last.kind in (Kind.PAUSED, Kind.LOST):
            self.extend(Kind.SILENCE, end)
        else:
            self._rows[-1] = replace(self._rows[-1], end_seconds=end)


@dataclass(frozen=True)
class Snapshot:
    """What a session shows now.

    Attributes
    ----------
    seconds : float
        How much time has passed.
    answered_seconds : float
        Where the newest sound lies that was taken into account.
    family : str
        Who answers.
    state : Row or None
        The present state.
    level_db : float
        Level of the newest chunk, in dB of full scale.
    probabilities : mapping of str to float
        Smoothed; empty where nobody speaks.
    rows : tuple of Row
        The latest rows, oldest first.
    note : str
        What to know, such as that the answers are late.
    n_clips : int
        On how many earlier clips of the voice the probabilities rest.
    alone : mapping of str to float
        Smoothed probabilities without those; empty where there are none.
    is_unsure, reasons : bool, tuple of str
        Whether and why the present state is unsure.
    notes : tuple of str
        What to know before trusting the newest answer.
    """

    seconds: float
    answered_seconds: float
    family: str
    state: Row | None
    level_db: float
    probabilities: dict[str, float]
    rows: tuple[Row, ...]
    note: str
    n_clips: int = 0
    alone: dict[str, float] = field(default_factory=dict)
    is_unsure: bool = False
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def rows_csv(rows: tuple[Row, ...], *, started: float) -> str:
    """Return what was said when: one line a row, with seconds and the time of day (UTC).

    Parameters
    ----------
    rows : tuple of Row
        Of a session.
    started : float
        When it began, in seconds since 1970.
    """
    columns = ["start_seconds", "end_seconds", "start_utc", "kind", "emotion", "confidence", "is_unsure", "reasons"]
    lines = [
        {
            **asdict(row),
            "start_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started + row.start_seconds)),
            "is_unsure": row.kind is Kind.UNSURE,
            "reasons": ";".join(row.reasons),
        }
        for row in rows
    ]
    table = harmless(pd.DataFrame(lines, columns=columns), "emotion")
    return table.round({"start_seconds": 2, "end_seconds": 2, "confidence": 4}).to_csv(index=False)
