"""A CSV or TSV file of own recordings: one row a clip, with its file, emotion and speaker."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PureWindowsPath

from corpora.labels import to_emotion
from corpora.own import Listing, Options, OwnRecordings, require_speakers
from corpora.places import count, examples, expanded, readable, why_no_file
from corpora.reader import Recording
from emotune.errors import CorpusError

TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".txt"))
SEPARATORS = ",;\t"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "path": ("path", "file", "filename", "file_name", "filepath", "file_path", "wav"),
    "emotion": ("emotion", "label", "emotion_label", "class"),
    "speaker": (
        "speaker",
        "speaker_id",
        "speakerid",
        "spk",
        "spk_id",
        "actor",
        "actor_id",
        "participant",
        "participant_id",
        "subject",
    ),
    "gender": ("gender", "sex"),
    "language": ("language",),
    "corpus": ("corpus",),
    "text": ("text",),
    "split": ("split",),
    "start": ("start",),
    "end": ("end",),
}
"""What each column may be called, the surest name first; case does not count, and blanks and hyphens are underscores."""
MISSING = frozenset(("nan", "none", "null", "n/a", "na", "?", "-"))
"""What stands in a cell where nothing is known."""
MAY_BE_MISSING = frozenset(("speaker", "gender", "language", "start", "end"))

GENDERS = {"f": "female", "female": "female", "w": "female", "woman": "female", "m": "male", "male": "male", "man": "male"}
EXAMPLE = "path,emotion,speaker"


class Table(OwnRecordings):
    """A corpus that a CSV or TSV file lists.

    Columns are ``path`` (or ``file``), ``emotion`` (or ``label``) and ``speaker`` (or ``speaker_id``); optional ones are ``gender``,
    ``language`` (ISO 639-1), ``corpus``, ``text``, ``split``, and ``start`` and ``end`` in seconds. Paths are relative to the file.

    Parameters
    ----------
    path : Path
        The file: UTF-8 with or without a byte order mark, separated by comma, semicolon or tab.
    options : Options, optional
        What a person says about it.

    Raises
    ------
    CorpusError
        If it cannot be read, lacks a column, or no row names a recording.
    """

    def __init__(self, path: Path, *, options: Options | None = None) -> None:
        options = options or Options()
        super().__init__(path, list_rows(path, options=options), options=options)


def list_rows(path: Path, *, options: Options) -> Listing:
    """List the recordings of a table."""
    names, columns, rows = read_rows(path)
    for needed in ("path", "emotion"):
        if needed not in columns:
            raise CorpusError(
                f"{path} must have a column {' or '.join(COLUMNS[needed][:2])}, got the columns {', '.join(names)}; "
                f"name them as in {EXAMPLE}."
            )
    recordings: dict[tuple[Path, str, str], Recording] = {}
    skipped: list[tuple[str, str]] = []
    repeated: list[str] = []
    words: set[str] = set()
    for number, cells in rows:
        where = f"{path.name}, line {number}"
        problem = _problem(cells, path.parent)
        if problem:
            skipped.append((cells.get("path") or where, f"{where}: {problem}"))
            continue
        words.add(cells["emotion"])
        recording = _recording(cells, path.parent, options=options)
        file = (recording.path, cells.get("start", ""), cells.get("end", ""))
        first = recordings.setdefault(file, recording)
        if first is not recording:
            differs = "" if (first.emotion, first.speaker) == (recording.emotion, recording.speaker) else ", with another label"
            repeated.append(f"{recording.name} (line {number}{differs})")
    unique = _with_unique_names(tuple(recordings.values()))
    if unique:
        lacks_column = f"add a column speaker (any name for each person) to {', '.join(names)}"
        next_step = "fill the column of speakers" if "speaker" in columns else lacks_column
        require_speakers(unique, options=options, where=path.name, next_step=next_step)
    return Listing(unique, tuple(words), tuple(skipped), tuple(_notes(columns, repeated)))


def read_rows(path: Path) -> tuple[list[str], dict[str, str], list[tuple[int, dict[str, str]]]]:
    """Return the names in a table's header, its known columns (meaning and name) and its rows with their line numbers.

    Raises
    ------
    CorpusError
        If the file is missing, is not UTF-8, has no row, or a column twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} must be UTF-8 text, but byte {error.start} is not; save it as UTF-8 (CSV UTF-8).") from error
    except OSError as error:
        raise CorpusError(f"{path} must be a table that can be read, but: {error.strerror}; check the path.") from error
    header = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=header.count)
    lines = csv.reader(io.StringIO(text), delimiter=separator)
    names = [name.strip() for name in next((cells for cells in lines if any(cells)), [])]
    columns = {
        meaning: name for meaning, known in COLUMNS.items() for wanted in reversed(known) for name in names if _plain(name) == wanted
    }
    doubled = sorted(name for name in set(columns.values()) if names.count(name) > 1)
    if doubled:
        raise CorpusError(f"{path} must have each column once, got {', '.join(doubled)} more than once; keep one of each.")
    place = {meaning: names.index(name) for meaning, name in columns.items()}
    rows = [
        (lines.line_num, {meaning: _cell(meaning, cells[k]) for meaning, k in place.items() if k < len(cells)})
        for cells in lines
        if any(cell.strip() for cell in cells)
    ]
    if not rows:
        raise CorpusError(f"{path} must have a header and a row for each recording, got no row; begin it with {EXAMPLE}.")
    return names, columns, rows


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_")


def _cell(meaning: str, cell: str) -> str:
    """Return what a cell says; a label may be any word, but elsewhere some words say that nothing is known."""
    cell = cell.strip()
    return "" if meaning in MAY_BE_MISSING and cell.lower() in MISSING else cell


def _problem(cells: Mapping[str, str], folder: Path) -> str:
    """Return why a row cannot be used; nothing if it can."""
    for needed in ("path", "emotion"):
        if not cells.get(needed):
            return f"has no {needed}"
    for name in ("start", "end"):
        try:
            _seconds(cells.get(name, ""))
        except ValueError:
            return f"{name} must be seconds, got {cells[name]!r}"
    return why_no_file(_resolve(cells["path"], folder))


def _recording(cells: Mapping[str, str], folder: Path, *, options: Options) -> Recording:
    path = _resolve(cells["path"], folder)
    start, end = _seconds(cells.get("start", "")), _seconds(cells.get("end", ""))
    gender = cells.get("gender", "").lower()
    return Recording(
        path,
        name=_name(path, folder) + ("" if start is None and end is None else f"@{start or 0:g}-{'' if end is None else f'{end:g}'}"),
        speaker=cells.get("speaker", ""),
        emotion=to_emotion(cells["emotion"], given=options.label_map),
        gender=GENDERS.get(gender, ""),
        language=cells.get("language", "").lower(),
        corpus=cells.get("corpus", ""),
        text=cells.get("text", ""),
        start_seconds=start,
        end_seconds=end,
    )


def _seconds(cell: str) -> float | None:
    """Return a cell's seconds; a comma may stand for the point, and nothing for the file's own start or end."""
    if not cell:
        return None
    seconds = float(cell.replace(",", "."))
    if not 0 <= seconds < float("inf"):
        raise ValueError(cell)
    return seconds


def _resolve(cell: str, folder: Path) -> Path:
    """Return a file, relative to the table's folder; backslashes separate folders where no file has them in its name."""
    path = folder / expanded(cell)
    if "\\" in cell and why_no_file(path):
        path = folder / PureWindowsPath(cell).as_posix()
    return path


def _name(path: Path, folder: Path) -> str:
    """Return a clip's name: the path from the table's folder, or all of it, without the suffix."""
    inside = path.relative_to(folder) if path.is_relative_to(folder) else path
    return readable(inside.with_suffix("").as_posix())


def _with_unique_names(recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """Give recordings that share a name, such as a.wav and a.mp3, names with their suffixes."""
    n_named = Counter(recording.name for recording in recordings)
    return tuple(
        replace(recording, name=recording.name + recording.path.suffix) if n_named[recording.name] > 1 else recording
        for recording in recordings
    )


def _notes(columns: Mapping[str, str], repeated: list[str]) -> Iterator[str]:
    """Yield what a person should know about a table."""
    renamed = [f"{name} as {meaning}" for meaning, name in columns.items() if _plain(name) not in COLUMNS[meaning][:2]]
    if renamed:
        yield f"Columns are read by what they are called: {', '.join(renamed)}."
    if repeated:
        yield f"{count(len(repeated), 'row')} about a recording that an earlier row names, not read: {examples(repeated, n=5)}."
    if "split" in columns:
        yield "The column split is not used: folds are made by speaker, so that every figure is for unseen speakers."
