"""The rows of a CSV or TSV file: its separator and quotes, what its columns mean, and the times in its cells."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpora.places import AUDIO_SUFFIXES, count, readable
from emotune.errors import CorpusError

HEAD_BYTES = 2**16
NUL = "\0"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SEPARATORS = ",;\t"
SEPARATOR_LINE = re.compile(r'"?sep=(?P<separator>.)"?\s*')
"""The line before the header that tells Excel the separator."""
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
    "start": ("start", "start_time", "starttime", "begin", "begin_time", "onset", "tmin", "xmin", "beginn"),
    "end": ("end", "end_time", "endtime", "stop", "stop_time", "offset", "tmax", "xmax", "finish", "ende"),
    "duration": ("duration", "dur", "length"),
}
"""What each column may be called, the surest name first, as :func:`plain_name` writes it."""
TIMES = ("start", "end", "duration")
TIME_COLUMN = re.compile(r"(?P<name>.+?)(?:_in)?_(?:(?P<ms>ms|msecs?|milliseconds?)|s|secs?|seconds?)")
LIKE_A_TIME = re.compile(
    r"(?:.*_)?(?:start|begin|beginn|onset|end|ende|stop|finish|offset|until|bis|duration|dur|length|len|time|timestamp|tmin|tmax|xmin|xmax)"
    r"s?(?:_.*)?|from|to|von"
)
LIKE_A_LENGTH = re.compile(r"(?:.*_)?(?:duration|dur|length|len)s?(?:_.*)?")
"""Alone, such a column may tell how long whole recordings are."""
NO_VALUE = frozenset(["nan", "NaN", "NAN", "NaT", "<NA>", "#N/A", "None", "null", "NULL"])
"""What programs write for a value that is not there, in any column."""
SPREADSHEET_ERROR = re.compile(r"#[¡¿]?[A-ZÀ-Þ][A-ZÀ-Þ0-9/]*[!?]|#N/?[ADV]|Err:\d{3}")
"""What spreadsheets write, in any language, for a value that they cannot compute."""
MISSING = NO_VALUE | frozenset(["nat", "none", "NONE", "n/a", "N/A", "NA", "?", "-"])
"""What people write where nothing is known, as they write it: Na is a name, and a label may be any word."""
MAY_BE_MISSING = frozenset(("speaker", "gender", "language", *TIMES))
INVISIBLE = "\u200b\u200e\u200f\u2060\ufeff"
"""What is copied along with a word from a web page and looks like nothing."""
WORD_IN_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
CLOCK = re.compile(
    r"(?:(?P<days>\d+) days?\.? ?)?(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?))?", flags=re.IGNORECASE
)
EXAMPLE = "path,emotion,speaker"
SAVE_AS_UTF_8 = "save it as UTF-8 (CSV UTF-8)"


@dataclass(frozen=True)
class Rows:
    """What a table says.

    Attributes
    ----------
    names : tuple of str
        Its header.
    columns : mapping of str to str
        The name of each column that is understood, by its meaning.
    cells : tuple of (int, mapping of str to str)
        The line of each row and its cells by meaning.
    in_milliseconds : frozenset of str
        Which meanings have other times than seconds.
    notes : tuple of str
        What a person should know about how it was read.
    problems : mapping of int to str
        Why a row cannot be used, by its line.
    """

    names: tuple[str, ...]
    columns: Mapping[str, str]
    cells: tuple[tuple[int, Mapping[str, str]], ...]
    in_milliseconds: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    problems: Mapping[int, str] = field(default_factory=dict)

    @property
    def unused(self) -> tuple[str, ...]:
        """The columns that are not understood."""
        return tuple(name for name in self.names if name and name not in self.columns.values())

    def seconds(self, meaning: str, cells: Mapping[str, str]) -> float | None:
        """Return the time in a cell; None where it says none.

        Raises
        ------
        ValueError
            If the cell holds no time.
        """
        return seconds_of(cells.get(meaning, ""), unit=0.001 if meaning in self.in_milliseconds else 1.0)


def read_rows(path: Path) -> Rows:
    """Read a table.

    Raises
    ------
    CorpusError
        If the file is missing, is not UTF-8, opens a quote that nothing closes, has no row, or a column twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} must be UTF-8 text, but byte {error.start} is not; {SAVE_AS_UTF_8}.") from error
    except OSError as error:
        raise CorpusError(f"{path} must be a table that can be read, but: {error.strerror}; check the path.") from error
    if n_nuls := text.count(NUL):
        raise CorpusError(f"{path} must be UTF-8 text, but has {count(n_nuls, 'NUL character')}, as UTF-16 has; {SAVE_AS_UTF_8}.")
    lines, notes = _lines(text, path=path)
    names = tuple(name.strip() for name in lines[0][1]) if lines else ()
    columns, in_milliseconds = _columns(names)
    doubled = sorted(name for name in set(columns.values()) if names.count(name) > 1)
    if doubled:
        raise CorpusError(f"{path} must have each column once, got {', '.join(doubled)} more than once; keep one of each.")
    if len(lines) < 2:
        raise CorpusError(f"{path} must have a header and a row for each recording, got no row; begin it with {EXAMPLE}.")
    place = {meaning: names.index(name) for meaning, name in columns.items()}
    rows = tuple(
        (number, {meaning: _cell(meaning, cells[k]) for meaning, k in place.items() if k < len(cells)}) for number, cells in lines[1:]
    )
    problems = {number: problem for number, cells in lines[1:] if (problem := _why_too_long(cells, names))}
    return Rows(names, columns, rows, in_milliseconds, notes, problems)


def names_recordings(path: Path) -> bool:
    """Tell whether a file's first line has columns for recordings and their emotions, whether or not the rest can be read."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    text = head.decode("utf-16" if head.startswith(UTF_16_MARKS) else "utf-8-sig", errors="replace").replace(NUL, "")
    text, separator = _without_separator_line(text)
    names = next(csv.reader([_first_line(text).replace('"', "")], delimiter=separator), [])
    return _columns(tuple(name.strip() for name in names))[0].keys() >= {"path", "emotion"}


def plain_name(name: str) -> str:
    """Return a column's name in lower case, with underscores between its words and for what is no letter or digit."""
    return re.sub(r"[\W_]+", "_", WORD_IN_CAMEL_CASE.sub("_", name).lower()).strip("_")


def seconds_of(cell: str, *, unit: float = 1.0) -> float | None:
    """Return the time in a cell, a number or a clock such as ``00:01:02.5`` or ``0 days 00:00:02``; None if the cell is empty.

    Parameters
    ----------
    cell : str
        What stands there; a comma may stand for the point.
    unit : float
        How many seconds a plain number counts.

    Raises
    ------
    ValueError
        If it is neither, or negative.
    """
    if not cell:
        return None
    cell = cell.replace(",", ".")
    if clock := CLOCK.fullmatch(cell):
        days, hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return ((24 * days + hours) * 60 + minutes) * 60 + seconds
    number = float(cell) * unit
    if not 0 <= number < float("inf"):
        raise ValueError(cell)
    return number


def _lines(text: str, *, path: Path) -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    """Return the cells of each line that has some, with its number, and a note if quotes were taken for letters.

    Quotes are obeyed unless a cell would hold several lines although every line has all its cells, as after a quote that opens and
    that nothing closes.
    """
    text, separator = _without_separator_line(text)
    quoted = _split(text, delimiter=separator, strict=True)
    if quoted is not None and not _holds_line_breaks(quoted):
        return quoted, ()
    odd = next((number for number, line in enumerate(text.splitlines(), start=1) if line.count('"') % 2), None)
    plain = _split(text, delimiter=separator, quoting=csv.QUOTE_NONE)
    if plain and _is_even(plain):
        found = f"Line {odd} opens a quote that nothing closes" if odd else "Some quotes stand within cells"
        note = f"{found}; the quotes of {readable(path.name)} within a cell are letters."
        return [(number, [_without_quotes(cell) for cell in cells]) for number, cells in plain], (note,)
    if quoted is not None and not _holds_rows(quoted, separator=separator):
        return quoted, ()
    loose = _split(text, delimiter=separator)
    if loose and _is_even(loose) and not _holds_line_breaks(loose):
        return loose, ()
    found = f"line {odd} does not; remove that quote, or double it" if odd else "some stand within cells; remove or double those"
    raise CorpusError(f"{path} must close every quote that it opens, but {found}.")


def _without_separator_line(text: str) -> tuple[str, str]:
    """Return a text without the line that tells the separator, and the separator: what was told, or what the header has most of."""
    first = _first_line(text)
    told = SEPARATOR_LINE.fullmatch(first)
    text = text.replace(first, "", 1) if told else text
    header = _first_line(text)
    return text, told["separator"] if told and told["separator"] in header else max(SEPARATORS, key=header.count)


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _why_too_long(cells: list[str], names: tuple[str, ...]) -> str:
    """Return what is wrong with a row of more cells than columns, whose cells may stand below others' names; nothing otherwise."""
    n = max((k for k, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    if n <= len(names):
        return ""
    return f"has {n} cells for {len(names)} columns; put a cell that holds the separator into quotes, or name every column"


def _split(text: str, *, delimiter: str, **how: Any) -> list[tuple[int, list[str]]] | None:
    most = csv.field_size_limit(max(len(text), csv.field_size_limit()))
    try:
        lines = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=delimiter != " ", **how)
        return [(lines.line_num, cells) for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error:
        return None
    finally:
        csv.field_size_limit(most)


def _holds_line_breaks(lines: list[tuple[int, list[str]]]) -> bool:
    return any("\n" in cell for _, cells in lines for cell in cells)


def _holds_rows(lines: list[tuple[int, list[str]]], *, separator: str) -> bool:
    """Tell whether a line within a cell is a row or a part of one: it has several cells, of which one names a recording."""
    inner = (line.split(separator) for _, cells in lines for cell in cells if "\n" in cell for line in cell.splitlines())
    return any(len(parts) > 1 and any(Path(part.strip(' "')).suffix.lower() in AUDIO_SUFFIXES for part in parts) for parts in inner)


def _is_even(lines: list[tuple[int, list[str]]]) -> bool:
    return len({len(cells) for _, cells in lines}) == 1


def _without_quotes(cell: str) -> str:
    cell = cell.strip()
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _columns(names: tuple[str, ...]) -> tuple[dict[str, str], frozenset[str]]:
    """Return the name of each column that is understood, by its meaning, and which times are milliseconds."""
    units = {name: TIME_COLUMN.fullmatch(plain_name(name)) for name in reversed(names)}
    by_plain_name = {plain_name(name): name for name in units}
    by_name_of_time = {unit["name"]: name for name, unit in units.items() if unit} | by_plain_name
    has_onset = "onset" in by_name_of_time
    columns: dict[str, str] = {}
    for meaning, known in COLUMNS.items():
        called = by_name_of_time if meaning in TIMES else by_plain_name
        found = [called[name] for name in known if name in called and (name != "offset" or has_onset)]  # alone, it may be a start
        columns |= {meaning: found[0]} if found else {}
    if "start" not in columns or "end" in columns:
        columns.pop("duration", None)
    return columns, frozenset(meaning for meaning in TIMES if meaning in columns and (unit := units[columns[meaning]]) and unit["ms"])


def _cell(meaning: str, cell: str) -> str:
    """Return what a cell says; nothing where it says that nothing is known."""
    cell = cell.strip().strip(INVISIBLE).strip()
    is_missing = cell in (MISSING if meaning in MAY_BE_MISSING else NO_VALUE) or SPREADSHEET_ERROR.fullmatch(cell)
    return "" if is_missing else cell
