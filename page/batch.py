"""Batch: many recordings, or a zip of them, as one table; a bad file becomes a row with its reason.

Where it is known who speaks (:mod:`page.batch_speakers`), the earlier clips of the same speaker adapt a second prediction, which
stands beside the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from audio.load import Loaded, load
from emotune.errors import BadRecordingError, EmotuneError
from page.batch_speakers import joined, read_speakers, speaker_of, speakers_in_folders
from page.engine import Engine
from page.listen import Prediction, listen
from page.same_voice import listen_again
from page.spreadsheets import harmless
from page.uploads import MAX_BATCH_SECONDS, Source, find_sources
from page.voice import Voice

TOO_LATE = (
    f"must lie within the first {MAX_BATCH_SECONDS / 60:.0f} minutes of a batch, but those before it last longer; give it alone."
)
"""Of a recording whose header did not say how long it is, or lied."""
NAMES_NONE = "a table must name recordings of the batch, but names none; give their file names."
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
    speaker : str
        Who speaks; empty if nobody said.
    n_earlier : int
        How many earlier clips of the speaker ``with_voice`` rests on.
    with_voice : tuple of Prediction
        The predictions with those; empty where it is not known who speaks.
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
    speaker: str = ""
    n_earlier: int = 0
    with_voice: tuple[Prediction, ...] = ()


def batch(engine: Engine, paths: Sequence[str | Path] | None, *, progress: Progress | None = None) -> tuple[Row, ...]:
    """Let every family judge many recordings.

    Parameters
    ----------
    engine : Engine
        The champions.
    paths : sequence of path-like
        Recordings and zips of recordings, within the limits of :mod:`page.uploads`, and tables of who speaks in them.
    progress : callable, optional
        Called with (files done, files in all).

    Raises
    ------
    RequestError
        If there are none or too many, if they are too long together, or if there are too many tables.
    """
    return tuple(judge_each(engine, paths, progress=progress))


def judge_each(engine: Engine, paths: Sequence[str | Path] | None, *, progress: Progress | None = None) -> Iterator[Row]:
    """Yield each row of a batch once its recording is judged; parameters and errors as of :func:`batch`."""
    sources, tables = find_sources(paths)
    speakers, bad_tables = _speakers(sources, tables)
    voices: dict[str, Voice] = {}
    seconds = 0.0
    for done, source in enumerate(sources):
        if progress:
            progress(done, len(sources))
        if seconds > MAX_BATCH_SECONDS:
            yield Row(source.name, problem=TOO_LATE)
            continue
        try:
            loaded = _load(source)
        except BadRecordingError as error:
            yield Row(source.name, problem=error.rule)
            continue
        seconds += loaded.duration_seconds
        yield _judge(engine, source.name, loaded, speakers.get(source, ""), voices)
    yield from bad_tables


def as_csv(rows: Sequence[Row]) -> str:
    """Return one line a file and family, with every probability, and what to know about the file in its last columns."""
    is_known = any(row.speaker for row in rows)
    lines = [
        {"file": row.file, "family": prediction.family, "emotion": prediction.emotion, "confidence": prediction.confidence}
        | {"unsure": prediction.is_unsure}
        | {f"p_{emotion}": p for emotion, p in prediction.probabilities.items()}
        | (_known(row, prediction) if is_known else {})
        | {"problem": "", "notes": " ".join(row.notes), "advice": " ".join(row.advice)}
        | {"is_unsure": prediction.is_unsure, "reasons": ";".join(prediction.reasons)}
        for row in rows
        for prediction in row.predictions
    ]
    bad = [{"file": row.file, "problem": row.problem, "notes": "", "advice": "", "reasons": ""} for row in rows if row.problem]
    table = harmless(pd.DataFrame([*lines, *bad]), "file", "emotion", "speaker", "emotion_with_voice")
    return table.to_csv(index=False)


def _known(row: Row, prediction: Prediction) -> dict[str, str | int | float | bool | None]:
    """Return what stands beside a prediction where somebody said who speaks."""
    found = next((one for one in row.with_voice if one.family == prediction.family), None)
    return {
        "speaker": row.speaker,
        "earlier_clips": row.n_earlier if found else None,
        "emotion_with_voice": found.emotion if found else None,
        "confidence_with_voice": found.confidence if found else None,
        "unsure_with_voice": found.is_unsure if found else None,
    }


def _speakers(sources: Sequence[Source], tables: Sequence[Source]) -> tuple[dict[Source, str], tuple[Row, ...]]:
    """Return who speaks in which recording, and a row for each table that cannot be used."""
    if tables:
        return _in_tables(sources, tables)
    found: dict[Source, str] = {}
    for path in {source.path for source in sources if source.place is not None}:
        inside = {source.name: source for source in sources if source.path == path}
        found |= {inside[name]: folder for name, folder in speakers_in_folders(list(inside)).items()}
    return found, ()


def _in_tables(sources: Sequence[Source], tables: Sequence[Source]) -> tuple[dict[Source, str], tuple[Row, ...]]:
    bad = []
    named: dict[str, str] = {}
    for table in tables:
        try:
            with table.opened() as path:
                its = read_speakers(path, name=table.name)
            if not any(speaker_of(source.name, its) for source in sources):
                raise BadRecordingError(table.name, NAMES_NONE)
            named = joined((*named.items(), *its.items()), name=table.name)
        except BadRecordingError as error:
            bad.append(Row(table.name, problem=error.rule))
    return {source: speaker_of(source.name, named) for source in sources}, tuple(bad)


def _load(source: Source) -> Loaded:
    """Load a recording; whatever is raised meanwhile belongs to it."""
    try:
        with source.opened() as path:
            return load(path, name=source.name)
    except BadRecordingError:
        raise
    except Exception as error:
        rule = f"must load, but that fails ({type(error).__name__}); convert it to WAV or FLAC."
        raise BadRecordingError(source.name, rule) from error


def _judge(engine: Engine, name: str, loaded: Loaded, speaker: str, voices: dict[str, Voice]) -> Row:
    """Judge a recording; a fault of the models costs its row alone."""
    known = Row(name)
    try:
        if speaker:
            both = listen_again(engine, loaded.samples, voices.get(speaker), notes=loaded.notes)
            voices[speaker], found = both.voice, both.alone
            known = replace(known, speaker=speaker, n_earlier=both.n_clips, with_voice=both.with_voice.predictions)
        else:
            found = listen(engine, loaded.samples, notes=loaded.notes)
    except EmotuneError as error:
        return Row(name, problem=str(error))
    except Exception as error:
        return Row(name, problem=f"must be judged, but that fails ({type(error).__name__}); judge it again in a minute.")
    best = found.predictions[0]
    return replace(
        known,
        predictions=found.predictions,
        notes=found.notes,
        advice=found.advice,
        is_unsure=best.is_unsure,
        reasons=best.reasons,
    )
