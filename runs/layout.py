"""Where everything of a run lies: every file name of a run's folder, once, and which run a reader takes.

A run's folder is the only thing that the search, the page, a Space, the report and the benchmarks share. Shipped runs are read-only;
the search writes to :data:`RESULTS`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from emotune.errors import PredictionsError
from emotune.files import PROJECT_ROOT

SHIPPED = PROJECT_ROOT / "leaderboard" / "shipped"
RESULTS = PROJECT_ROOT / "leaderboard" / "results"
RESULTS_VARIABLE = "EMOTUNE_RESULTS"
PREFERRED_SHIPPED = ("everyday", "ravdess", "emodb")
"""Shipped runs in the order in which they are listed; the first of them that is there is shown."""


@dataclass(frozen=True)
class RunFolder:
    """A run's folder, and the paths of what it holds.

    Attributes
    ----------
    path : Path
        The folder.
    """

    path: Path

    @property
    def manifest(self) -> Path:
        """What was run on what, with what (:class:`runs.manifest.Manifest`)."""
        return self.path / "run.json"

    @property
    def leaderboard(self) -> Path:
        """One row a family."""
        return self.path / "leaderboard.csv"

    @property
    def predictions(self) -> Path:
        """Out-of-fold predictions, from which every score can be recomputed."""
        return self.path / "predictions.csv"

    @property
    def cross_corpus(self) -> Path:
        """UAR of each family trained on one corpus and tested on another; only a run of several corpora has it."""
        return self.path / "cross_corpus.csv"

    @property
    def adaptation(self) -> Path:
        """UAR of each family once it knows the speaker, by what it knows."""
        return self.path / "adaptation.csv"

    @property
    def robustness(self) -> Path:
        """UAR of each family through each perturbation of the test suite; a quick look has none."""
        return self.path / "robustness.csv"

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.path / "report.html"

    @property
    def features(self) -> Path:
        """The exported functionals."""
        return self.path / "features.csv"

    @property
    def journal(self) -> Path:
        """Optuna's journal of every trial."""
        return self.path / "study.log"

    @property
    def ood(self) -> Path:
        """The out-of-distribution detector."""
        return self.path / "ood.npz"

    @property
    def models(self) -> Path:
        """One folder a champion."""
        return self.path / "models"

    @property
    def work(self) -> Path:
        """What a run continues from: evaluations, fits, the log of its processes."""
        return self.path / "work"

    @property
    def process_log(self) -> Path:
        """What the worker processes wrote on standard error."""
        return self.work / "processes.log"

    @property
    def lock(self) -> Path:
        """Held by the one command that may write; beside the folder, so that it stays when the folder is set aside."""
        return self.path.parent / f".{self.path.name}.lock"

    def champion(self, family: str) -> Path:
        """Return the folder of a family's champion."""
        return self.models / family

    @property
    def is_complete(self) -> bool:
        """Whether a finished run lies here: a leaderboard, and a manifest that is not marked partial."""
        try:
            manifest = json.loads(self.manifest.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return self.leaderboard.is_file() and isinstance(manifest, dict) and bool(manifest.get("is_complete", True))


def choose_run(folder: str | Path | None = None, *, results: Path = RESULTS, shipped: Path = SHIPPED) -> RunFolder:
    """Return the run to show: the named one, else the user's newest complete one on real speech or not, else a shipped one.

    Parameters
    ----------
    folder : path-like, optional
        A run's folder; without it that in the environment variable :data:`RESULTS_VARIABLE` is taken.
    results, shipped : Path
        Where the user's runs and the shipped ones lie.

    Raises
    ------
    PredictionsError
        If there is none.
    """
    named = folder or os.environ.get(RESULTS_VARIABLE)
    if named:
        chosen = RunFolder(Path(named).expanduser())
        if not chosen.path.is_dir():
            raise PredictionsError(f"A run's folder must exist, but {chosen.path} is no folder; run search/run.py first.")
        return chosen
    if own := complete_runs_in(results):
        return own[0]
    for run in shipped_runs(shipped):
        if run.is_complete:
            return run
    raise PredictionsError(f"A complete run is needed, but there is none in {results} or {shipped}; run search/run.py first.")


def runs_in(folder: Path) -> list[RunFolder]:
    """Return the runs that lie in a folder, by name; those that were set aside are not among them."""
    found = [
        path for path in sorted(folder.glob("[!.]*")) if (path / "leaderboard.csv").is_file() and SET_ASIDE_MARK not in path.name
    ]
    return [RunFolder(path) for path in found]


def complete_runs_in(folder: Path) -> list[RunFolder]:
    """Return the complete runs that lie in a folder, the newest first."""
    complete = [run for run in runs_in(folder) if run.is_complete]
    return sorted(complete, key=lambda run: run.manifest.stat().st_mtime, reverse=True)


def shipped_runs(folder: Path = SHIPPED) -> list[RunFolder]:
    """Return the runs that came with the project, the preferred ones first, the others by name."""
    places = {name: place for place, name in enumerate(PREFERRED_SHIPPED)}
    return sorted(runs_in(folder), key=lambda run: (places.get(run.path.name, len(places)), run.path.name))


SET_ASIDE_MARK = ".until-"
"""In the name of a folder that was set aside, before the date."""


def is_shipped(run: RunFolder) -> bool:
    """Return whether a run came with the project."""
    return run.path.resolve().parent == SHIPPED.resolve()
