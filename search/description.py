"""The manifest of a run: what this command found, over what is recorded of the families that it kept."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from corpora import Reading
from evaluation.dataset import Dataset
from evaluation.result import Result
from features import INPUT_KINDS
from models.family import MEMBER_PROBABILITIES
from runs.manifest import Manifest, this_program
from search.entry import Entry
from search.plan import RunPlan
from search.published import PublishedFamily


def describe(
    plan: RunPlan,
    reading: Reading,
    dataset: Dataset,
    entry: Entry,
    families: Sequence[PublishedFamily],
    *,
    started: str,
    is_complete: bool,
) -> Manifest:
    """Return the manifest of a run as it stands now.

    Parameters
    ----------
    plan, reading, dataset, entry
        As of :class:`search.publish.Publisher`.
    families : sequence of PublishedFamily
        Those of this command that are done.
    started : str
        When the command began, ISO 8601 in UTC.
    is_complete : bool
        Whether nothing is left to do.
    """
    corpus = plan.corpus
    return Manifest(
        corpus=corpus.key,
        title=corpus.title_of(reading),
        is_real=corpus.is_real,
        speakers_known=corpus.speakers_known,
        emotions=dataset.emotions,
        licence=corpus.licence,
        reference=corpus.reference,
        is_complete=is_complete,
        **this_program(),
        command=plan.command,
        started=started,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds_of_last_command=round(time.time() - plan.started, 1),
        seed=plan.seed,
        n_jobs=plan.n_jobs,
        timeout_seconds=plan.timeout_seconds,
        protocol={
            "name": f"cross-fitted tuning, {dataset.folds.name} folds",
            "tested_on": str(dataset.tested_on),
            "test_speakers": dataset.folds.test_speakers,
            "folds_hash": dataset.folds_hash,
        },
        objective=plan.objective.value,
        data_hash=dataset.data_hash,
        n_clips=len(dataset.clips),
        n_speakers=len(dataset.genders),
        skipped=[list(pair) for pair in reading.skipped],
        duplicates=[list(pair) for pair in reading.duplicates],
        notes=list(reading.notes),
        **_over(entry.manifest, {"features": _features(plan), "conditions": entry.conditions, **_by_family(families)}),
    )


def _over(then: Manifest | None, now: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: {**(getattr(then, name) if then else {}), **found} for name, found in now.items()}


def _features(plan: RunPlan) -> dict[str, str]:
    return {kind: INPUT_KINDS[kind].fingerprint for kind in {family.input_kind for family in plan.fitted_families}}


def _by_family(families: Sequence[PublishedFamily]) -> dict[str, dict[str, Any]]:
    results = {one.key: one.result for one in families if one.result is not None}
    tuned = {key: result.tuned for key, result in results.items()}
    thresholds = {key: result.abstention_threshold for key, result in results.items()}
    return {
        "family_seconds": {key: _seconds_of(result) for key, result in results.items()},
        "trials": {key: {half: len(trials) for half, trials in one.trials.items()} for key, one in tuned.items()},
        "configurations": {key: {half: dict(config) for half, config in one.configs.items()} for key, one in tuned.items()},
        "tuning_uar": {key: {half: round(value, 4) for half, value in one.tuning_uar.items()} for key, one in tuned.items()},
        "temperatures": {key: round(result.temperature, 4) for key, result in results.items()},
        "thresholds": {key: threshold for key, threshold in thresholds.items() if threshold is not None},
        "adaptation": {one.key: one.adaptations for one in families if one.adaptations is not None},
        "budgets": {key: str(one.budget) for key, one in tuned.items()},
    }


def _seconds_of(result: Result) -> dict[str, float]:
    """Return the time that one core spent on a family's trials, on the features that they asked for, and on its evaluations."""
    trials = [trial for half in result.tuned.trials.values() for trial in half]
    is_fitted = result.family.input_kind != MEMBER_PROBABILITIES
    folds = [one for by_fold in result.predictions.values() for one in by_fold.values()] if is_fitted else []
    return {
        "trials": round(sum(trial.seconds - trial.feature_seconds for trial in trials), 1),
        "features": round(sum(trial.feature_seconds for trial in trials), 1),
        "evaluations": round(sum(one.fit_seconds for one in folds), 1),
    }
