"""A run, from the corpus to the leaderboard: read, tune, evaluate, publish."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pandas as pd

from corpora import Reading
from corpora.checks import warnings_for
from corpora.combined import ALL, COMMON, Combined, choose_emotions, keep_emotions, taught_by_others
from evaluation.dataset import Dataset
from evaluation.folds import LEAVE_CORPORA_OUT, folds_over_corpora
from evaluation.jobs import ChampionJob, EvaluationJob
from evaluation.result import Tuned
from features import INPUT_KINDS
from features.store import FeatureStore
from features.whisper.published import use_encoders
from models import FAMILIES, Family
from runs.lock import only_writer
from search.entry import enter
from search.plan import RunPlan
from search.possible import keep_possible
from search.progress import ConsoleReporter
from search.publish import Publisher
from search.study import tuned_of, with_all_trials
from search.study_plan import Sampling, StudyPlan
from search.workers import Plan, WorkerPool

FIRST_FAMILIES = ("dummy", "baseline", "linear")
"""Evaluated before the slow ones, so that the leaderboard has rows within minutes."""


def run(plan: RunPlan, reporter: ConsoleReporter) -> pd.DataFrame:
    """Carry out a run and return its leaderboard.

    Raises
    ------
    EmotuneError
        If the corpus cannot be read, another command writes to the folder, or all trials of a study failed.
    """
    with only_writer(plan.run, command=plan.command):
        use_encoders(plan.encoders)
        reading = read_corpus(plan, reporter)
        dataset = make_dataset(plan, reading)
        plan = keep_possible(plan, dataset, say=reporter.say)
        entry = enter(plan, dataset, say=reporter.say)
        publisher = Publisher(plan, reading, dataset, entry, say=reporter.say)
        publisher.begin()
        tune_and_evaluate(plan, dataset, publisher, reporter)
        reporter.say("Writing the leaderboard")
        return publisher.finish()


def read_corpus(plan: RunPlan, reporter: ConsoleReporter) -> Reading:
    """Read the corpus and say what was left out; what makes its figures doubtful is among its notes."""
    with reporter.progress(f"Reading {plan.corpus.title}") as progress:
        reading = select_emotions(plan, plan.corpus.read(plan.data, progress=progress))
    for name, reason in reading.skipped:
        reporter.say(f"skipped {name}: {reason}")
    for name, kept in reading.duplicates:
        reporter.say(f"dropped {name}: the same recording as {kept}")
    reading = replace(reading, notes=(*reading.notes, *warnings_for(reading)))
    for sentence in reading.notes:
        reporter.say(sentence)
    return reading


def select_emotions(plan: RunPlan, reading: Reading) -> Reading:
    """Return a reading with the emotions that were asked for and that the protocol can test."""
    by_default = COMMON if isinstance(plan.corpus, Combined) else ALL
    choice = by_default if plan.emotions is None else plan.emotions
    reading = keep_emotions(reading, choose_emotions(reading, choice))
    return keep_emotions(reading, taught_by_others(reading)) if plan.protocol == LEAVE_CORPORA_OUT else reading


def make_dataset(plan: RunPlan, reading: Reading) -> Dataset:
    """Return the clips with their folds and the feature store."""
    folds = folds_over_corpora(reading.speakers_by_corpus, published=plan.corpus.published_folds, rule=plan.protocol)
    kinds = [INPUT_KINDS[key] for key in dict.fromkeys(family.input_kind for family in plan.fitted_families)]
    store = FeatureStore(plan.cache, kinds)
    return Dataset(reading.clips, reading.emotions, folds, store, speakers_known=plan.corpus.speakers_known)


def tune_and_evaluate(plan: RunPlan, dataset: Dataset, publisher: Publisher, reporter: ConsoleReporter) -> None:
    """Run every study, the evaluations of a family as soon as both its studies are done, and publish it then."""
    studies_left = {family.key: len(plan.study_plans(family)) for family in plan.fitted_families}
    jobs_left: dict[str, int] = {}
    tuned: dict[str, Tuned] = {}
    studies = [plan.study_plans(family) + plan.random_plans(family) for family in plan.fitted_families]
    reporter.expect(list(itertools.chain.from_iterable(studies)))

    def evaluations_of(family: Family) -> list[Plan]:
        tuned[family.key] = tuned_of(family, plan.study_plans(family), plan.run, n_trials=plan.n_trials)
        jobs = publisher.jobs(tuned[family.key])
        jobs_left[family.key] = len(jobs)
        return list(jobs)

    pool = WorkerPool(dataset, plan.run, n_jobs=plan.n_jobs, tell=reporter.trial_ended, encoders=plan.encoders)
    at_once = True
    try:
        for family in by_turns(plan):
            pool.submit(plan.study_plans(family) if family.is_tuned else evaluations_of(family))
        pool.submit([study for family in plan.fitted_families for study in plan.random_plans(family)])
        for done in pool.finished():
            match done:
                case StudyPlan(sampling=Sampling.TPE):
                    reporter.study_ended(done)
                    studies_left[done.family] -= 1
                    if studies_left[done.family] == 0:
                        pool.submit_first(evaluations_of(FAMILIES[done.family]))
                case EvaluationJob() | ChampionJob():
                    jobs_left[done.family] -= 1
                    reporter.evaluated(done)
                    if jobs_left[done.family] == 0:
                        publisher.family_finished(tuned[done.family])
        at_once = False
    finally:
        pool.close(at_once=at_once)


def by_turns(plan: RunPlan) -> list[Family]:
    """Return the families of a plan in order; what an earlier command has tuned comes first, since it only has to be shown again."""
    studies = {family: plan.study_plans(family) for family in plan.fitted_families}
    tuned = with_all_trials(itertools.chain.from_iterable(studies.values()), plan.run)

    def lacks_trials(family: Family) -> bool:
        return any(study.name not in tuned for study in studies[family])

    return sorted(studies, key=lambda family: (lacks_trials(family), *in_order(family)))


def in_order(family: Family) -> tuple[bool, bool]:
    """Return what families are sorted by: the first rows, then the slow families, so that no core is idle in the end."""
    return family.key not in FIRST_FAMILIES, not family.is_neural
