"""Reading a run: the one way in which the page, a Space, the report and the benchmarks see what a search left."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd

from emotune.errors import ChampionError, PredictionsError
from metrics.predictions import KEYS, read_predictions
from runs.cards import CARD_FILE, Card, read_card
from runs.layout import RESULTS, SHIPPED, RunFolder, complete_runs_in, is_shipped, runs_in, shipped_runs
from runs.manifest import Manifest, read_manifest

T = TypeVar("T")


class Run:
    """What a run left, read when it is first asked for.

    Parameters
    ----------
    folder : RunFolder
        Where it lies.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    @classmethod
    def at(cls, path: Path) -> Run:
        """Return the run in a folder."""
        return cls(RunFolder(path))

    @cached_property
    def manifest(self) -> Manifest:
        """What was run on what; a manifest that names the folder alone where there is none that can be read."""
        return self._manifest[0]

    @property
    def manifest_problem(self) -> str:
        """Why there is no manifest that can be read; empty where there is one."""
        return self.without_path(self._manifest[1])

    @cached_property
    def _manifest(self) -> tuple[Manifest, str]:
        try:
            return read_manifest(self.folder.manifest), ""
        except PredictionsError as error:
            return Manifest(corpus=self.folder.path.name, title=self.folder.path.name, is_real=None), str(error)

    def predictions_of(self, family: str) -> pd.DataFrame:
        """Return a family's out-of-fold predictions, all of them.

        Raises
        ------
        PredictionsError
            If they cannot be read, or if they are not of as many clips as the manifest tells.
        """
        path, n_clips = self.folder.predictions, self.manifest.n_clips
        table = self._predictions
        if missing := [name for name in KEYS if name not in table]:
            raise PredictionsError(
                f"{path} must have the columns {', '.join(KEYS)}, but lacks {', '.join(missing)}; restore it or run the search again."
            )
        rows = table[table["family"] == family]
        if not len(rows) or len(rows) != (n_clips or len(rows)):
            raise PredictionsError(
                f"{path} must have a row of {family} for each {f'of {n_clips} clips' if n_clips else 'clip'}, got {len(rows)}; "
                "restore it or run the search again."
            )
        return rows

    @cached_property
    def _predictions(self) -> pd.DataFrame:
        return read_predictions(self.folder.predictions)

    def read(self, reader: Callable[[Path], T], path: Path) -> tuple[T | None, str]:
        """Return what a reader makes of one of the run's files; None and the reason where it cannot."""
        try:
            return reader(path), ""
        except (PredictionsError, ChampionError) as error:
            return None, self.without_path(str(error))

    def without_path(self, words: str) -> str:
        """Return words about the run's files without the place of its folder on this machine."""
        return words.replace(f"{self.folder.path}{os.sep}", "")

    @property
    def families(self) -> tuple[str, ...]:
        """Keys of the families that have a champion's folder, by name."""
        return tuple(path.name for path in sorted(self.folder.models.glob("[!.]*")) if path.is_dir())

    def cards(self) -> Mapping[str, Card]:
        """Return the card of each champion that has one, by family.

        Raises
        ------
        ChampionError
            If a card cannot be read.
        """
        with_card = [family for family in self.families if (self.folder.champion(family) / CARD_FILE).is_file()]
        return {family: read_card(self.folder.champion(family)) for family in with_card}

    @property
    def description(self) -> str:
        """Which run this is, for people."""
        if is_shipped(self.folder):
            origin = "shipped with emotune"
        else:
            origin = f"your run of {self.manifest.finished[:10]}" if self.manifest.finished else "your run"
        return f"{self.manifest.title}, {origin}{'' if self.manifest.is_complete else ', partial: the search has not ended'}"


def list_runs(first: RunFolder, *, results: Path = RESULTS, shipped: Path = SHIPPED) -> tuple[RunFolder, ...]:
    """Return every run that can be shown, each once.

    Parameters
    ----------
    first : RunFolder
        The run that comes first, wherever it lies.
    results, shipped : Path
        Where the user's runs and the shipped ones lie.

    Returns
    -------
    tuple of RunFolder
        The first, the user's complete ones from the newest to the oldest, the shipped ones, the user's partial ones.
    """
    # The partial ones among the user's come last: a run that was found before keeps its place.
    found: dict[Path, RunFolder] = {}
    for run in (first, *complete_runs_in(results), *shipped_runs(shipped), *runs_in(results)):
        found.setdefault(run.path.resolve(), run)
    return tuple(found.values())
