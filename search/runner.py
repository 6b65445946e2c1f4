"""A run, from the corpus to the leaderboard: read, prepare, tune, examine, write."""

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

from audio.corpora import Corpus
from audio.corpora.corpus import Reading
from audio.errors import EmotuneError, StudyError
from audio.folds import HALVES, make_folds
from augment.policy import all_variants
from features import INPUT_KINDS, get_input_kind
from features.store import PROJECT_ROOT, FeatureStore
from leaderboard.report import write_report
from leaderboard.table import build_leaderboard, gather, write_results
from models import FAMILIES, Family
from models.card import library_versions
from models.family import ANSWERS
from search import outcome
from search.ensemble import blend, ensembles_of
from search.examine import plan_exams, variants_to_test
from search.material import Material
from search.outcome import Fitted
from search.pool import Plan, Pool
from search.result import Result, Tuned, collect, read_result
from search.screen import Screen
from search.study import WORK_FOLDER, StudyPlan, forget_studies, has_study

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


def run(plan: RunPlan, screen: Screen) -> pd.DataFrame:
    """Carry out a run and return its leaderboard.

    Raises
    ------
    EmotuneError
        If the corpus cannot be read, a study cannot be continued, or all trials of one failed.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    reading = read_corpus(plan, screen)
    material = make_material(plan, reading)
    prepare(plan, material, screen)
    tuned = tune_and_examine(plan, material, screen)
    tuned += finished_before(plan, material)
    order = list(FAMILIES)
    return write_outcome(plan, reading, material, sorted(tuned, key=lambda one: order.index(one.family.key)), screen)


def read_corpus(plan: RunPlan, screen: Screen) -> Reading:
    """Read the corpus and say what was left out."""
    with screen.progress(f"Reading {plan.corpus.title}") as progress:
        reading = plan.corpus.read(plan.data, progress=progress)
    for name, reason in reading.skipped:
        screen.say(f"skipped {name}: {reason}")
    for name, kept in reading.duplicates:
        screen.say(f"dropped {name}: the same recording as {kept}")
    return reading


def make_material(plan: RunPlan, reading: Reading) -> Material:
    """Return the clips with their folds and the feature store."""
    genders = {clip.speaker: clip.gender for clip in reading.clips}
    folds = make_folds(genders, published=plan.corpus.test_folds, rule=plan.protocol)
    return Material(reading.clips, plan.corpus.emotions, folds, FeatureStore(plan.cache))


def prepare(plan: RunPlan, material: Material, screen: Screen) -> None:
    """Compute the features of every clip and of the disturbed test clips; if the run is long, of every variant it may ask for."""
    variants = (*variants_to_test(), *(all_variants() if plan.n_trials >= N_TRIALS_WORTH_PREPARING else ()))
    kinds = [INPUT_KINDS[key] for key in dict.fromkeys(family.input_kind for family in plan.fitted_families)]
    with screen.progress("Computing features") as progress:
        material.store.prepare(kinds, material.clips, variants, n_jobs=plan.n_jobs, progress=progress)


def tune_and_examine(plan: RunPlan, material: Material, screen: Screen) -> list[Tuned]:
    """Run every study, and the examinations of a family as soon as both its studies are done."""
    tuned: dict[str, Tuned] = {}
    waiting = {family.key: len(plan.study_plans(family)) for family in plan.fitted_families}
    by_key = {family.key: family for family in plan.fitted_families}
    screen.expect([study for family in plan.fitted_families for study in plan.study_plans(family)])
    pool = Pool(material, plan.folder, n_jobs=plan.n_jobs, tell=screen.trial_ended)
    at_once = True

    def begin_examinations(family: Family) -> list[Plan]:
        one = collect(plan.study_plans(family), family, material, plan.folder)
        tuned[family.key] = one
        return list(plan_exams(family, one.configs, one.shipped, material, seed=plan.seed))

    try:
        # The slow families first, so that no core is idle in the end.
        for family in sorted(plan.fitted_families, key=lambda family: not family.is_neural):
            pool.submit(plan.study_plans(family) if family.is_tuned else begin_examinations(family))
        for done in pool.finished():
            if isinstance(done, StudyPlan):
                waiting[done.family] -= 1
                if waiting[done.family] == 0:
                    pool.submit(begin_examinations(by_key[done.family]))
            else:
                screen.examined(done)
        at_once = False
    finally:
        pool.close(at_once=at_once)
    return [tuned[family.key] for family in plan.fitted_families]


def finished_before(plan: RunPlan, material: Material) -> list[Tuned]:
    """Return the families that earlier runs finished in this folder on the same data: their rows stay."""
    found = []
    for family in FAMILIES.values():
        studies = plan.study_plans(family)
        if family in plan.families or family.input_kind == ANSWERS or not all(has_study(study, plan.folder) for study in studies):
            continue
        try:
            one = collect(studies, family, material, plan.folder)
        except StudyError:  # tuned under other conditions, or never to the end
            continue
        exams = plan_exams(family, one.configs, one.shipped, material, seed=plan.seed)
        if all(exam.path(plan.folder).exists() for exam in exams):
            found.append(one)
    return found


def write_outcome(plan: RunPlan, reading: Reading, material: Material, tuned: Sequence[Tuned], screen: Screen) -> pd.DataFrame:
    """Write every file of the results folder; the champions last, each with its row on its card."""
    screen.say("Writing the leaderboard")
    fitted = gather_fitted(plan, material, tuned)
    results = [one.result for one in fitted]
    run_content = describe_run(plan, reading, material, results)
    outcome.write_json(plan.folder / RUN_FILE, run_content)
    run_hash = hashlib.sha256((plan.folder / RUN_FILE).read_bytes()).hexdigest()[:12]

    predictions = pd.concat([outcome.family_predictions(result, material) for result in results], ignore_index=True)
    facts = {one.family.key: outcome.family_facts(one, material, seed=plan.seed) | {"run_hash": run_hash} for one in fitted}
    board = build_leaderboard(predictions, facts, seed=plan.seed)
    rows = board.set_index("family")
    for one in fitted:
        scores = json.loads(rows.loc[one.family.key].to_json())
        outcome.write_champion(one, plan.corpus, material, plan.folder, scores=scores, seed=plan.seed)
    write_results(plan.folder, board=board, predictions=predictions)
    outcome.write_familiarity(material, plan.folder)
    studies = [study for result in results for study in plan.study_plans(result.family)]
    write_report(
        plan.folder / "report.html",
        board=board,
        predictions=predictions,
        trials=outcome.trial_table(results),
        importances=outcome.importances(studies, material, plan.folder, seed=plan.seed),
        run=run_content,
    )
    if plan.folder.parent == RESULTS:
        gather(RESULTS)
    return board


def gather_fitted(plan: RunPlan, material: Material, tuned: Sequence[Tuned]) -> list[Fitted]:
    """Return what every family ships, the ensembles after their members."""
    results = [read_result(one, material, plan.folder, seed=plan.seed) for one in tuned]
    fitted = {one.family.key: outcome.read_fitted(one, material, plan.folder, seed=plan.seed) for one in results}
    for family, members in ensembles_of(results):
        result = blend(family, members, material, seed=plan.seed)
        of_members = [fitted[member.family.key] for member in members]
        fitted[family.key] = outcome.fit_ensemble(result, of_members, material, seed=plan.seed)
    return list(fitted.values())


def describe_run(plan: RunPlan, reading: Reading, material: Material, results: Sequence[Result]) -> dict[str, Any]:
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
            "name": f"cross-fitted tuning, {material.folds.name} speaker folds",
            "test_speakers": material.folds.test_speakers,
            "folds_hash": material.folds_hash,
        },
        "trials": {key: {half: len(trials) for half, trials in one.trials.items()} for key, one in tuned.items()},
        "configurations": {key: {half: dict(config) for half, config in one.configs.items()} for key, one in tuned.items()},
        "tuning_uar": {key: {half: round(value, 4) for half, value in one.tuning_uar.items()} for key, one in tuned.items()},
        "temperatures": {one.family.key: round(one.temperature, 4) for one in results},
        "thresholds": {one.family.key: one.unsure_below for one in results if one.unsure_below is not None},
        "data_hash": material.data_hash,
        "n_clips": len(material.clips),
        "n_speakers": len(material.genders),
        "emotions": list(material.emotions),
        "skipped": [list(pair) for pair in reading.skipped],
        "duplicates": [list(pair) for pair in reading.duplicates],
        "features": {
            kind: get_input_kind(kind).fingerprint
            for kind in dict.fromkeys(result.family.input_kind for result in results)
            if kind != ANSWERS
        },
        "versions": {"python": platform.python_version(), **library_versions()},
        "cores": os.cpu_count(),
    }


def process_seconds(results: Sequence[Result]) -> dict[str, float]:
    """Return the time that one core spent on trials and on fits for examinations, over all commands that led to these results."""
    trials = [trial for one in results for half in one.tuned.trials.values() for trial in half]
    exams = [
        exam for one in results if one.family.input_kind != ANSWERS for by_fold in one.exams.values() for exam in by_fold.values()
    ]
    return {
        "trials": round(sum(trial.user_attrs.get("seconds", 0.0) for trial in trials), 1),
        "examinations": round(sum(exam.fit_seconds for exam in exams), 1),
    }


def start_over(folder: Path, families: Sequence[Family]) -> None:
    """Delete what some families' earlier runs left behind to continue from, and nothing else."""
    for family in families:
        forget_studies(family.key, folder)
        for path in (folder / WORK_FOLDER).glob(f"exam-{family.key}-*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def require_trials(n_trials: int) -> None:
    """Refuse a number of trials below one."""
    if n_trials < 1:
        raise EmotuneError(f"--trials must be at least 1, got {n_trials}; 50 is a good number, 5 a quick look.")
