"""Studies: deterministic, resumable, and particular about what they continue."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from shutil import copytree

import numpy as np
import optuna
import pytest

from emotune.errors import StudyError
from evaluation.jobs import Budget
from models import FAMILIES
from runs.layout import RunFolder
from search.study import best_trial, ended_trials, open_study, run_study, tuned_of
from search.study_plan import Sampling, StudyPlan
from search.trial import BUDGET, budget_of

PLAN = StudyPlan("linear", "A", n_trials=4, seed=3)
LINEAR = FAMILIES["linear"]


def history(plan, folder):
    return [(trial.params, trial.value) for trial in ended_trials(open_study(plan, RunFolder(folder)))]


@pytest.fixture(scope="module")
def finished_study(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    run_study(PLAN, dataset, RunFolder(folder))
    return folder


def test_trial_0_is_the_familys_defaults(finished_study, dataset):
    first = ended_trials(open_study(PLAN, RunFolder(finished_study)))[0]
    assert first.params == {key: value for key, value in LINEAR.defaults.items() if key in first.params}
    assert first.params["augmentation"] == "none"


def test_the_same_seed_gives_the_same_trials(finished_study, dataset, tmp_path):
    run_study(PLAN, dataset, RunFolder(tmp_path))
    assert history(PLAN, tmp_path) == history(PLAN, finished_study)


def test_more_trials_continue_where_fewer_stopped(finished_study, dataset, tmp_path):
    run_study(replace(PLAN, n_trials=2), dataset, RunFolder(tmp_path))
    told = []
    run_study(PLAN, dataset, RunFolder(tmp_path), tell=told.append)
    assert [trial.number for trial in told] == [3, 4]
    assert history(PLAN, tmp_path) == history(PLAN, finished_study)


def _hang_in_the_third_trial(dataset, folder):
    fit, calls = LINEAR.fit, []

    def slow(examples, config, **options):
        calls.append(config)
        if len(calls) > 2 * len(dataset.folds.in_half("A")):
            (folder / "hanging").touch()
            time.sleep(600)
        return fit(examples, config, **options)

    LINEAR.fit = slow
    run_study(PLAN, dataset, RunFolder(folder))


def test_a_run_killed_in_mid_trial_ends_as_one_that_was_not(finished_study, dataset, tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=_hang_in_the_third_trial, args=(dataset, tmp_path))
    process.start()
    while not (tmp_path / "hanging").exists():
        assert process.is_alive()
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.join()

    told = []
    run_study(PLAN, dataset, RunFolder(tmp_path), tell=told.append)
    states = [trial.state.name for trial in open_study(PLAN, RunFolder(tmp_path)).get_trials()]
    assert [trial.number for trial in told] == [3, 4]
    assert states.count("FAIL") == 1
    assert history(PLAN, tmp_path) == history(PLAN, finished_study)


def test_the_trials_of_a_quick_look_do_not_stand_beside_full_ones(finished_study, dataset, tmp_path, monkeypatch):
    folder = copytree(finished_study, tmp_path / "run")
    monkeypatch.setattr("search.trial.score_config", lambda *_, **__: 0.5)
    run_study(replace(PLAN, n_trials=6), dataset, RunFolder(folder))
    assert [value for _, value in history(PLAN, folder)] == [0.5] * 6


def test_a_full_study_keeps_its_trials_when_fewer_are_asked_for(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("search.trial.score_config", lambda *_, **__: 0.5)
    run_study(replace(PLAN, n_trials=7), dataset, RunFolder(tmp_path))
    run_study(replace(PLAN, n_trials=2), dataset, RunFolder(tmp_path))
    study = open_study(PLAN, RunFolder(tmp_path))
    assert len(ended_trials(study)) == 7
    assert budget_of(study) is Budget.FULL


def test_a_shorter_command_draws_the_trials_of_a_full_study_as_the_study_does(dataset, tmp_path):
    run, full, whole = RunFolder(tmp_path), replace(PLAN, n_trials=6), tmp_path / "whole"
    whole.mkdir()
    run_study(full, dataset, RunFolder(whole))
    for n_trials in (1, 3):
        study = open_study(PLAN, run)
        study.set_user_attr(BUDGET, str(Budget.FULL))  # as a longer command leaves it that was stopped
        run_study(replace(PLAN, n_trials=n_trials), dataset, run)
    assert history(PLAN, tmp_path) == history(full, whole)[:3]


def test_a_family_without_studies_has_the_budget_of_the_command(tmp_path):
    budgets = [tuned_of(FAMILIES["baseline"], [], RunFolder(tmp_path), n_trials=n).budget for n in (5, 6)]
    assert budgets == [Budget.QUICK, Budget.FULL]


def test_a_failing_trial_is_recorded_with_its_reason_and_the_study_goes_on(dataset, tmp_path, monkeypatch):
    fit, calls = LINEAR.fit, []

    def fail_once(examples, config, **options):
        calls.append(config)
        if len(calls) == 1:
            raise ValueError("the matrix is sad")
        return fit(examples, config, **options)

    monkeypatch.setattr(LINEAR, "fit", fail_once)
    plan = replace(PLAN, n_trials=2)
    run_study(plan, dataset, RunFolder(tmp_path))
    failed, completed = ended_trials(open_study(plan, RunFolder(tmp_path)))
    assert failed.user_attrs["error"] == "ValueError: the matrix is sad"
    assert completed.value > 0


def test_a_study_whose_every_trial_fails_stops_the_run_with_the_reason(dataset, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ValueError("the matrix is sad")

    monkeypatch.setattr(LINEAR, "fit", fail)
    with pytest.raises(StudyError, match="the matrix is sad"):
        run_study(replace(PLAN, n_trials=2), dataset, RunFolder(tmp_path))


def test_a_model_that_answers_nan_fails_its_trial(dataset, tmp_path, monkeypatch):
    class Broken:
        def predict(self, inputs):
            return np.full((len(inputs), 8), np.nan)

    monkeypatch.setattr(LINEAR, "fit", lambda *_, **__: Broken())
    with pytest.raises(StudyError, match="NaN"):
        run_study(replace(PLAN, n_trials=1), dataset, RunFolder(tmp_path))


def test_no_trial_begins_after_the_deadline_but_one_is_always_run(dataset, tmp_path):
    run_study(replace(PLAN, deadline=0.0), dataset, RunFolder(tmp_path))
    assert len(history(PLAN, tmp_path)) == 1


def test_a_hopeless_trial_is_pruned(dataset, tmp_path, monkeypatch):
    plan = replace(PLAN, n_trials=12)
    fit, calls = LINEAR.fit, []

    def worse_and_worse(examples, config, **options):
        calls.append(config)
        is_late = len(calls) > 9 * len(dataset.folds.in_half("A"))
        return FAMILIES["dummy"].fit(examples, config, seed=0) if is_late else fit(examples, config, **options)

    monkeypatch.setattr(LINEAR, "fit", worse_and_worse)
    run_study(plan, dataset, RunFolder(tmp_path))
    study = open_study(plan, RunFolder(tmp_path))
    assert any(trial.state is optuna.trial.TrialState.PRUNED for trial in study.get_trials())
    assert best_trial(study).value > 0.125


def test_a_quick_look_keeps_to_the_augmentation_of_the_defaults(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("search.trial.score_config", lambda *_, **__: 0.5)
    plan = StudyPlan("linear", "A", 5, 0)
    run_study(plan, dataset, RunFolder(tmp_path))
    configs = [trial.user_attrs["config"] for trial in open_study(plan, RunFolder(tmp_path)).trials]
    assert len({config["penalty"] for config in configs}) == 5
    assert {config["augmentation"] for config in configs} == {FAMILIES["linear"].defaults["augmentation"]}


def test_a_search_at_random_draws_as_often_from_the_same_space_and_changes_nothing(finished_study, dataset, tmp_path):
    plan = StudyPlan("linear", "A", 6, 0)
    run_study(plan, dataset, RunFolder(tmp_path))
    before = [trial.params for trial in open_study(plan, RunFolder(tmp_path)).trials]
    at_random = replace(plan, sampling=Sampling.RANDOM)
    run_study(at_random, dataset, RunFolder(tmp_path))
    drawn = [trial.params for trial in open_study(at_random, RunFolder(tmp_path)).trials]
    assert len(drawn) == len(before) == 6
    assert drawn[0] != before[0]
    assert [trial.params for trial in open_study(plan, RunFolder(tmp_path)).trials] == before
