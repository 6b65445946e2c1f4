"""A run, from the corpus to the leaderboard: read, prepare, tune, evaluate, write."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from augment.policy import all_variants
from corpora import Corpus
from corpora.corpus import Reading
from emotune.errors import EmotuneError, StudyError
from evaluation.dataset import Dataset
from evaluation.ensembles import blend, ensembles_of
from evaluation.evaluate import plan_evaluations, variants_to_test
from evaluation.folds import HALVES, make_folds
from evaluation.result import Result, Tuned, collect, read_result
from features import INPUT_KINDS
from features.store import PROJECT_ROOT, FeatureStore
from leaderboard.report import write_report
from leaderboard.table import build_leaderboard, gather, write_results
from models import FAMILIES, Family
from models.family import ANSWERS
from runs.champions import library_versions
from search import outcome
from search.outcome import Fitted
from search.progress import ConsoleReporter
from search.study import WORK_FOLDER, StudyPlan, forget_studies, has_study
from search.workers import Plan, Pool

RUN_FILE = "run.json"
N_TRIALS_WORTH_PREPARING = 10
RESULTS = PROJECT_ROOT / "leaderboard" / "results"


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
        The results folder.
    data : Path or None
        Where the corpus lies.
    cache : Path
        Where features are kept.
    seed, n_jobs : int
        Of all randomness; how many processes.
    protocol : str
        Which rule makes the folds.
    timeout_seconds : float or None
        After which no further trial begins.
    command : str
        As typed, for ``run.json``.
    """

    corpus: Corpus
    families: tuple[Family, ...]
    n_trials: int
    folder: Path
    data: Path | None
    cache: Path = PROJECT_ROOT / "cache"
    seed: int = 0
    n_jobs: int = 1
    protocol: str = "published"
    timeout_seconds: float | None = None
    command: str = ""
    started: float = field(default_factory=time.time)

    @property
    def fitted_families(self) -> tuple[Family, ...]:
        """The families that are fitted to clips; ensembles are made of their results."""
        return tuple(family for family in self.families if family.input_kind != ANSWERS)

    def study_plans(self, family: Family) -> list[StudyPlan]:
        """Return the two studies of a family."""
        deadline = None if self.timeout_seconds is None else self.started + self.timeout_seconds
        return [StudyPlan(family.key, half, self.n_trials, self.seed, deadline) for half in HALVES if family.is_tuned]


def run(plan: RunPlan, reporter: ConsoleReporter) -> pd.DataFrame:
    """Carry out a run and return its leaderboard.

    Raises
    ------
    EmotuneError
        If the corpus cannot be read, a study cannot be continued, or all trials of one failed.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    reading = read_corpus(plan, reporter)
    dataset = make_dataset(plan, reading)
    prepare(plan, dataset, reporter)
    tuned = tune_and_evaluate(plan, dataset, reporter)
    tuned += finished_before(plan, dataset)
    order = list(FAMILIES)
    return write_outcome(plan, reading, dataset, sorted(tuned, key=lambda one: order.index(one.family.key)), reporter)


def read_corpus(plan: RunPlan, reporter: ConsoleReporter) -> Reading:
    """Read the corpus and say what was left out."""
    with reporter.progress(f"Reading {plan.corpus.title}") as progress:
        reading = plan.corpus.read(plan.data, progress=progress)
    for name, reason in reading.skipped:
        reporter.say(f"skipped {name}: {reason}")
    for name, kept in reading.duplicates:
        reporter.say(f"dropped {name}: the same recording as {kept}")
    return reading


def make_dataset(plan: RunPlan, reading: Reading) -> Dataset:
    """Return the clips with their folds and the feature store."""
    genders = {clip.speaker: clip.gender for clip in reading.clips}
    folds = make_folds(genders, published=plan.corpus.test_folds, rule=plan.protocol)
    return Dataset(reading.clips, plan.corpus.emotions, folds, FeatureStore(plan.cache))


def prepare(plan: RunPlan, dataset: Dataset, reporter: ConsoleReporter) -> None:
    """Compute the features of every clip and of the perturbed test clips; if the run is long, of every variant it may ask for."""
    variants = (*variants_to_test(), *(all_variants() if plan.n_trials >= N_TRIALS_WORTH_PREPARING else ()))
    kinds = [INPUT_KINDS[key] for key in dict.fromkeys(family.input_kind for family in plan.fitted_families)]
    with reporter.progress("Computing features") as progress:
        dataset.store.prepare(kinds, dataset.clips, variants, n_jobs=plan.n_jobs, progress=progress)


def tune_and_evaluate(plan: RunPlan, dataset: Dataset, reporter: ConsoleReporter) -> list[Tuned]:
    """Run every study, and the evaluations of a family as soon as both its studies are done."""
    tuned: dict[str, Tuned] = {}
    waiting = {family.key: len(plan.study_plans(family)) for family in plan.fitted_families}
    by_key = {family.key: family for family in plan.fitted_families}
    reporter.expect([study for family in plan.fitted_families for study in plan.study_plans(family)])
    pool = Pool(dataset, plan.folder, n_jobs=plan.n_jobs, tell=reporter.trial_ended)
    at_once = True

    def begin_evaluations(family: Family) -> list[Plan]:
        one = collect(plan.study_plans(family), family, dataset, plan.folder)
        tuned[family.key] = one
        return list(plan_evaluations(family, one.configs, one.shipped, dataset, seed=plan.seed))

    try:
        # The slow families first, so that no core is idle in the end.
        for family in sorted(plan.fitted_families, key=lambda family: not family.is_neural):
            pool.submit(plan.study_plans(family) if family.is_tuned else begin_evaluations(family))
        for done in pool.finished():
            if isinstance(done, StudyPlan):
                waiting[done.family] -= 1
                if waiting[done.family] == 0:
                    pool.submit(begin_evaluations(by_key[done.family]))
            else:
                reporter.evaluated(done)
        at_once = False
    finally:
        pool.close(at_once=at_once)
    return [tuned[family.key] for family in plan.fitted_families]


def finished_before(plan: RunPlan, dataset: Dataset) -> list[Tuned]:
    """Return the families that earlier runs finished in this folder on the same data: their rows stay."""
    found = []
    for family in FAMILIES.values():
        studies = plan.study_plans(family)
        if family in plan.families or family.input_kind == ANSWERS or not all(has_study(study, plan.folder) for study in studies):
            continue
        try:
            one = collect(studies, family, dataset, plan.folder)
        except StudyError:  # tuned under other conditions, or never to the end
            continue
        by_split = plan_evaluations(family, one.configs, one.shipped, dataset, seed=plan.seed)
        if all(predictions.path(plan.folder).exists() for predictions in by_split):
            found.append(one)
    return found


def write_outcome(
    plan: RunPlan, reading: Reading, dataset: Dataset, tuned: Sequence[Tuned], reporter: ConsoleReporter
) -> pd.DataFrame:
    """Write every file of the results folder; the champions last, each with its row on its card."""
    reporter.say("Writing the leaderboard")
    fitted = gather_fitted(plan, dataset, tuned)
    results = [one.result for one in fitted]
    run_content = describe_run(plan, reading, dataset, results)
    outcome.write_json(plan.folder / RUN_FILE, run_content)
    run_hash = hashlib.sha256((plan.folder / RUN_FILE).read_bytes()).hexdigest()[:12]

    predictions = pd.concat([outcome.family_predictions(result, dataset) for result in results], ignore_index=True)
    facts = {one.family.key: outcome.family_facts(one, dataset, seed=plan.seed) | {"run_hash": run_hash} for one in fitted}
    board = build_leaderboard(predictions, facts, seed=plan.seed)
    rows = board.set_index("family")
    for one in fitted:
        scores = json.loads(rows.loc[one.family.key].to_json())
        outcome.write_champion(one, plan.corpus, dataset, plan.folder, scores=scores, seed=plan.seed)
    write_results(plan.folder, board=board, predictions=predictions)
    outcome.write_ood_detector(dataset, plan.folder)
    studies = [study for result in results for study in plan.study_plans(result.family)]
    write_report(
        plan.folder / "report.html",
        board=board,
        predictions=predictions,
        trials=outcome.trial_table(results),
        importances=outcome.importances(studies, dataset, plan.folder, seed=plan.seed),
        run=run_content,
    )
    if plan.folder.parent == RESULTS:
        gather(RESULTS)
    return board


def gather_fitted(plan: RunPlan, dataset: Dataset, tuned: Sequence[Tuned]) -> list[Fitted]:
    """Return what every family ships, the ensembles after their members."""
    results = [read_result(one, dataset, plan.folder, seed=plan.seed) for one in tuned]
    fitted = {one.family.key: outcome.read_fitted(one, dataset, plan.folder, seed=plan.seed) for one in results}
    for family, members in ensembles_of(results):
        result = blend(family, members, dataset, seed=plan.seed)
        of_members = [fitted[member.family.key] for member in members]
        fitted[family.key] = outcome.fit_ensemble(result, of_members, dataset, seed=plan.seed)
    return list(fitted.values())


def describe_run(plan: RunPlan, reading: Reading, dataset: Dataset, results: Sequence[Result]) -> dict[str, Any]:
    """Return the content of ``run.json``: what was run on what, with what."""
    tuned = {result.family.key: result.tuned for result in results}
    return {
        "corpus": plan.corpus.key,
        "title": plan.corpus.title,
        "is_real": plan.corpus.is_real,
        "licence": plan.corpus.licence,
        "reference": plan.corpus.reference,
        "command": plan.command,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds_of_last_command": round(time.time() - plan.started, 1),
        "process_seconds": process_seconds(results),
        "seed": plan.seed,
        "n_jobs": plan.n_jobs,
        "timeout_seconds": plan.timeout_seconds,
        "protocol": {
            "name": f"cross-fitted tuning, {dataset.folds.name} speaker folds",
            "test_speakers": dataset.folds.test_speakers,
            "folds_hash": dataset.folds_hash,
        },
        "trials": {key: {half: len(trials) for half, trials in one.trials.items()} for key, one in tuned.items()},
        "configurations": {key: {half: dict(config) for half, config in one.configs.items()} for key, one in tuned.items()},
        "tuning_uar": {key: {half: round(value, 4) for half, value in one.tuning_uar.items()} for key, one in tuned.items()},
        "temperatures": {one.family.key: round(one.temperature, 4) for one in results},
        "thresholds": {one.family.key: one.abstention_threshold for one in results if one.abstention_threshold is not None},
        "data_hash": dataset.data_hash,
        "n_clips": len(dataset.clips),
        "n_speakers": len(dataset.genders),
        "emotions": list(dataset.emotions),
        "skipped": [list(pair) for pair in reading.skipped],
        "duplicates": [list(pair) for pair in reading.duplicates],
        "features": {
            kind: INPUT_KINDS[kind].fingerprint
            for kind in dict.fromkeys(result.family.input_kind for result in results)
            if kind != ANSWERS
        },
        "versions": {"python": platform.python_version(), **library_versions()},
        "cores": os.cpu_count(),
    }


def process_seconds(results: Sequence[Result]) -> dict[str, float]:
    """Return the time that one core spent on trials and on fits for evaluations, over all commands that led to these results."""
    trials = [trial for one in results for half in one.tuned.trials.values() for trial in half]
    by_split = [
        predictions
        for one in results
        if one.family.input_kind != ANSWERS
        for by_fold in one.by_split.values()
        for predictions in by_fold.values()
    ]
    return {
        "trials": round(sum(trial.user_attrs.get("seconds", 0.0) for trial in trials), 1),
        "evaluations": round(sum(predictions.fit_seconds for predictions in by_split), 1),
    }


def start_over(folder: Path, families: Sequence[Family]) -> None:
    """Delete what some families' earlier runs left behind to continue from, and nothing else."""
    for family in families:
        forget_studies(family.key, folder)
        for path in (folder / WORK_FOLDER).glob(f"predictions-{family.key}-*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def require_trials(n_trials: int) -> None:
    """Refuse a number of trials below one."""
    if n_trials < 1:
        raise EmotuneError(f"--trials must be at least 1, got {n_trials}; 50 is a good number, 5 a quick look.")
