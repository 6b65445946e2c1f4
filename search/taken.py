"""What a host has taken from the database, and how a process carries it out while its beat tells the others."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from evaluation.dataset import Dataset
from evaluation.held_out import evaluate, fit_champion
from evaluation.jobs import Budget, ChampionJob, EvaluationJob, Job, Split
from runs.layout import RunFolder
from runs.work import WorkFolder
from search.drawing import sampler_of
from search.items import beating, finish
from search.storage import Database, reopen_database
from search.study import open_study
from search.study_plan import StudyPlan
from search.trial import TrialEnd, budget_of, carry_out

JOB = "job"


@dataclass(frozen=True)
class TakenTrial:
    """A trial of a shared study.

    Attributes
    ----------
    study : StudyPlan
        Whose.
    number : int
        Which of the study's trials.
    trial_id : int
        The attempt at it, as the storage knows it.
    """

    study: StudyPlan
    number: int
    trial_id: int

    @property
    def family(self) -> str:
        """What is tuned."""
        return self.study.family


@dataclass(frozen=True)
class TakenJob:
    """An evaluation or a last fit of a shared run.

    Attributes
    ----------
    job : Job
        Which.
    database : Database
        Where its item is kept.
    artifacts : str
        Where its outcome goes.
    trial_id : int
        The attempt at it, as the storage knows it.
    """

    job: Job
    database: Database
    artifacts: str
    trial_id: int

    @property
    def family(self) -> str:
        """What is evaluated."""
        return self.job.family


def job_content(job: Job) -> dict[str, Any]:
    """Return a job as an item holds it."""
    return {JOB: {**asdict(job), "config": dict(job.config)}}


def job_from(content: Mapping[str, Any]) -> Job:
    """Return the job of an item."""
    values = dict(content[JOB])
    if "split" not in values:
        return ChampionJob(**{**values, "budget": Budget(values["budget"])})
    return EvaluationJob(**{**values, "split": Split(values["split"]), "budget": Budget(values["budget"])})


def carry_out_trial(taken: TakenTrial, dataset: Dataset, run: RunFolder, *, tell: Callable[[TrialEnd], None]) -> None:
    """Carry out a trial. If it was taken for lost meanwhile, another host repeats it and this outcome is dropped."""
    database = taken.study.database
    assert database is not None
    storage = reopen_database(database)
    study = open_study(taken.study, run)
    study.sampler = sampler_of(taken.study, taken.number, budget=budget_of(study))
    study.get_trials(deepcopy=False)  # Optuna's cache knows no trial that it has not listed
    with beating(storage, taken.trial_id, database):
        try:
            carry_out(optuna.Trial(study, taken.trial_id), taken.study, dataset, number=taken.number, tell=tell)
        except (UpdateFinishedTrialError, ValueError):  # Optuna has one for writing to a finished trial, one for ending it
            if not storage.get_trial(taken.trial_id).state.is_finished():
                raise


def carry_out_job(taken: TakenJob, dataset: Dataset) -> None:
    """Carry out an evaluation or a last fit, and upload its outcome."""
    # Imported here, because a process of a run in its own folder needs no library of buckets.
    from search.artifacts import open_artifacts, put

    storage, store = reopen_database(taken.database), open_artifacts(taken.artifacts)
    with beating(storage, taken.trial_id, taken.database), tempfile.TemporaryDirectory() as folder:
        work = WorkFolder(RunFolder(Path(folder)))
        match taken.job:
            case EvaluationJob():
                work.write(taken.job, evaluate(taken.job, dataset))
            case ChampionJob():
                work.write_model(taken.job, fit_champion(taken.job, dataset))
        try:
            put(store, work.pack(taken.job), storage.get_trial(taken.trial_id), storage)
        except UpdateFinishedTrialError:
            return
        finish(storage, taken.trial_id)
