"""Publishing: after each family the run's folder holds a whole leaderboard, marked partial until the command has ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from corpora import Reading
from emotune.errors import EmotuneError
from emotune.files import remove, write_text
from evaluation.dataset import Dataset
from evaluation.ensembles import FEWEST_MEMBERS, ensembles_of, of_one_budget, pool_members
from evaluation.jobs import Budget, ChampionJob, EvaluationJob, Job, Split, plan_evaluations
from evaluation.result import ByFold, Result, Tuned, calibrated_result
from leaderboard.report import write_report
from leaderboard.subsets import subset_rows
from leaderboard.table import build_leaderboard, gather, write_results
from models import FAMILIES
from models.family import MEMBER_PROBABILITIES
from runs.cards import update_scores
from runs.conditions import Conditions
from runs.layout import RESULTS
from runs.manifest import Manifest
from runs.work import WorkFolder
from search.description import describe
from search.entry import Entry, KeptFamily
from search.fitted import Fitted, fit_ensemble, load_fitted, write_champion, write_ood_detector
from search.plan import RunPlan
from search.possible import can_be_made
from search.published import PublishedFamily, adapted, kept, measured, timed, with_champion
from search.rows import cross_corpus_table, importances, trial_table
from search.study import trials_here

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
        self._families = {one.key: kept(one, self._read_kept(one)) for one in entry.kept}
        self._has_champion: set[str] = set()
        self._last_report = time.monotonic()

    def begin(self) -> None:
        """Mark the folder partial before the first trial, so that whatever a killed command leaves can be judged."""
        self._describe(is_complete=False).write(self._plan.run.manifest)
        remove(self._plan.run.report)  # an earlier command's would not say so

    def jobs(self, tuned: Tuned) -> list[Job]:
        """Return the evaluation jobs of a tuned family of this command."""
        return self._plan_evaluations(tuned, self._entry.conditions[tuned.family.key])

    def family_finished(self, tuned: Tuned) -> pd.DataFrame:
        """Take up a family whose evaluations are done, write everything, and return the leaderboard so far."""
        jobs = self.jobs(tuned)
        result = self._read_result(tuned, jobs)
        champion = next(job for job in jobs if isinstance(job, ChampionJob))
        fitted = load_fitted(result, champion, self._dataset, self._plan.run, say=self._say)
        self._take_up(adapted(measured(fitted, self._dataset, seed=self._plan.seed), self._dataset, seed=self._plan.seed))
        self._fit_ensembles()
        return self._write(is_complete=False)

    def finish(self) -> pd.DataFrame:
        """Time the predictions while nothing else runs, write everything, complete, and return the leaderboard."""
        plan = self._plan
        for key, one in self._families.items():
            if not one.is_ensemble and not one.is_timed:
                self._families[key] = timed(one, self._dataset, plan.run)
        self._fit_ensembles()
        self._say_who_is_not_pooled()
        for key, one in self._families.items():
            if one.is_ensemble:
                self._families[key] = adapted(one, self._dataset, seed=plan.seed)
        write_ood_detector(self._dataset, plan.run)
        board = self._write(is_complete=True)
        if plan.folder.parent == RESULTS:
            gather(RESULTS)
        return board

    def _take_up(self, one: PublishedFamily) -> None:
        self._families[one.key] = one
        self._has_champion.discard(one.key)

    def _in_order(self) -> list[PublishedFamily]:
        return [self._families[key] for key in FAMILIES if key in self._families]

    def _fit_ensembles(self) -> None:
        """Pool what there is; an ensemble learns to adapt when its last member is there, and shows no older figures until then."""
        results = [one.result for one in self._in_order() if one.result is not None and not one.is_ensemble]
        for family, members in ensembles_of(results):
            pooled = tuple(self._champion_of(member.family.key) for member in members)
            before = self._families.get(family.key)
            if before is not None and before.fitted is not None and before.fitted.members == pooled:
                continue
            result = pool_members(family, members, self._dataset, seed=self._plan.seed)
            ensemble = fit_ensemble(result, pooled, self._dataset, seed=self._plan.seed)
            self._take_up(measured(ensemble, self._dataset, seed=self._plan.seed))

    def _say_who_is_not_pooled(self) -> None:
        tuned = [result for result in self._results() if result.family.is_tuned and result.family.input_kind != MEMBER_PROBABILITIES]
        pooled = of_one_budget(tuned)
        left_out = [result.family.key for result in tuned if result not in pooled or len(pooled) < FEWEST_MEMBERS]
        if left_out and len(tuned) >= FEWEST_MEMBERS:
            self._say(
                f"Ensembles pool families with one budget (full, or a quick look) and leave out {', '.join(left_out)}; search all "
                "families with the same --trials to pool them."
            )

    def _champion_of(self, key: str) -> Fitted:
        if self._families[key].fitted is None:
            self._families[key] = with_champion(self._families[key], self._plan.run)
        fitted = self._families[key].fitted
        assert fitted is not None
        return fitted

    def _write(self, *, is_complete: bool) -> pd.DataFrame:
        """Write everything, and last the manifest, so that no folder is called complete before it is."""
        plan, run = self._plan, self._plan.run
        manifest = self._describe(is_complete=is_complete)
        facts = {one.key: {**one.facts, "run_hash": manifest.digest} for one in self._in_order()}
        predictions = _joined(one.predictions for one in self._in_order())
        board = build_leaderboard(predictions, facts, seed=plan.seed)
        subsets = subset_rows(predictions, seed=plan.seed) if is_complete else pd.DataFrame()
        write_results(run.path, board=board, predictions=predictions, subsets=subsets)
        tables = {
            "cross_corpus": cross_corpus_table(self._results(), self._dataset, seed=plan.seed),
            "adaptation": _joined(one.adapted for one in self._in_order()),
            "robustness": _joined(one.robust for one in self._in_order()),
        }
        for name, table in tables.items():
            if len(table):
                write_text(getattr(run, name), table.to_csv(index=False))
        self._write_champions(board)
        if is_complete or time.monotonic() - self._last_report >= SECONDS_BETWEEN_REPORTS:
            self._write_report(board, predictions, manifest, subsets=subsets, **tables)
        manifest.write(run.manifest)
        return board

    def _write_champions(self, board: pd.DataFrame) -> None:
        """Write the champions that are not there, members before the ensembles that name them; give the others their scores."""
        plan, rows = self._plan, board.set_index("family")
        for one in sorted(self._in_order(), key=lambda one: one.is_ensemble):
            scores = json.loads(rows.loc[one.key].to_json())
            if one.is_kept or one.key in self._has_champion:
                update_scores(plan.run.champion(one.key), scores)
                continue
            write_champion(
                self._champion_of(one.key),
                plan.corpus,
                self._dataset,
                plan.run,
                scores=scores,
                seed=plan.seed,
                objective=plan.objective,
            )
            self._has_champion.add(one.key)

    def _write_report(
        self, board: pd.DataFrame, predictions: pd.DataFrame, manifest: Manifest, *, subsets: pd.DataFrame, **tables: pd.DataFrame
    ) -> None:
        plan, results = self._plan, self._results()
        studies = [study for one in results for study in plan.studies_here(one.family)]
        at_random = [study for one in results for study in plan.random_plans(one.family)]
        write_report(
            plan.run.report,
            board=board,
            predictions=predictions,
            trials=trial_table(results, at_random, plan.run),
            importances=importances(studies, plan.run, seed=plan.seed),
            run=manifest.to_json(),
            subsets=subsets,
            **tables,
        )
        self._last_report = time.monotonic()

    def _results(self) -> list[Result]:
        return [one.result for one in self._in_order() if one.result is not None]

    def _describe(self, *, is_complete: bool) -> Manifest:
        return describe(
            self._plan,
            self._reading,
            self._dataset,
            self._entry,
            [one for one in self._in_order() if not one.is_kept],
            started=self._started,
            is_complete=is_complete,
        )

    def _plan_evaluations(self, tuned: Tuned, conditions: Conditions) -> list[Job]:
        jobs = plan_evaluations(
            tuned.family,
            tuned.configs,
            tuned.shipped_half,
            self._dataset,
            seed=self._plan.seed,
            budget=tuned.budget,
            conditions=conditions.digest,
        )
        return [job for job in jobs if can_be_made(job, self._dataset)]

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

    def _read_kept(self, one: KeptFamily) -> Result | None:
        """Return the result of a kept family, if its evaluations are still here; ensembles need it."""
        then = self._entry.manifest
        conditions = then.conditions.get(one.key) if then else None
        if then is None or conditions is None:
            return None
        tuned = Tuned(
            FAMILIES[one.key],
            then.configurations[one.key],
            then.tuning_uar.get(one.key, {}),
            trials_here(self._plan.studies_here(FAMILIES[one.key]), self._plan.run),
            Budget(then.budgets.get(one.key, Budget.FULL)),
        )
        found = self._read_predictions(self._plan_evaluations(tuned, conditions))
        return None if found is None else calibrated_result(tuned, found, self._dataset)


def _joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
