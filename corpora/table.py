"""A CSV or TSV file of own recordings: one row a clip, with its file, emotion and speaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path, PureWindowsPath

from corpora.labels import to_emotion
from corpora.own import NOBODY, Listing, Options, OwnRecordings, require_speakers
from corpora.places import as_stored, count, examples, expanded, readable, why_no_file
from corpora.reader import Recording
from corpora.rows import COLUMNS, EXAMPLE, LIKE_A_LENGTH, LIKE_A_TIME, TIMES, Rows, plain_name, read_rows
from emotune.errors import CorpusError

TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".txt"))
GENDERS = {"f": "female", "female": "female", "w": "female", "woman": "female", "m": "male", "male": "male", "man": "male"}
OTHER_LABEL = ", with another label"
CALL_TIMES = "call them start and end (start_ms and end_ms for milliseconds)"


class Table(OwnRecordings):
    """A corpus that a CSV or TSV file lists.

    Columns are ``path`` (or ``file``), ``emotion`` (or ``label``) and ``speaker`` (or ``speaker_id``); optional ones are ``gender``,
    ``language`` (ISO 639-1), ``corpus``, ``text``, ``split``, and ``start`` and ``end``, in seconds or as clocks. Paths are relative
    to the file, or else to the data folder.

    Parameters
    ----------
    path : Path
        The file: UTF-8 with or without a byte order mark, separated by comma, semicolon or tab.
    options : Options, optional
        What a person says about it.
    data : Path, optional
        The data folder that a person named.

    Raises
    ------
    CorpusError
        If it cannot be read, lacks a column, or no row names a recording.
    """

    def __init__(self, path: Path, *, options: Options | None = None, data: Path | None = None) -> None:
        options = options or Options()
        folders = (path.parent, *([expanded(data)] if data else []))
        super().__init__(path, list_rows(path, options=options, folders=folders), options=options)


def list_rows(path: Path, *, options: Options, folders: Sequence[Path]) -> Listing:
    """List the recordings of a table, whose paths are relative to one of some folders."""
    rows = read_rows(path)
    for needed in ("path", "emotion"):
        if needed not in rows.columns:
            raise CorpusError(
                f"{path} must have a column {' or '.join(COLUMNS[needed][:2])}, got the columns {', '.join(rows.names)}; "
                f"name them as in {EXAMPLE}."
            )
    recordings: dict[tuple[Path, float | None, float | None], Recording] = {}
    skipped: list[tuple[str, str]] = []
    repeated: list[str] = []
    conflicts: list[str] = []
    words: set[str] = set()
    for number, cells in rows.cells:
        where = f"{readable(path.name)}, line {number}"
        recording = rows.problems.get(number) or _recording(cells, rows, folders, options=options)
        if isinstance(recording, str):
            skipped.append((cells.get("path") or where, f"{where}: {recording}"))
            continue
        words.add(cells["emotion"])
        first = recordings.setdefault((recording.path, recording.start_seconds, recording.end_seconds), recording)
        if first is not recording:
            differs = first.emotion != recording.emotion or first.speaker.casefold() != recording.speaker.casefold()
            repeated.append(f"{recording.name} (line {number}{OTHER_LABEL if differs else ''})")
            if differs and (recording.speaker or first.emotion != recording.emotion):
                conflicts.append(f"line {number} ({_labels(recording)}) is the same recording as {first.name} ({_labels(first)})")
    unique = _with_unique_names(tuple(recordings.values()))
    _refuse_unknown_parts(rows, unique, repeated, path=path)
    if unique:
        lacks_column = f"add a column speaker (any name for each person) to {', '.join(rows.names)}"
        next_step = "fill the column of speakers" if "speaker" in rows.columns else lacks_column
        require_speakers(unique, options=options, where=readable(path.name), next_step=next_step)
    return Listing(unique, tuple(words), tuple(skipped), (*rows.notes, *_notes(rows, repeated)), tuple(conflicts))


def _refuse_unknown_parts(rows: Rows, unique: Sequence[Recording], repeated: Sequence[str], *, path: Path) -> None:
    """Refuse rows that seem to be about parts of recordings, where nothing tells where these begin and end."""
    times = [name for name in rows.unused if LIKE_A_TIME.fullmatch(plain_name(name))]
    places = [name for name in times if not LIKE_A_LENGTH.fullmatch(plain_name(name))]
    unlike = [name for name in repeated if OTHER_LABEL in name]
    if (places and repeated) or (rows.unused and unlike):
        raise CorpusError(
            f"Rows of {path} that name one recording must tell their parts, but {examples(unlike or repeated)} and the columns "
            f"{', '.join(times or rows.unused)} are not understood; {CALL_TIMES}, or keep one row for each recording."
        )
    begins, ends = "start" in rows.columns, "end" in rows.columns or "duration" in rows.columns
    n_parts = Counter(one.path for one in unique)
    shared = [one.name for one in unique if n_parts[one.path] > 1]
    if begins != ends and (times or shared):
        known, unknown = ("start", "end") if begins else ("end", "start")
        what = f"the columns {', '.join(times)} are not understood" if times else f"{examples(shared)} share sound"
        raise CorpusError(
            f"Rows of {path} that tell the {known} of a part must tell its {unknown} too, but {what}; {CALL_TIMES}, or remove the "
            f"columns of times."
        )


def _recording(cells: Mapping[str, str], rows: Rows, folders: Sequence[Path], *, options: Options) -> Recording | str:
    """Return what a row lists, or why it cannot be used."""
    for needed in ("path", "emotion"):
        if not cells.get(needed):
            return f"has no {needed}"
    times: dict[str, float | None] = {}
    for meaning in TIMES:
        try:
            times[meaning] = rows.seconds(meaning, cells)
        except ValueError:
            unit = "milliseconds" if meaning in rows.in_milliseconds else "seconds"
            return f"{rows.columns[meaning]} must be 0 or more {unit} or a clock such as 00:01:02.5, got {cells[meaning]!r}"
    path = _resolve(cells["path"], folders)
    if problem := why_no_file(path):
        return problem
    start, end, duration = times["start"], times["end"], times["duration"]
    end = end if duration is None else (start or 0.0) + duration
    return Recording(
        path,
        name=_name(path, folders) + ("" if start is None and end is None else f"@{start or 0:g}-{'' if end is None else f'{end:g}'}"),
        speaker=cells.get("speaker", ""),
        emotion=to_emotion(cells["emotion"], given=options.label_map),
        gender=GENDERS.get(cells.get("gender", "").lower(), ""),
        language=cells.get("language", "").lower(),
        corpus=cells.get("corpus", ""),
        text=cells.get("text", ""),
        start_seconds=start,
        end_seconds=end,
    )


def _labels(recording: Recording) -> str:
    return f"{recording.speaker}, {recording.emotion}" if recording.speaker else recording.emotion


def _resolve(cell: str, folders: Sequence[Path]) -> Path:
    """Return a file, relative to the first folder that has it; backslashes separate folders where no file has them in its name."""
    spellings = (expanded(cell), *([Path(PureWindowsPath(cell).as_posix())] if "\\" in cell else []))
    paths = [folder / spelling for folder in folders for spelling in spellings]
    return next((path for path in chain(paths, map(as_stored, paths)) if not why_no_file(path)), folders[0] / spellings[-1])


def _name(path: Path, folders: Sequence[Path]) -> str:
    """Return a clip's name: the path from the folder that has it, or all of it, without the suffix."""
    inside = next((path.relative_to(folder) for folder in folders if path.is_relative_to(folder)), path)
    return readable(inside.with_suffix("").as_posix())


def _with_unique_names(recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """Give recordings that share a name, such as a.wav and a.mp3, names with their suffixes, then with all digits of their times."""
    for more in (lambda one: one.path.suffix, lambda one: f"@{one.start_seconds}-{one.end_seconds}"):
        n_named = Counter(one.name for one in recordings)
        recordings = tuple(replace(one, name=one.name + more(one)) if n_named[one.name] > 1 else one for one in recordings)
    return recordings


def _notes(rows: Rows, repeated: list[str]) -> Iterator[str]:
    """Yield what a person should know about a table."""
    renamed = [
        f"{name} as {meaning}{' in milliseconds' if meaning in rows.in_milliseconds else ''}"
        for meaning, name in rows.columns.items()
        if plain_name(name) not in COLUMNS[meaning][:2]
    ]
    if renamed:
        yield f"Columns are read by what they are called: {', '.join(renamed)}."
    if rows.unused:
        yield f"Columns not used: {', '.join(rows.unused)}."
    genders = {cells.get("gender", "") for _, cells in rows.cells}
    strange = sorted(word for word in genders if word.lower() not in (*GENDERS, *NOBODY))
    if strange:
        yield f"Genders that are not understood, taken for unknown: {examples(strange)}; write female or male."
    if repeated:
        yield f"{count(len(repeated), 'row')} about a recording that an earlier row names, not read: {examples(repeated, n=5)}."
    if "split" in rows.columns:
        yield "The column split is not used: folds are made by speaker, so that every figure is for unseen speakers."
