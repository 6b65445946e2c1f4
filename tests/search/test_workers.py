"""Processes: replaced in time, quiet, and missed when they die."""

import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace

import psutil
import pytest

from emotune.errors import StudyError
from evaluation.jobs import EvaluationJob, Split
from models import FAMILIES
from runs.layout import RunFolder
from runs.work import WorkFolder
from search.study import open_study, run_study
from search.study_plan import StudyPlan
from search.workers import FITS_PER_PROCESS, Worker, WorkerPool

DUMMY = FAMILIES["dummy"]
JOB, STUDY = EvaluationJob("dummy", Split.HELD_OUT, 0, dict(DUMMY.defaults), 0), StudyPlan("linear", "A", 1, 0)


def test_a_process_is_replaced_after_a_long_study_or_many_evaluations():
    assert Worker(None).needs_restart(replace(STUDY, n_trials=50))
    assert not Worker(None).needs_restart(STUDY)
    evaluator = Worker(None)
    assert [evaluator.needs_restart(JOB) for _ in range(FITS_PER_PROCESS)] == [False] * (FITS_PER_PROCESS - 1) + [True]


def test_every_plan_is_carried_out_once_though_processes_are_replaced(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("search.workers.FITS_PER_PROCESS", 5)
    plans = [
        EvaluationJob("dummy", split, fold, dict(DUMMY.defaults), 0)
        for split in (Split.HELD_OUT, Split.DEFAULTS)
        for fold in range(6)
    ]
    pool = WorkerPool(dataset, RunFolder(tmp_path), n_jobs=1, tell=lambda _: None)
    pool.submit(plans)
    assert list(pool.finished()) == plans
    pool.close(at_once=False)
    assert all(WorkFolder(RunFolder(tmp_path)).has(plan) for plan in plans)


def test_the_first_network_of_a_process_is_that_of_any_other(dataset, tmp_path):
    import keras  # noqa: F401  as if networks had been fitted here before

    plan, here, there = StudyPlan("conv1d", "A", 1, 0), RunFolder(tmp_path / "here"), RunFolder(tmp_path / "there")
    here.path.mkdir()
    run_study(plan, dataset, here)
    pool = WorkerPool(dataset, there, n_jobs=1, tell=lambda _: None)
    pool.submit([plan])
    assert list(pool.finished()) == [plan]
    pool.close(at_once=False)
    scores = [[trial.intermediate_values for trial in open_study(plan, run).trials] for run in (here, there)]
    assert scores[0] == scores[1]


def test_ctrl_c_is_for_the_run_and_not_for_a_process_that_begins(dataset, tmp_path):
    pool = WorkerPool(dataset, RunFolder(tmp_path), n_jobs=1, tell=lambda _: None)
    pool.submit([JOB])
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGINT)
    assert list(pool.finished()) == [JOB]
    pool.close(at_once=False)


def test_a_process_that_is_killed_ends_the_run_with_a_sentence(dataset, tmp_path):
    def kill_as_soon_as_it_works():
        while not (tmp_path / "work" / "processes.log").exists():
            time.sleep(0.05)
        for child in psutil.Process().children():
            if "spawn_main" in " ".join(child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)

    pool = WorkerPool(dataset, RunFolder(tmp_path), n_jobs=1, tell=lambda _: None)
    pool.submit([StudyPlan("random_forest", "A", 500, 0)])
    threading.Thread(target=kill_as_soon_as_it_works, daemon=True).start()
    with pytest.raises(StudyError, match="random_forest was ended from outside"):
        list(pool.finished())
    pool.close(at_once=True)
