"""The best family of a leaderboard; reference rows are never it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from models import FAMILIES

REFERENCES = frozenset(key for key, family in FAMILIES.items() if family.is_reference)
"""Families that show what a search has to beat; the page does not offer them."""


def best_row(board: pd.DataFrame) -> dict[str, Any] | None:
    """Return the row of the best family by UAR; None if no family but references has a score."""
    known = board[~board["family"].isin(REFERENCES) & board["uar"].notna()]
    if known.empty:
        return None
    best = known.iloc[int(known["uar"].to_numpy().argmax())]
    return {str(name): value for name, value in best.items()}
