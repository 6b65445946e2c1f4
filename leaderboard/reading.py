"""Reading a table of the results back: every row of it whole and its figures numbers, or nothing of it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from emotune.errors import PredictionsError
from metrics.predictions import read_table

NEXT_STEP = "restore it or run the search again."


def read_whole(
    path: Path,
    *,
    keys: Sequence[str],
    fractions: Sequence[str],
    needed: Sequence[str] = (),
    also: Sequence[str] = (),
    texts: Sequence[str] = (),
) -> pd.DataFrame:
    """Read a table that says everything once; an empty cell is a missing value.

    Parameters
    ----------
    path : Path
        A CSV file.
    keys : sequence of str
        Columns that it must have: what a row is of.
    fractions : sequence of str
        Columns of numbers in 0-1 that it must have.
    needed : sequence of str
        Other columns that it must have.
    also : sequence of str
        Columns that tell as well what a row is of, where they are there.
    texts : sequence of str
        Further columns of text.

    Raises
    ------
    PredictionsError
        If it is missing or damaged.
    """
    table = read_table(path, dtype=dict.fromkeys((*keys, *also, *texts), "str"), keep_default_na=False, na_values=[""])
    if missing := [name for name in (*keys, *fractions, *needed) if name not in table]:
        raise PredictionsError(f"{path} must have the columns {', '.join(missing)}, separated by commas, but lacks them; {NEXT_STEP}")
    _require_whole_rows(path)
    known = [name for name in (*keys, *also) if name in table]
    if table[known].isna().any(axis=None) or table.duplicated(known).any():
        raise PredictionsError(f"{path} must have one row for each {', '.join(known)}, but has several or one without; {NEXT_STEP}")
    for name in fractions:
        found = pd.to_numeric(table[name], errors="coerce")
        off = table[name].notna() & ~found.between(0, 1)
        if off.any():
            raise PredictionsError(f"{path} must have numbers from 0 to 1 in {name}, got {table[name][off].iloc[0]!s}; {NEXT_STEP}")
        table[name] = found.astype("float64")
    return table


def _require_whole_rows(path: Path) -> None:
    """Refuse a file that was cut: what is left of its last figure would be taken for the figure."""
    lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    rows = csv.reader(lines)
    n = len(next(rows, []))
    for cells in rows:
        if cells and len(cells) != n:
            raise PredictionsError(f"{path} must have {n} cells in every row, but line {rows.line_num} has {len(cells)}; {NEXT_STEP}")
    if not lines[-1].endswith(("\n", "\r")):
        raise PredictionsError(f"{path} must end with a whole line, but line {len(lines)} has no end; {NEXT_STEP}")
