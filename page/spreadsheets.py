"""Spreadsheets: texts from outside in a CSV, such as names of files, speakers and emotions."""

from __future__ import annotations

from typing import Any

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that spreadsheets may take for a formula."""


def harmless(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return a table in which no text of some columns, those of them that it has, is taken for a formula."""
    return table.assign(**{name: table[name].map(_harmless) for name in columns if name in table})


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
