"""Licences of what a run learnt from: several corpora have several, joined with " + "."""

from __future__ import annotations

import re

SEPARATOR = " + "
NOT_STATED = "not stated"
NON_COMMERCIAL = re.compile(r"\bNC\b|non-?commercial|\bresearch\b|\bacademic\b", re.IGNORECASE)


def is_non_commercial(licence: str) -> bool:
    """Return whether a licence, or one of several, forbids commercial use, as one for research alone does."""
    return bool(NON_COMMERCIAL.search(licence))


def strictest(licence: str | None) -> str:
    """Return the strictest of the licences that a manifest joins.

    Licences that forbid commercial use come before those that nobody stated, then those that forbid changes, then those that ask
    for the same licence.

    Parameters
    ----------
    licence : str or None
        As in a manifest.
    """
    return max((licence or NOT_STATED).split(SEPARATOR), key=_strictness)


def _strictness(licence: str) -> tuple[bool, bool, bool, bool]:
    words = set(re.split(r"[\s-]+", licence.upper()))
    return is_non_commercial(licence), licence.startswith(NOT_STATED), "ND" in words, "SA" in words
