"""Who speaks in a batch: what a table beside the recordings says, or else the folders of a zip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from corpora.folders import SPLIT, emotion_level, levels_of
from corpora.own import NOBODY
from corpora.rows import MISSING, read_rows
from emotune.errors import BadRecordingError, CorpusError

MOST_TABLE_BYTES = 2 * 2**20
TABLES = (".csv", ".tsv")
"""How the names of tables end."""


def is_table(name: str) -> bool:
    """Return whether a file of a batch is a table and no recording."""
    return name.lower().endswith(TABLES)


def read_speakers(path: Path, *, name: str) -> dict[str, str]:
    """Return who speaks by file, as a table says; files of which it names nobody are left out.

    Parameters
    ----------
    path : Path
        UTF-8 with columns for files and speakers, as the search reads them (:mod:`corpora.rows`).
    name : str
        What the error calls the table.

    Raises
    ------
    BadRecordingError
        If it is too large or no table, lacks a column, or names nobody or two speakers for one file.
    """
    if path.stat().st_size > MOST_TABLE_BYTES:
        raise BadRecordingError(name, f"a table must have at most {MOST_TABLE_BYTES} bytes, got more; keep file and speaker.")
    try:
        rows = read_rows(path)
    except CorpusError as error:
        raise BadRecordingError(name, str(error).replace(str(path), "a table")) from error
    if not {"path", "speaker"} <= rows.columns.keys():
        shown = ", ".join(rows.names)[:100] or "none"
        raise BadRecordingError(name, f"a table must have the columns file and speaker, got {shown}; add them.")
    for number, problem in rows.problems.items():
        raise BadRecordingError(name, f"a table must have a cell for each column, but line {number} {problem}.")
    said = [(_plain(cells.get("path", "")), cells.get("speaker", "")) for _, cells in rows.cells]
    if rows.notes and (odd := next((cell for pair in said for cell in pair if '"' in cell), "")):
        raise BadRecordingError(name, f"a table must close every quote that it opens, but {odd} holds one alone; remove it.")
    found = joined(((file, speaker) for file, speaker in said if file and _is_somebody(speaker)), name=name)
    if not found:
        raise BadRecordingError(
            name, f"a table must name a file and its speaker in a row, but none of {len(rows.cells)} does; fill both."
        )
    return found


def joined(pairs: Iterable[tuple[str, str]], *, name: str) -> dict[str, str]:
    """Return who speaks by file, of pairs of both that may repeat one another.

    Parameters
    ----------
    pairs : iterable of (str, str)
        File and speaker.
    name : str
        What the error calls the table with the last of them.

    Raises
    ------
    BadRecordingError
        If they name two speakers for one file.
    """
    found: dict[str, str] = {}
    for file, speaker in pairs:
        if (first := found.setdefault(file, speaker)).casefold() != speaker.casefold():
            raise BadRecordingError(
                name, f"a table must name one speaker for each file, got {first} and {speaker} for {file}; keep one."
            )
    return found


def speakers_in_folders(names: Sequence[str]) -> dict[str, str]:
    """Return who speaks by file of a zip: its folder, but for levels of folders that name emotions, or parts of a corpus.

    A zip of one speaker's folder says nothing of it, and neither do files at its top.
    """
    folders = {name: PurePosixPath(_plain(name)).parts[:-1] for name in names}
    others = _levels_of_no_people(list(folders.values()))
    people = {name: tuple(part for k, part in enumerate(parts) if k not in others) for name, parts in folders.items()}
    found = {name: "/".join(parts) for name, parts in people.items() if parts and _is_somebody(parts[-1])}
    return found if len(set(found.values())) > 1 else {}


def speaker_of(name: str, table: Mapping[str, str]) -> str:
    """Return who speaks in a file: by its whole name, else by its name without folders if only one speaker has such a file."""
    if (whole := _plain(name)) in table:
        return table[whole]
    last = PurePosixPath(whole).name
    speakers = {speaker for file, speaker in table.items() if PurePosixPath(file).name == last}
    return speakers.pop() if len(speakers) == 1 else ""


def _levels_of_no_people(folders: Sequence[tuple[str, ...]]) -> set[int | None]:
    """Return which levels of folders are parts of a corpus, and which one is emotions."""
    levels = levels_of(folders)
    splits = {k for k, names in enumerate(levels) if all(map(SPLIT.fullmatch, names))}
    return {*splits, emotion_level(levels, given={}, may_be_people=True)}


def _is_somebody(speaker: str) -> bool:
    return speaker.casefold() not in NOBODY and speaker not in MISSING


def _plain(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")
