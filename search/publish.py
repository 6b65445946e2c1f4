"""Publishing: after each family the run's folder holds a whole leaderboard, marked partial until the command has ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from corpora import Reading
from emotune.errors import EmotuneError
from emotune.files import sha256_of_file, write_text
from evaluation.adaptation_fit import adaptations_of
from evaluation.dataset import Dataset
from evaluation.ensembles import ensembles_of, pool_members
from evaluation.held_out import time_predictions_ms
from evaluation.jobs import Budget, ChampionJob, EvaluationJob, Job, Split, plan_evaluations
from evaluation.result import ByFold, Result, Tuned, calibrated_result
from features import INPUT_KINDS
from leaderboard.adapted import adaptation_table, adapted_scores
from leaderboard.report import write_report
from leaderboard.robust import robust_scores, robustness_table
from leaderboard.subsets import subset_rows
from leaderboard.table import FACTS, build_leaderboard, gather, write_results
from models import FAMILIES
from models.family import MEMBER_PROBABILITIES
from runs.cards import update_scores
from runs.champions import load_champion
from runs.conditions import Conditions
from runs.layout import RESULTS
from runs.manifest import Manifest, this_program
from runs.work import WorkFolder
from search import outcome
from search.entry import Entry, KeptFamily
from search.outcome import Fitted
from search.plan import RunPlan

SECONDS_BETWEEN_REPORTS = 60.0


class Publisher:
    """Writes a run's folder as families are finished.

    Parameters
    ----------
    plan : RunPlan
        What was asked for.
    reading : Reading
        The corpus as it was read.
    dataset : Dataset
        The clips and folds.
    entry : Entry
        What the folder held before.
    say : callable
        Takes each sentence that a person should read.
    """

    def __init__(self, plan: RunPlan, reading: Reading, dataset: Dataset, entry: Entry, *, say: Callable[[str], None]) -> None:
        self._say = say
        self._plan, self._reading, self._dataset, self._entry = plan, reading, dataset, entry
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._fitted: dict[str, Fitted] = {}
        self._facts: dict[str, Mapping[str, Any]] = {one.key: _facts_of(one) for one in entry.kept}
        self._predictions: dict[str, pd.DataFrame] = {one.key: one.predictions for one in entry.kept}
        self._adaptations: dict[str, Mapping[str, Any]] = {}
        self._adapted = {one.key: one.adapted for one in entry.kept}
        self._robust = {one.key: one.robust for one in entry.kept}
        self._kept_results = {one.key: result for one in entry.kept if (result := self._read_kept(one)) is not None}
        self._written: set[str] = set()
        self._last_report = time.monotonic()

    def begin(self) -> None:
        """Record the conditions before the first trial, so that whatever a killed command leaves can be judged."""
        self._describe(is_complete=False).write(self._plan.run.manifest)

    def jobs(self, tuned: Tuned) -> list[Job]:
        """Return the evaluation jobs of a tuned family of this command."""
        return self._plan_evaluations(tuned, self._entry.conditions[tuned.family.key])

    def family_finished(self, tuned: Tuned) -> pd.DataFrame:
        """Take up a family whose evaluations are done, write everything, and return the leaderboard so far."""
        jobs = self.jobs(tuned)
        result = self._read_result(tuned, jobs)
        champion = next(job for job in jobs if isinstance(job, ChampionJob))
        run = self._plan.run
        self._take_up(outcome.load_fitted(result, champion, self._dataset, run, say=self._say))
        self._fit_ensembles()
        return self._write(is_complete=False)

    def finish(self) -> pd.DataFrame:
        """Time the predictions while nothing else runs, write everything, complete, and return the leaderboard."""
        for key, one in self._fitted.items():
            if not one.members and key not in self._kept_results:
                milliseconds = time_predictions_ms(one.family, one.model, self._dataset)
                self._fitted[key] = replace(one, predict_ms_per_clip=milliseconds)
                self._facts[key] = self._facts_now(self._fitted[key])
        self._fit_ensembles()
        for key, one in self._fitted.items():
            if one.members:
                self._adapt(one)
                self._facts[key] = self._facts_now(one)
        outcome.write_ood_detector(self._dataset, self._plan.run)
        board = self._write(is_complete=True)
        if self._plan.folder.parent == RESULTS:
            gather(RESULTS)
        return board

    def _take_up(self, one: Fitted) -> None:
        key = one.family.key
        self._fitted[key] = one
        self._predictions[key] = outcome.family_predictions(one.result, self._dataset)
        # Ensembles change with every family, so they learn when the last one is there; until then no older figures are shown.
        self._adapted.pop(key, None)
        if not one.members:
            self._adapt(one)
        self._robust[key] = robustness_table(one.result, self._dataset, seed=self._plan.seed)
        self._facts[key] = self._facts_now(one)
        self._written.discard(key)

    def _adapt(self, one: Fitted) -> None:
        """Learn how a family adapts to a speaker, and measure what that gives."""
        key = one.family.key
        adaptations = adaptations_of(one.result, self._dataset)
        if adaptations is not None:
            self._adaptations[key] = adaptations.to_json()
            self._adapted[key] = adaptation_table(self._predictions[key], adaptations, seed=self._plan.seed)

    def _facts_now(self, one: Fitted) -> dict[str, Any]:
        key = one.family.key
        adapted, robust = self._adapted.get(key), self._robust.get(key)
        facts = outcome.family_facts(one, self._dataset, seed=self._plan.seed)
        measured = (adapted_scores(adapted) if adapted is not None else {}) | (robust_scores(robust) if robust is not None else {})
        return {**facts, **measured}

    def _fit_ensembles(self) -> None:
        results = {**self._kept_results, **{key: one.result for key, one in self._fitted.items() if not one.members}}
        ordered = [results[key] for key in FAMILIES if key in results]
        for family, members in ensembles_of(ordered):
            keys = [member.family.key for member in members]
            before = self._fitted.get(family.key)
            pooled = tuple(self._fitted.get(key) or self._load_kept(key) for key in keys)
            if before is not None and before.members == pooled:
                continue
            result = pool_members(family, members, self._dataset, seed=self._plan.seed)
            self._take_up(outcome.fit_ensemble(result, pooled, self._dataset, seed=self._plan.seed))

    def _write(self, *, is_complete: bool) -> pd.DataFrame:
        plan, run = self._plan, self._plan.run
        manifest = self._describe(is_complete=is_complete)
        manifest.write(run.manifest)
        run_hash = sha256_of_file(run.manifest)[:12]
        facts = {key: {**of, "run_hash": run_hash} for key, of in self._facts.items()}
        predictions = pd.concat([self._predictions[key] for key in FAMILIES if key in self._predictions], ignore_index=True)
        board = build_leaderboard(predictions, facts, seed=plan.seed)
        subsets = subset_rows(predictions, seed=plan.seed) if is_complete else pd.DataFrame()
        write_results(run.path, board=board, predictions=predictions, subsets=subsets)
        cross_corpus = outcome.cross_corpus_table(self._results(), self._dataset, seed=plan.seed)
        if len(cross_corpus):
            write_text(run.cross_corpus, cross_corpus.to_csv(index=False))
        for path, table in ((run.adaptation, self._table(self._adapted)), (run.robustness, self._table(self._robust))):
            if len(table):
                write_text(path, table.to_csv(index=False))
        self._write_champions(board)
        if is_complete or time.monotonic() - self._last_report >= SECONDS_BETWEEN_REPORTS:
            self._write_report(board, predictions, manifest, subsets=subsets, cross_corpus=cross_corpus)
        return board

    def _write_champions(self, board: pd.DataFrame) -> None:
        plan, rows = self._plan, board.set_index("family")
        # An ensemble's card names its members' files, so they come first.
        for key, one in sorted(self._fitted.items(), key=lambda item: bool(item[1].members)):
            scores = json.loads(rows.loc[key].to_json())
            if key in self._written:
                update_scores(plan.run.champion(key), scores)
            elif key not in self._kept_results:
                outcome.write_champion(
                    one, plan.corpus, self._dataset, plan.run, scores=scores, seed=plan.seed, objective=plan.objective
                )
                self._written.add(key)
        for kept in self._entry.kept:
            update_scores(plan.run.champion(kept.key), json.loads(rows.loc[kept.key].to_json()))

    def _write_report(
        self,
        board: pd.DataFrame,
        predictions: pd.DataFrame,
        manifest: Manifest,
        *,
        subsets: pd.DataFrame,
        cross_corpus: pd.DataFrame,
    ) -> None:
        results = self._results()
        studies = [study for one in results for study in self._plan.study_plans(one.family)]
        at_random = [study for one in results for study in self._plan.random_plans(one.family)]
        write_report(
            self._plan.run.report,
            board=board,
            predictions=predictions,
            trials=outcome.trial_table(results, at_random, self._plan.run),
            importances=outcome.importances(studies, self._plan.run, seed=self._plan.seed),
            run=manifest.to_json(),
            subsets=subsets,
            cross_corpus=cross_corpus,
            adaptation=self._table(self._adapted),
            robustness=self._table(self._robust),
        )
        self._last_report = time.monotonic()

    @staticmethod
    def _table(of_family: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        tables = [of_family[key] for key in FAMILIES if key in of_family and len(of_family[key])]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def _results(self) -> list[Result]:
        found = {**self._kept_results, **{key: one.result for key, one in self._fitted.items()}}
        return [found[key] for key in FAMILIES if key in found]

    def _describe(self, *, is_complete: bool) -> Manifest:
        """Return the manifest: what this command found, over what is recorded of the families that it kept."""
        plan, dataset, corpus = self._plan, self._dataset, self._plan.corpus
        then = self._entry.manifest
        fitted = [one.result for key, one in self._fitted.items() if key not in self._kept_results]
        tuned = {one.family.key: one.tuned for one in fitted}

        def over(name: str, now: Mapping[str, Any]) -> dict[str, Any]:
            return {**(getattr(then, name) if then else {}), **now}

        return Manifest(
            corpus=corpus.key,
            title=corpus.title_of(self._reading),
            is_real=corpus.is_real,
            speakers_known=corpus.speakers_known,
            emotions=dataset.emotions,
            licence=corpus.licence,
            reference=corpus.reference,
            is_complete=is_complete,
            **this_program(),
            command=plan.command,
            started=self._started,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds_of_last_command=round(time.time() - plan.started, 1),
            process_seconds=_process_seconds(fitted),
            seed=plan.seed,
            n_jobs=plan.n_jobs,
            timeout_seconds=plan.timeout_seconds,
            protocol={
                "name": f"cross-fitted tuning, {dataset.folds.name} folds",
                "tested_on": str(dataset.tested_on),
                "test_speakers": dataset.folds.test_speakers,
                "folds_hash": dataset.folds_hash,
            },
            trials=over("trials", {key: {half: len(trials) for half, trials in one.trials.items()} for key, one in tuned.items()}),
            configurations=over("configurations", {key: _plain(one.configs) for key, one in tuned.items()}),
            tuning_uar=over(
                "tuning_uar", {key: {half: round(value, 4) for half, value in one.tuning_uar.items()} for key, one in tuned.items()}
            ),
            temperatures=over("temperatures", {one.family.key: round(one.temperature, 4) for one in fitted}),
            thresholds=over(
                "thresholds", {one.family.key: one.abstention_threshold for one in fitted if one.abstention_threshold is not None}
            ),
            adaptation=over("adaptation", self._adaptations),
            objective=plan.objective.value,
            budgets=over("budgets", {key: str(one.budget) for key, one in tuned.items()}),
            conditions=over("conditions", self._entry.conditions),
            data_hash=dataset.data_hash,
            n_clips=len(dataset.clips),
            n_speakers=len(dataset.genders),
            skipped=[list(pair) for pair in self._reading.skipped],
            duplicates=[list(pair) for pair in self._reading.duplicates],
            notes=list(self._reading.notes),
            features=over("features", {kind: INPUT_KINDS[kind].fingerprint for kind in {f.input_kind for f in plan.fitted_families}}),
        )

    def _plan_evaluations(self, tuned: Tuned, conditions: Conditions) -> list[Job]:
        return plan_evaluations(
            tuned.family,
            tuned.configs,
            tuned.shipped_half,
            self._dataset,
            seed=self._plan.seed,
            budget=tuned.budget,
            conditions=conditions.digest,
        )

    def _read_result(self, tuned: Tuned, jobs: list[Job]) -> Result:
        found = self._read_predictions(jobs)
        if found is None:
            raise EmotuneError(f"The evaluations of {tuned.family.key} must be readable, but one is not; run the same command again.")
        return calibrated_result(tuned, found, self._dataset)

    def _read_predictions(self, jobs: list[Job]) -> dict[Split, ByFold] | None:
        work, found = WorkFolder(self._plan.run), dict[Split, dict[int, Any]]()
        for job in jobs:
            if isinstance(job, EvaluationJob):
                one = work.read(job)
                if one is None:
                    return None
                found.setdefault(job.split, {})[job.fold] = one
        return {**found}

    def _read_kept(self, kept: KeptFamily) -> Result | None:
        """Return the result of a kept family, if its evaluations are still here; ensembles need it."""
        then = self._entry.manifest
        conditions = then.conditions.get(kept.key) if then else None
        if then is None or conditions is None or kept.key not in then.configurations:
            return None
        budget = Budget(then.budgets.get(kept.key, Budget.FULL))
        tuned = Tuned(FAMILIES[kept.key], then.configurations[kept.key], then.tuning_uar.get(kept.key, {}), {}, budget)
        jobs = plan_evaluations(
            tuned.family,
            tuned.configs,
            tuned.shipped_half,
            self._dataset,
            seed=self._plan.seed,
            budget=budget,
            conditions=conditions.digest,
        )
        found = self._read_predictions(jobs)
        return None if found is None else calibrated_result(tuned, found, self._dataset)

    def _load_kept(self, key: str) -> Fitted:
        model = load_champion(self._plan.run.champion(key)).model
        facts = self._facts[key]
        one = Fitted(self._kept_results[key], model, (), float(facts["predict_ms_per_clip"]), float(facts["model_mb"]))
        self._fitted[key] = one
        return one


def _facts_of(kept: KeptFamily) -> dict[str, Any]:
    return {name: value for name in FACTS if name in kept.row and not pd.isna(value := kept.row[name])}


def _plain(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {half: dict(config) for half, config in configs.items()}


def _process_seconds(results: list[Result]) -> dict[str, float]:
    """Return the time that one core spent on trials, on the fits of evaluations, and on the features that trials asked for."""
    trials = [trial for one in results for half in one.tuned.trials.values() for trial in half]
    of_clips = [one for one in results if one.family.input_kind != MEMBER_PROBABILITIES]
    folds = [one for result in of_clips for by_fold in result.predictions.values() for one in by_fold.values()]
    return {
        "trials": round(sum(trial.seconds - trial.feature_seconds for trial in trials), 1),
        "features": round(sum(trial.feature_seconds for trial in trials), 1),
        "evaluations": round(sum(one.fit_seconds for one in folds), 1),
    }
