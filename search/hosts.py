"""A run on several hosts: each takes trials and evaluations from the database; one leads, and writes the outcome when all is done.

The leader adds what is to be done: the trials of every study, and the evaluations of a family once both its studies have ended. It
also gives up the work of hosts that have fallen silent. If it dies itself, another host leads. Everything that a leader does may be
done twice, so nothing is lost while two hosts believe that they lead.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import optuna
import pandas as pd
from optuna.artifacts import get_all_artifact_meta
from optuna.trial import TrialState

from emotune.errors import StudyError
from evaluation.dataset import Dataset
from evaluation.jobs import EvaluationJob, Job
from evaluation.result import Tuned
from features.whisper.published import use_encoders
from leaderboard.table import read_leaderboard
from models import FAMILIES, Family
from runs.conditions import conditions_of
from runs.layout import RunFolder
from runs.lock import only_writer
from runs.work import WorkFolder
from search.artifacts import fetch, has, open_artifacts, put_probe
from search.door import FOLDER, HOST, Door
from search.drawing import initial_trials
from search.entry import enter
from search.items import Pulse, Watch, add, attempts, beating, fail_silent, give_up, id_of, take
from search.plan import RunPlan, Shared
from search.possible import keep_possible
from search.progress import ConsoleReporter
from search.publish import Publisher
from search.runner import in_order, make_dataset, read_corpus
from search.storage import open_database
from search.study import ended_trials, open_study, tuned_of
from search.study_plan import StudyPlan
from search.taken import TakenJob, TakenTrial, job_content, job_from
from search.trial import BUDGET, budget_of
from search.workers import Plan, WorkerPool

LOCK_SECONDS = 300.0
"""Hosts that share a results folder wait for each other while one enters or writes."""
RELEASE_SECONDS = 5.0


def run_shared(plan: RunPlan, reporter: ConsoleReporter) -> pd.DataFrame | None:
    """Take part in a run until its outcome is written.

    Returns
    -------
    DataFrame or None
        The leaderboard; None if its folder is on another machine.

    Raises
    ------
    EmotuneError
        If the database or the artifacts cannot be reached, this host works under other conditions, or all trials of a study failed.
    """
    assert plan.shared is not None
    open_database(plan.shared.database)
    open_artifacts(plan.shared.artifacts)
    use_encoders(plan.encoders)
    reading = read_corpus(plan, reporter)
    dataset = make_dataset(plan, reading)
    plan = keep_possible(plan, dataset, say=reporter.say)
    door = Door(plan, {f.key: conditions_of(f, dataset, seed=plan.seed, objective=plan.objective) for f in plan.fitted_families})
    plan = replace(plan, shared=door.admit())
    with only_writer(plan.run, command=plan.command, wait_seconds=LOCK_SECONDS):
        is_written = door.outcome_before() is not None
        if not is_written:
            entry = enter(plan, dataset, say=reporter.say)
            publisher = Publisher(plan, reading, dataset, entry, say=reporter.say)
            publisher.begin()
    if not is_written:
        _Host(plan, dataset, publisher, door, reporter).work()
    return _board(door, reporter)


def _board(door: Door, reporter: ConsoleReporter) -> pd.DataFrame | None:
    """Say where the outcome is, and return the leaderboard if that is here."""
    outcome = door.outcome()
    assert outcome is not None
    folder = outcome.user_attrs[FOLDER]
    reporter.say(f"The outcome of this run is in {folder} on {outcome.user_attrs[HOST]}.")
    return read_leaderboard(RunFolder(Path(folder)).leaderboard) if door.holds(outcome) else None


@dataclass
class _FamilyWork:
    """What a leader knows of a family."""

    family: Family
    tuned: Tuned | None = None
    jobs: list[Job] = field(default_factory=list)
    n_repeated: dict[str, int] = field(default_factory=dict)
    is_published: bool = False


class _Host:
    """One host of a run: its processes, and what they have taken."""

    def __init__(self, plan: RunPlan, dataset: Dataset, publisher: Publisher, door: Door, reporter: ConsoleReporter) -> None:
        assert plan.shared is not None
        self._plan, self._dataset, self._publisher, self._door, self._reporter = plan, dataset, publisher, door, reporter
        self._shared: Shared = plan.shared
        self._database = plan.shared.database
        self._storage = open_database(self._database)
        self._store = open_artifacts(plan.shared.artifacts)
        self._families = [_FamilyWork(family) for family in sorted(plan.fitted_families, key=in_order)]
        self._study_plans = [study for one in self._families for study in plan.study_plans(one.family)]
        self._studies = {study.name: open_study(study, plan.run) for study in self._study_plans}
        self._evaluations = {one.family.key: self._open_evaluations(one.family.key) for one in self._families}
        self._ended: set[str] = set()
        self._watch = Watch(self._database)
        self._taken: set[int] = set()
        self._leading: tuple[int, Pulse] | None = None
        self._beat = ExitStack()
        self._probe: str | None = None

    def work(self) -> None:
        """Take part until the outcome is written."""
        plan = self._plan
        self._reporter.expect(self._study_plans)
        pool = WorkerPool(self._dataset, plan.run, n_jobs=plan.n_jobs, tell=self._reporter.trial_ended, encoders=plan.encoders)
        at_once = True
        try:
            while not self._step(pool):
                pass
            at_once = False
        finally:
            pool.close(at_once=at_once)
            self._release()

    def _step(self, pool: WorkerPool) -> bool:
        """Lead if nobody else does, hand out work, and wait a moment; return whether the outcome is written."""
        if self._leading is None or self._leading[1].is_lost:
            self._try_to_lead()
        if self._lead() if self._leading else self._door.outcome() is not None:
            return True
        if self._shares_artifacts():
            while pool.n_idle and (taken := self._take_one()) is not None:
                self._taken.add(taken.trial_id)
                pool.submit([taken])
        for done in pool.collect(self._database.poll_seconds):
            self._let_go(done)
        return False

    def _let_go(self, done: Plan) -> None:
        assert isinstance(done, TakenTrial | TakenJob)
        self._taken.discard(done.trial_id)
        if isinstance(done, TakenJob):
            self._reporter.evaluated(done.job)

    def _try_to_lead(self) -> None:
        self._beat.close()
        self._leading = None
        leader = self._door.lead()
        if leader is None:
            return
        self._leading = leader, self._beat.enter_context(beating(self._storage, leader, self._database))
        self._probe = put_probe(self._store, self._storage.get_trial(leader), self._storage)
        self._door.announce(leader, self._probe)
        self._reporter.say(f"This host plans the work and will write the outcome to {self._plan.folder}")

    def _shares_artifacts(self) -> bool:
        """Return whether work may be taken: once it is known that the leader can read what this host writes."""
        probe = self._door.probe()
        if probe is None or probe == self._probe:
            return probe is not None
        if not has(self._store, probe):
            raise StudyError(
                f"Every host must exchange arrays through the same place, but what the leading host wrote is not in "
                f"{self._shared.artifacts}; give all of them the same --artifacts, a shared folder or s3://BUCKET."
            )
        self._probe = probe
        return True

    def _take_one(self) -> TakenTrial | TakenJob | None:
        """Take an evaluation, else a trial of the study on which the fewest are at work; None if there is nothing to do."""
        for evaluations in self._evaluations.values():
            for found in attempts(evaluations).values():
                if found.state is TrialState.WAITING and take(self._storage, found):
                    return TakenJob(job_from(found.user_attrs), self._database, self._shared.artifacts, id_of(found))
        waiting = []
        for order, plan in enumerate(self._study_plans):
            found_trials = {} if plan.name in self._ended else attempts(self._studies[plan.name])
            n_running = sum(trial.state is TrialState.RUNNING for trial in found_trials.values())
            waits = {k for k, trial in found_trials.items() if isinstance(k, int) and trial.state is TrialState.WAITING}
            numbers = sorted(k for k in waits if k < plan.n_trials)  # what a longer search asked for is drawn by its hosts
            is_over = plan.is_late and any(trial.state is TrialState.COMPLETE for trial in found_trials.values())
            if numbers and not is_over:
                waiting.append((n_running, order, numbers[0], found_trials[numbers[0]], plan))
        for _, _, number, trial, plan in sorted(waiting, key=lambda one: one[:2]):
            if take(self._storage, trial):
                return TakenTrial(plan, number, id_of(trial))
        return None

    def _lead(self) -> bool:
        """Add what can be done now, publish the families that are done; return whether that was everything."""
        assert self._leading is not None
        self._give_up_silent()
        for one in self._families:
            if one.is_published:
                continue
            plans = self._plan.study_plans(one.family)
            have_ended = [self._has_ended(plan) for plan in plans]
            if one.tuned is None and all(have_ended):
                one.tuned = tuned_of(one.family, plans, self._plan.run, n_trials=self._plan.n_trials)
                one.jobs = self._publisher.jobs(one.tuned)
            if one.tuned is not None and self._are_evaluated(one):
                self._publish(one)
        if not all(one.is_published for one in self._families) or self._leading[1].is_lost:
            return False
        self._finish()
        return True

    def _give_up_silent(self) -> None:
        studies = [study for name, study in self._studies.items() if name not in self._ended]
        studies += [self._evaluations[one.family.key] for one in self._families if not one.is_published]
        running = [trial for study in studies for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))]
        fail_silent(self._storage, self._watch, [trial for trial in running if id_of(trial) not in self._taken])

    def _has_ended(self, plan: StudyPlan) -> bool:
        """Return whether a study has all its trials, after adding those that nobody has or will carry out."""
        if plan.name in self._ended:
            return True
        study, found = self._studies[plan.name], attempts(self._studies[plan.name])
        ended = ended_trials(study)
        if plan.is_late and any(trial.state is TrialState.COMPLETE for trial in ended):
            for trial in found.values():
                if trial.state is TrialState.WAITING and take(self._storage, trial):
                    give_up(self._storage, id_of(trial))
            is_over = not any(trial.state is TrialState.RUNNING for trial in attempts(study).values())
        else:
            is_over = len(ended) >= plan.n_trials
            if BUDGET not in study.user_attrs:
                study.set_user_attr(BUDGET, str(plan.budget))
            first = initial_trials(FAMILIES[plan.family], self._dataset, budget_of(study))
            for number in range(0 if is_over else plan.n_trials):
                if number not in found:
                    add(study, number, params=first[number] if number < len(first) else {})
        if is_over:
            self._ended.add(plan.name)
        return is_over

    def _are_evaluated(self, one: _FamilyWork) -> bool:
        """Return whether all outcomes of a family are here, after adding what nobody has or will carry out."""
        work, study = WorkFolder(self._plan.run), self._evaluations[one.family.key]
        found, is_done = attempts(study), True
        for job in one.jobs:
            key = self._key_of(job, one)
            if key not in found:
                add(study, key, content=job_content(job))
            is_done = is_done and key in found and found[key].state is TrialState.COMPLETE
        if not is_done:
            return False
        with only_writer(self._plan.run, command=self._plan.command, wait_seconds=LOCK_SECONDS):
            for job in one.jobs:
                artifacts = get_all_artifact_meta(found[self._key_of(job, one)], storage=self._storage)
                if not work.has(job) and not fetch(self._store, job, artifacts, work):
                    name = work.path(job).name
                    one.n_repeated[name] = one.n_repeated.get(name, 0) + 1
                    is_done = False
        return is_done

    def _key_of(self, job: Job, one: _FamilyWork) -> str:
        """Return the key of a job's item; one whose artifact is lost or damaged is done again under another."""
        name = WorkFolder(self._plan.run).path(job).name
        budget = str(job.budget) if isinstance(job, EvaluationJob) else ""
        return " ".join(filter(None, (name, budget, str(one.n_repeated.get(name, 0)))))

    def _publish(self, one: _FamilyWork) -> None:
        assert one.tuned is not None
        with only_writer(self._plan.run, command=self._plan.command, wait_seconds=LOCK_SECONDS):
            self._publisher.family_finished(one.tuned)
        one.is_published = True

    def _finish(self) -> None:
        assert self._leading is not None
        self._reporter.say("Writing the leaderboard")
        with only_writer(self._plan.run, command=self._plan.command, wait_seconds=LOCK_SECONDS):
            self._publisher.finish()
            self._door.close(self._leading[0])

    def _release(self) -> None:
        """Let other hosts take what this one leaves unfinished at once; if the database is away, they find out by themselves."""

        def give_up_all() -> None:
            self._beat.close()
            with suppress(Exception):
                for trial_id in (*self._taken, *([self._leading[0]] if self._leading else [])):
                    give_up(self._storage, trial_id)

        thread = threading.Thread(target=give_up_all, daemon=True)
        thread.start()
        thread.join(RELEASE_SECONDS)

    def _open_evaluations(self, key: str) -> optuna.Study:
        name = f"{self._shared.prefixes[key]}{key}-evaluations"
        return optuna.create_study(study_name=name, storage=self._storage, load_if_exists=True)
