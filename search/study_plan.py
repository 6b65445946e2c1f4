"""What a study is to do: a family, a half, a number of trials, and where it is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum

from evaluation.jobs import Budget
from evaluation.objective import Objective
from search.storage import Database


class Sampling(StrEnum):
    """How the trials of a study are drawn; random ones are for comparison, and nothing is chosen from them."""

    TPE = "TPE"
    RANDOM = "random"


@dataclass(frozen=True)
class StudyPlan:
    """One study to run.

    Attributes
    ----------
    family, half : str
        What is tuned, on which half.
    n_trials : int
        How many trials the study shall have in the end.
    seed : int
        Of the run.
    deadline : float or None
        Seconds since the epoch after which no further trial is begun.
    database : Database or None
        Where it is kept; None for the journal of the run's folder.
    prefix : str
        What its name begins with in a database, where studies of other runs lie beside it.
    objective : Objective
        What it maximises.
    sampling : Sampling
        How its trials are drawn.
    """

    family: str
    half: str
    n_trials: int
    seed: int
    deadline: float | None = None
    database: Database | None = None
    prefix: str = ""
    objective: Objective = Objective.EVERYDAY
    sampling: Sampling = Sampling.TPE

    @property
    def name(self) -> str:
        """Its name in a run, and in the journal."""
        return f"{self.family}-{self.half}" + ("" if self.sampling is Sampling.TPE else f"-{self.sampling}")

    @property
    def budget(self) -> Budget:
        """With how much its trials are made, unless it was begun with more."""
        return Budget.of(self.n_trials)

    @property
    def is_late(self) -> bool:
        """Whether no further trial may begin."""
        return self.deadline is not None and time.time() > self.deadline
