"""Reading a run: the one way in which the page, a Space, the report and the benchmarks see what a search left."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from emotune.errors import PredictionsError
from metrics.predictions import read_predictions
from runs.cards import CARD_FILE, Card, read_card
from runs.layout import RESULTS, SHIPPED, RunFolder, complete_runs_in, is_shipped, runs_in, shipped_runs
from runs.manifest import Manifest, read_manifest


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
        try:
            return read_manifest(self.folder.manifest)
        except PredictionsError:
            return Manifest(corpus=self.folder.path.name, title=self.folder.path.name, is_real=False)

    @cached_property
    def predictions(self) -> pd.DataFrame | None:
        """The out-of-fold predictions, if there are readable ones."""
        try:
            return read_predictions(self.folder.predictions)
        except PredictionsError:
            return None

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
