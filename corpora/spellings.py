"""Spellings of one name: numbers as programs write them, and what copying a file or folder adds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

DIGIT = re.compile(r"\d")
ZEROS_BEFORE = re.compile(r"(?<!\d)(?<!\d[.,])0+(?=\d)")
DECIMALS = re.compile(r"(?<![^\W_])(?<![.,])(\d+)[.,]0+$")
"""Zeros after the point or comma of a number at the end; in ``v1.0`` and ``1.1.0`` the point is part of a name."""
COPY_MARK = re.compile(
    r"^(?:copy of|kopie von|copie de|copia d[ei]) |"
    r"(?:[\s_-]+(?:copy|kopie|copie|copia|kopia|cópia|копия)(?:[\s_]?\d+)?|[\s_-]*\(\d+\))+$"
)
"""What systems write before or after the name of a copy."""


def with_plain_numbers(name: str) -> str:
    """Return a name with one form of each letter, and with numbers as 7 where programs write 07, 7.0, 7,0 or a wide 7."""
    one_form = unicodedata.normalize("NFKC", name).strip()
    digits = DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), one_form)
    return ZEROS_BEFORE.sub("", DECIMALS.sub(r"\1", digits))


def looking_alike(names: Iterable[str], *, plain: Callable[[str], str] = str) -> list[str]:
    """Return in words which names may be one: those that a copy would have, where the copied name is there too.

    Parameters
    ----------
    names : iterable of str
        Different names.
    plain : callable
        What else may differ: returns a name in lower case without it.
    """
    alike: dict[str, list[str]] = {}
    originals: set[str] = set()
    for name in sorted(names):
        folded = with_plain_numbers(name).casefold()
        original = COPY_MARK.sub("", folded)
        alike.setdefault(plain(original or folded), []).append(name)
        if original in ("", folded):
            originals.add(plain(folded))
    return [" and ".join(found) for key, found in alike.items() if len(found) > 1 and key in originals]
