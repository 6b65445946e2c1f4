"""Field types: whether what a JSON file holds can be the fields of a dataclass."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

WORDS: Mapping[Any, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}
MOST_SHOWN = 60
"""Characters of a value that a message repeats."""


def require_types(values: Mapping[str, Any], of: type, *, but: Sequence[str] = ()) -> None:
    """Refuse a value that its field cannot have.

    Parameters
    ----------
    values : mapping of str to Any
        What JSON holds, by field; fields that are absent are not asked for.
    of : type
        The dataclass.
    but : sequence of str
        Fields that are not looked at.

    Raises
    ------
    ValueError
        With the field, its rule and the value.
    """
    for name, kind in get_type_hints(of).items():
        if name in values and name not in but and not _fits(values[name], kind):
            shown = json.dumps(values[name], ensure_ascii=False)
            raise ValueError(f"{name} must be {_in_words(kind)}, got {shown[:MOST_SHOWN]}")


def _fits(value: Any, kind: Any) -> bool:
    if kind is Any:
        return True
    if isinstance(kind, UnionType):
        return any(_fits(value, one) for one in get_args(kind))
    of = get_args(kind)
    if get_origin(kind) is Mapping:
        return isinstance(value, dict) and all(_fits(one, of[1]) for one in value.values())
    if get_origin(kind) in (Sequence, tuple):
        return isinstance(value, list | tuple) and all(_fits(one, of[0]) for one in value)
    if isinstance(value, bool):  # which Python takes for a number
        return kind is bool
    return isinstance(value, int | float if kind is float else kind)


def _in_words(kind: Any) -> str:
    if isinstance(kind, UnionType):
        return " or ".join(map(_in_words, get_args(kind)))
    of = get_args(kind)
    if get_origin(kind) is Mapping:
        return f"an object (values: {_in_words(of[1])})"
    return f"a list ({_in_words(of[0])})" if of else WORDS.get(kind, "anything")
