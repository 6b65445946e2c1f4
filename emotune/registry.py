"""One registry for everything that is one file each: corpora, augmentations, input kinds, families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from emotune.errors import EmotuneError, UnknownKeyError


class HasKey(Protocol):
    """Anything that has a name in commands and files."""

    @property
    def key(self) -> str:
        """The name."""


Entry = TypeVar("Entry", bound=HasKey)


class Registry(Mapping[str, Entry]):
    """Entries under their keys, in the order in which they were added.

    Parameters
    ----------
    what : str
        What an entry is called in messages, such as ``"family"``.
    entries : iterable
        The first entries; :meth:`add` takes more.
    """

    def __init__(self, what: str, entries: Iterable[Entry] = ()) -> None:
        self._what = what
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Add an entry.

        Raises
        ------
        EmotuneError
            If its key is empty or taken.
        """
        if not entry.key or entry.key in self._entries:
            raise EmotuneError(f"Every {self._what} needs a key of its own, got {entry.key!r}; choose another.")
        self._entries[entry.key] = entry

    def __getitem__(self, key: str) -> Entry:
        try:
            return self._entries[key]
        except KeyError:
            raise UnknownKeyError(self._what, key, list(self._entries)) from None

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
