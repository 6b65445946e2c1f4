"""Batch: many recordings, or a zip of them, as one table; a bad file becomes a row with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from audio.load import load
from emotune.errors import BadRecordingError
from page.engine import Engine
from page.listen import Prediction, listen
from page.uploads import Source, find_sources

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Row:
    """One file: every family's prediction, or the reason why there is none.

    Attributes
    ----------
    file : str
        Its name.
    predictions : tuple of Prediction
        Best family first; empty if there is a problem.
    problem : str
        Why it was refused.
    notes, advice : tuple of str
        As in :class:`page.listen.ClipPredictions`.
    is_unsure, reasons : bool, tuple of str
        Of the best family's prediction.
    """

    file: str
    predictions: tuple[Prediction, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    is_unsure: bool = False
    reasons: tuple[str, ...] = ()


def batch(engine: Engine, paths: Sequence[str | Path] | None, *, progress: Progress | None = None) -> tuple[Row, ...]:
    """Let every family judge many recordings.

    Parameters
    ----------
    engine : Engine
        The champions.
    paths : sequence of path-like
        Recordings and zips of recordings, within the limits of :mod:`page.uploads`.
    progress : callable, optional
        Called with (files done, files in all).

    Raises
    ------
    RequestError
        If there are none or too many, or if they are too long together.
    """
    return tuple(judge_each(engine, paths, progress=progress))


def judge_each(engine: Engine, paths: Sequence[str | Path] | None, *, progress: Progress | None = None) -> Iterator[Row]:
    """Yield each row of a batch once its recording is judged; parameters and errors as of :func:`batch`."""
    sources = find_sources(paths)
    for done, source in enumerate(sources):
        if progress:
            progress(done, len(sources))
        yield _judge(engine, source)


def as_csv(rows: Sequence[Row]) -> str:
    """Return one line a file and family, with every probability, and what to know about the file in its last columns."""
    lines = [
        {"file": row.file, "family": prediction.family, "emotion": prediction.emotion, "confidence": prediction.confidence}
        | {"unsure": prediction.is_unsure}
        | {f"p_{emotion}": p for emotion, p in prediction.probabilities.items()}
        | {"problem": "", "notes": " ".join(row.notes), "advice": " ".join(row.advice)}
        | {"is_unsure": prediction.is_unsure, "reasons": ";".join(prediction.reasons)}
        for row in rows
        for prediction in row.predictions
    ]
    bad = [{"file": row.file, "problem": row.problem, "notes": "", "advice": "", "reasons": ""} for row in rows if row.problem]
    table = pd.DataFrame([*lines, *bad])
    for name in {"file", "emotion"} & set(table):
        table[name] = table[name].map(_harmless, na_action="ignore")
    return table.to_csv(index=False)


def _judge(engine: Engine, source: Source) -> Row:
    try:
        with source.opened() as path:
            loaded = load(path, name=source.name)
    except BadRecordingError as error:
        return Row(source.name, problem=error.rule)
    except Exception as error:  # whatever it is, it belongs to this file
        return Row(source.name, problem=f"must load, but that fails ({type(error).__name__}); convert it to WAV or FLAC.")
    found = listen(engine, loaded.samples, notes=loaded.notes)
    best = found.predictions[0]
    return Row(source.name, found.predictions, notes=found.notes, advice=found.advice, is_unsure=best.is_unsure, reasons=best.reasons)


def _harmless(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t") else name
