"""Who speaks in a batch: what a CSV beside the recordings says, or else the folders of a zip."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from emotune.errors import BadRecordingError

MOST_TABLE_BYTES = 2 * 2**20
NAMES = ("file", "path")
SPEAKER = "speaker"


def is_table(name: str) -> bool:
    """Return whether a file of a batch is a table and no recording."""
    return name.lower().endswith(".csv")


def read_speakers(content: bytes, *, name: str) -> dict[str, str]:
    """Return who speaks by file, as a table says; files without a speaker are left out.

    Parameters
    ----------
    content : bytes
        UTF-8 with the columns ``file`` (or ``path``) and ``speaker``, separated by commas, semicolons or tabs.
    name : str
        What the error calls the table.

    Raises
    ------
    BadRecordingError
        If it is too large, no text, or lacks a column.
    """
    if len(content) > MOST_TABLE_BYTES:
        raise BadRecordingError(name, f"a table must have at most {MOST_TABLE_BYTES} bytes, got more; keep file and speaker.")
    try:
        lines = content.decode("utf-8-sig").splitlines()
        head = lines[0] if lines else ""
        rows = csv.DictReader(io.StringIO("\n".join(lines)), delimiter=max(",;\t", key=head.count))
        columns = [str(column).strip().lower() for column in rows.fieldnames or ()]
        rows.fieldnames = columns
        column = next((one for one in NAMES if one in columns), "")
        if not column or SPEAKER not in columns:
            shown = ", ".join(columns)[:100] or "none"
            raise BadRecordingError(name, f"a table must have the columns file and speaker, got {shown}; add them.")
        found = [(str(row[column] or "").strip(), str(row[SPEAKER] or "").strip()) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRecordingError(name, f"a table must be CSV in UTF-8, but: {error}; save it so.") from error
    return {_plain(file): speaker for file, speaker in found if file and speaker}


def speakers_in_folders(names: Sequence[str]) -> dict[str, str]:
    """Return who speaks by file of a zip: its folder. A zip of one folder says nothing of it, and neither do files at its top."""
    folders = {name: str(PurePosixPath(_plain(name)).parent) for name in names}
    return {} if len({*folders.values()} - {"."}) < 2 else {name: folder for name, folder in folders.items() if folder != "."}


def speaker_of(name: str, table: Mapping[str, str]) -> str:
    """Return who speaks in a file: by its whole name, else by its name without folders if only one speaker has such a file."""
    if (whole := _plain(name)) in table:
        return table[whole]
    last = PurePosixPath(whole).name
    speakers = {speaker for file, speaker in table.items() if PurePosixPath(file).name == last}
    return speakers.pop() if len(speakers) == 1 else ""


def _plain(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")
