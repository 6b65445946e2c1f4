"""A database in audformat: a folder with ``db.yaml``, tables and recordings, read through the package ``audformat``.

The labels of the schemes or columns ``emotion`` and ``speaker`` are used wherever they are stored: in a column, in a table of
segments, or as a property of each speaker. ``gender``, ``language`` and ``transcription`` are used where they exist.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpora.labels import to_emotion
from corpora.own import Listing, Options, OwnRecordings, require_speakers
from corpora.places import as_stored, count, examples, why_no_file
from corpora.reader import Recording
from corpora.table import GENDERS
from emotune.errors import CorpusError

if TYPE_CHECKING:
    import pandas as pd

HEADER = "db.yaml"
EMOTION = "emotion"
TEXTS = ("transcription", "text")
OPTIONAL = ("speaker", "gender", "language", *TEXTS)


class AudformatDatabase(OwnRecordings):
    """A corpus that an audformat database describes.

    Parameters
    ----------
    path : Path
        The folder that holds ``db.yaml``.
    options : Options, optional
        What a person says about it.

    Raises
    ------
    CorpusError
        If the package is not installed, the database cannot be read, or it has no emotions or no speakers.
    """

    def __init__(self, path: Path, *, options: Options | None = None) -> None:
        options = options or Options()
        database = _load(path)
        super().__init__(path, list_database(database, path, options=options), options=options)
        self.licence = _text(database.license) or self.licence
        self.reference = _text(database.source) or self.reference


def is_audformat(folder: Path) -> bool:
    """Tell whether a folder holds an audformat database."""
    return (folder / HEADER).is_file()


def list_database(database: Any, folder: Path, *, options: Options) -> Listing:
    """List the recordings and segments that have an emotion."""
    labels = _labels(database, folder)
    genders = _genders(database)
    recordings: dict[str, Recording] = {}
    skipped: list[tuple[str, str]] = []
    words: set[str] = set()
    n_unlabelled = 0
    for index, row in zip(labels.index, labels.to_dict("records"), strict=True):
        file, start, end = _place(index)
        word = _text(row[EMOTION])
        if not word:
            n_unlabelled += 1
            continue
        path = as_stored(folder / file)
        name = _name(file, start, end)
        if problem := why_no_file(path):
            skipped.append((name, f"{name}: {problem}"))
            continue
        words.add(word)
        speaker = _text(row.get("speaker"))
        gender = (_text(row.get("gender")) or genders.get(speaker, "")).lower()
        recordings[name] = Recording(
            path,
            name=name,
            speaker=speaker,
            emotion=to_emotion(word, given=options.label_map),
            gender=GENDERS.get(gender, ""),
            language=_language(_text(row.get("language")) or _only(database.languages)),
            text=next(filter(None, (_text(row.get(name)) for name in TEXTS)), ""),
            start_seconds=start,
            end_seconds=end,
        )
    listed = tuple(recordings.values())
    if listed:
        step = "add a scheme or a column speaker to the database"
        require_speakers(listed, options=options, where=folder.name, next_step=step)
    return Listing(listed, tuple(words), tuple(skipped), tuple(_notes(n_unlabelled, database, labels)))


def _load(folder: Path) -> Any:
    """Return the database in a folder."""
    try:
        import audformat
    except ImportError as error:
        raise CorpusError(
            f"{folder} is an audformat database ({HEADER}), which needs the package audformat, but it is not installed; install it "
            f"with: pip install audformat."
        ) from error
    try:
        return audformat.Database.load(str(folder), load_data=True)
    except Exception as error:  # the package lets errors of YAML, pandas and Arrow through
        raise CorpusError(
            f"{folder / HEADER} must be an audformat database that can be read, but: {_first_line(error)}; correct it."
        ) from error


def _labels(database: Any, folder: Path) -> pd.DataFrame:
    """Return the emotion of each recording or segment, with what else is known of it."""
    try:
        labels = database.get(EMOTION)
        known = [name for name in OPTIONAL if not database.get(name).empty]
        labels = database.get(EMOTION, known) if known else labels
    except Exception as error:  # contradicting labels, or tables that do not fit their schemes
        raise CorpusError(
            f"{folder / HEADER} must give a recording one {EMOTION} and one speaker, but: {_first_line(error)}; correct the tables."
        ) from error
    if labels.empty:
        raise CorpusError(
            f"{folder / HEADER} must have a scheme or column {EMOTION}, got the schemes {', '.join(database.schemes) or 'none'} and "
            f"the tables {', '.join(database.tables) or 'none'}; add one, or give a table with --corpus TABLE.csv."
        )
    return labels


def _genders(database: Any) -> dict[str, str]:
    """Return the gender of each speaker, where a table that is not about media has it."""
    genders: dict[str, str] = {}
    for table in database.misc_tables.values():
        if "gender" in table.columns and len(table.levels) == 1:
            genders |= {_text(name): _text(gender) for name, gender in table.df["gender"].items()}
    return genders


def _place(index: Any) -> tuple[str, float | None, float | None]:
    """Return the file of a row, and the start and end of its segment; None stands for the file's own."""
    if not isinstance(index, tuple):
        return str(index), None, None
    file, start, end = index
    start_seconds = 0.0 if start is None else float(start.total_seconds())
    end_seconds = math.nan if end is None else float(end.total_seconds())
    return str(file), start_seconds or None, None if math.isnan(end_seconds) else end_seconds


def _name(file: str, start: float | None, end: float | None) -> str:
    """Return a clip's name: the file, and the segment where it is a part of it."""
    if start is None and end is None:
        return file
    return f"{file}@{start or 0:g}-{'' if end is None else f'{end:g}'}"


def _notes(n_unlabelled: int, database: Any, labels: pd.DataFrame) -> Iterator[str]:
    """Yield what a person should know about a database."""
    if n_unlabelled:
        yield f"{count(n_unlabelled, 'row')} without an emotion, not read."
    labelled = {_place(index)[0] for index in labels.index}
    without = [file for file in database.files if file not in labelled]
    if without:
        yield f"{count(len(without), 'recording')} of the database without an emotion, not read: {examples(without)}."
    if database.splits:
        yield "The splits of the database are not used: folds are made by speaker, so that every figure is for unseen speakers."


def _only(languages: list[str]) -> str:
    return languages[0] if len(languages) == 1 else ""


def _language(word: str) -> str:
    """Return an ISO 639-1 code where Python's list of audformat's codes has one; audformat stores three letters."""
    if len(word) != len("deu"):
        return word.lower()
    try:
        from iso639 import Lang
        from iso639.exceptions import InvalidLanguageValue
    except ImportError:
        return word.lower()
    try:
        return str(Lang(word.lower()).pt1 or word.lower())
    except InvalidLanguageValue:
        return word.lower()


def _text(value: Any) -> str:
    """Return a label as text; nothing for a missing one."""
    return "" if value is None or value != value or str(value) in ("<NA>", "NaT") else str(value).strip()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
