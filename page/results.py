"""Results: the runs that the page can show, and their engines, loaded when they are first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from emotune.errors import UnknownKeyError
from page.engine import Engine
from page.summaries import Summary, summarise
from runs.layout import RESULTS, SHIPPED, RunFolder
from runs.reader import Run, list_runs

MAX_LOADED = 3
"""Engines in memory at once; the one that was not asked for the longest is let go."""

Stamp = tuple[int, ...]


@dataclass(frozen=True)
class Choice:
    """A result in the list.

    Attributes
    ----------
    key : str
        What the page calls it; no path of the machine.
    summary : Summary
        Corpus, origin and date, speakers, emotions, figures and licence.
    """

    key: str
    summary: Summary

    @property
    def label(self) -> str:
        """What it is called in the list."""
        return self.summary.line


class Results:
    """The runs to choose from.

    Parameters
    ----------
    first : Path
        Folder of the run that is shown unless another is chosen.
    own, shipped : Path
        Where the user's runs and the shipped ones lie.
    max_loaded : int
        How many engines stay in memory.
    """

    def __init__(self, first: Path, *, own: Path = RESULTS, shipped: Path = SHIPPED, max_loaded: int = MAX_LOADED) -> None:
        self._first = RunFolder(first)
        self._own, self._shipped = own, shipped
        self._max_loaded = max_loaded
        self._engines: OrderedDict[str, tuple[Stamp, Engine]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def first(self) -> str:
        """Key of the run that is shown unless another is chosen."""
        return next(iter(self._folders()))

    def choices(self) -> tuple[Choice, ...]:
        """Return every run that is there now: the first, the user's complete ones from the newest, the shipped, the partial."""
        return tuple(Choice(key, summarise(Run(folder))) for key, folder in self._folders().items())

    def engine(self, key: str | None = None) -> Engine:
        """Return the engine of a run, the first one's by default; a run that has changed since is loaded anew.

        Parameters
        ----------
        key : str, optional
            Of a :class:`Choice`.

        Raises
        ------
        UnknownKeyError
            If there is no such run any more.
        """
        folders = self._folders()
        key = key or next(iter(folders))
        if key not in folders:
            raise UnknownKeyError("result", key, list(folders))
        stamp = _stamp(folders[key])
        with self._lock:
            known = self._engines.get(key)
            if known is None or known[0] != stamp:
                self._engines[key] = (stamp, Engine(folders[key].path))
            self._engines.move_to_end(key)
            while len(self._engines) > self._max_loaded:
                self._engines.popitem(last=False)
            return self._engines[key][1]

    def _folders(self) -> dict[str, RunFolder]:
        folders: dict[str, RunFolder] = {}
        for folder in list_runs(self._first, results=self._own, shipped=self._shipped):
            folders[self._key_of(folder)] = folder
        return folders

    def _key_of(self, folder: RunFolder) -> str:
        parents = {self._own.resolve(): "own", self._shipped.resolve(): "shipped"}
        return f"{parents.get(folder.path.resolve().parent, 'given')}/{folder.path.resolve().name}"


def _stamp(folder: RunFolder) -> Stamp:
    """Return when a run's results were written; 0 for a file that is not there."""
    stamps = []
    for path in (folder.manifest, folder.leaderboard, folder.predictions, folder.ood):
        try:
            stamps.append(path.stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
    return tuple(stamps)
