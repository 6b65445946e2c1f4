"""What a person asked for, as the search carries it out."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from corpora import Corpus
from emotune.files import PROJECT_ROOT
from evaluation.folds import HALVES, SPEAKERS
from evaluation.objective import Objective
from models import Family
from models.family import MEMBER_PROBABILITIES
from runs.layout import RunFolder
from search.storage import Database
from search.study_plan import Sampling, StudyPlan

CACHE_VARIABLE = "EMOTUNE_CACHE"


def cache_folder() -> Path:
    """Return where features are kept: the folder that EMOTUNE_CACHE names, else the project's ``cache/``."""
    return Path(os.environ.get(CACHE_VARIABLE) or PROJECT_ROOT / "cache").expanduser()


@dataclass(frozen=True)
class Shared:
    """What hosts share that work on one run.

    Attributes
    ----------
    database : Database
        Where trials and evaluations are kept.
    artifacts : str
        Where arrays and weights are exchanged: a folder or ``s3://BUCKET``.
    prefixes : mapping of str to str
        By family: what the names of its studies begin with; known once the data have been read.
    """

    database: Database
    artifacts: str
    prefixes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunPlan:
    """What a person asked for.

    Attributes
    ----------
    corpus : Corpus
        Whose clips.
    families : tuple of Family
        What to tune.
    n_trials : int
        Trials of each study; a family has two.
    folder : Path
        The run's folder.
    data : Path or None
        Where the corpus lies.
    cache : Path
        Where features are kept.
    seed, n_jobs : int
        Of all randomness; how many processes.
    protocol : str
        Which rule makes the folds.
    emotions : str or None
        Which emotions are kept, as :func:`corpora.combined.choose_emotions` reads it; by default the common ones of several corpora,
        else all.
    timeout_seconds : float or None
        After which no further trial begins.
    fresh : bool
        Whether earlier trials and evaluations of these families are forgotten.
    encoders : mapping of str to Path
        Folders of pretrained weights that the command named, by key of the encoder.
    command : str
        As typed, for the manifest.
    shared : Shared or None
        What other hosts share; None for a run in its own folder only.
    compares_random : bool
        Whether each family is also searched at random, to show what the sampler gives.
    objective : Objective
        What tuning maximises.
    """

    corpus: Corpus
    families: tuple[Family, ...]
    n_trials: int
    folder: Path
    data: Path | None
    cache: Path = field(default_factory=cache_folder)
    seed: int = 0
    n_jobs: int = 1
    protocol: str = SPEAKERS
    emotions: str | None = None
    timeout_seconds: float | None = None
    fresh: bool = False
    encoders: Mapping[str, Path] = field(default_factory=dict)
    command: str = ""
    started: float = field(default_factory=time.time)
    shared: Shared | None = None
    compares_random: bool = False
    objective: Objective = Objective.EVERYDAY

    @property
    def run(self) -> RunFolder:
        """The run's folder."""
        return RunFolder(self.folder)

    @property
    def fitted_families(self) -> tuple[Family, ...]:
        """The families that are fitted to clips; ensembles are made of their results."""
        return tuple(family for family in self.families if family.input_kind != MEMBER_PROBABILITIES)

    def study_plans(self, family: Family) -> list[StudyPlan]:
        """Return the two studies of a family."""
        deadline = None if self.timeout_seconds is None else self.started + self.timeout_seconds
        database = self.shared.database if self.shared else None
        prefix = self.shared.prefixes[family.key] if self.shared and family.is_tuned else ""
        halves = HALVES if family.is_tuned else ()
        return [StudyPlan(family.key, half, self.n_trials, self.seed, deadline, database, prefix, self.objective) for half in halves]

    def studies_here(self, family: Family) -> list[StudyPlan]:
        """Return the studies of a family that this command can open: in a database only those of the families that it names."""
        return self.study_plans(family) if self.shared is None or family in self.families else []

    def random_plans(self, family: Family) -> list[StudyPlan]:
        """Return the studies of a family that search at random, if they were asked for."""
        return [replace(study, sampling=Sampling.RANDOM) for study in self.study_plans(family)] if self.compares_random else []
