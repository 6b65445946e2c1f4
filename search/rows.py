"""From the results of families to the rows of the tables that a run's folder holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
import pandas as pd

from audio.clip import Clip
from augment.policy import describe_policy
from evaluation.dataset import Dataset, derive_seed
from evaluation.jobs import Budget, Split
from evaluation.result import Result, together
from leaderboard.cross_corpus import COLUMNS, cross_corpus_row
from leaderboard.robust import robust_gain
from metrics.intervals import difference_interval
from metrics.scores import accuracy, confusion_by, uar
from runs.layout import RunFolder
from search.fitted import Fitted
from search.study import ended_trials, open_study, trial_record
from search.study_plan import Sampling, StudyPlan


def family_predictions(result: Result, dataset: Dataset) -> pd.DataFrame:
    """Return the calibrated out-of-fold predictions of a family, one row a clip, as ``predictions.csv`` holds them."""
    rows_of_fold = []
    for fold, predictions in result.predictions[Split.HELD_OUT].items():
        clips = [dataset.clips[row] for row in predictions.rows]
        rows_of_fold.append(
            pd.DataFrame(
                {
                    "clip": [clip.name for clip in clips],
                    "speaker": [clip.speaker for clip in clips],
                    "fold": fold + 1,
                    "half": dataset.folds.tuning_half_for(fold),
                    "family": result.family.key,
                    "emotion": [clip.emotion for clip in clips],
                    **_subset_keys(clips, dataset),
                    **{f"p_{emotion}": predictions.probabilities[:, k] for k, emotion in enumerate(dataset.emotions)},
                }
            )
        )
    return pd.concat(rows_of_fold).sort_values("clip", ignore_index=True)


def _subset_keys(clips: Sequence[Clip], dataset: Dataset) -> dict[str, list[str]]:
    """Return the columns by which clips of several corpora or languages are told apart."""
    several = len(dataset.corpora) > 1 or len({clip.language for clip in dataset.clips}) > 1
    return {"corpus": [clip.corpus for clip in clips], "language": [clip.language for clip in clips]} if several else {}


def cross_corpus_table(results: Sequence[Result], dataset: Dataset, *, seed: int) -> pd.DataFrame:
    """Return what each family trained on one corpus shows on every other one; empty for a single corpus."""
    rows = []
    for result in results:
        for number, found in result.predictions.get(Split.OTHER_CORPORA, {}).items():
            for tested_on in dataset.corpora:
                where = dataset.corpus_of_clip[found.rows] == tested_on
                clips = found.rows[where]
                names = (dataset.corpora[number], tested_on, result.family.key)
                row = cross_corpus_row(
                    found.probabilities[where],
                    dataset.targets[clips],
                    dataset.speakers[clips],
                    emotions=dataset.emotions,
                    names=names,
                    seed=seed,
                )
                rows += [row] if row else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


def family_facts(fitted: Fitted, dataset: Dataset, *, seed: int) -> dict[str, Any]:
    """Return the columns of a family's row that only the search knows."""
    tuned, predictions = fitted.result.tuned, fitted.result.predictions
    held_out = predictions[Split.HELD_OUT]
    trials = [trial for half in tuned.trials.values() for trial in half]
    return {
        **_random_split(fitted.result, dataset),
        "augmentation": "of its members" if fitted.members else describe_policy(tuned.shipped),
        **_gain(fitted.result, Split.NO_AUGMENTATION, dataset, name="augmentation_gain", seed=seed),
        **robust_gain(fitted.result, dataset, seed=seed),
        **_defaults(fitted.result, dataset, seed=seed),
        "tuning_uar": float(np.mean(list(tuned.tuning_uar.values()))) if tuned.tuning_uar else None,
        "tested_on": str(dataset.tested_on),
        "budget": str(tuned.budget),
        "n_trials": len(trials),
        "n_pruned": sum(trial.state == "PRUNED" for trial in trials),
        "n_failed": sum(trial.state == "FAIL" for trial in trials),
        "tune_seconds": round(sum(trial.seconds for trial in trials), 1),
        "fit_seconds": round(float(np.median([one.fit_seconds for one in held_out.values()])), 2),
        "predict_ms_per_clip": round(fitted.predict_ms_per_clip, 2),
        "model_mb": round(fitted.model_mb, 3),
        "n_parameters": fitted.n_parameters,
        "seed": seed,
    }


def _random_split(result: Result, dataset: Dataset) -> dict[str, float]:
    random = result.predictions.get(Split.RANDOM)
    if not random:
        return {}
    probabilities, targets = together(random, list(random), dataset)
    return {"random_split_accuracy": accuracy(targets, probabilities)}


def _gain(result: Result, split: Split, dataset: Dataset, *, name: str, seed: int) -> dict[str, float]:
    """Return by how much UAR exceeds that of an audit's predictions, with its interval, paired over speakers.

    The gain by augmentation favours augmentation, because the configuration was tuned with it.
    """
    if split not in result.predictions:
        return {}
    reference = result.audit(split)
    held_out = result.predictions[Split.HELD_OUT]
    folds = list(held_out)
    speakers = dataset.speakers[np.concatenate([held_out[fold].rows for fold in folds])]
    with_it, targets = together(held_out, folds, dataset)
    without, _ = together(reference, folds, dataset)
    counts = [confusion_by(pd.Series(speakers), targets, probabilities)[1] for probabilities in (with_it, without)]
    low, high = difference_interval(counts[0], counts[1], seed=seed)
    return {name: uar(targets, with_it) - uar(targets, without), f"{name}_ci_low": low, f"{name}_ci_high": high}


def _defaults(result: Result, dataset: Dataset, *, seed: int) -> dict[str, float]:
    """Return the UAR of the family's defaults and what tuning gained over them."""
    is_asked = result.tuned.family.is_tuned and result.tuned.budget is Budget.FULL
    if not is_asked and Split.DEFAULTS not in result.predictions:
        return {}
    audit = result.audit(Split.DEFAULTS)
    probabilities, targets = together(audit, list(audit), dataset)
    return {"uar_defaults": uar(targets, probabilities), **_gain(result, Split.DEFAULTS, dataset, name="tuning_gain", seed=seed)}


def trial_table(results: Sequence[Result], random_plans: Sequence[StudyPlan], run: RunFolder) -> pd.DataFrame:
    """Return every trial as the report reads it, with those of searches at random."""
    found = [(one.family.key, half, Sampling.TPE, trials) for one in results for half, trials in one.tuned.trials.items()]
    found += [
        (plan.family, plan.half, plan.sampling, [trial_record(trial) for trial in ended_trials(open_study(plan, run))])
        for plan in random_plans
    ]
    rows = [
        {"family": family, "half": half, "sampling": str(sampling), **vars(trial), "params": json.dumps(dict(trial.params))}
        for family, half, sampling, trials in found
        for trial in trials
    ]
    return pd.DataFrame(rows, columns=["family", "half", "sampling", "number", "state", "value", "seconds", "params", "error"])


def importances(plans: Sequence[StudyPlan], run: RunFolder, *, seed: int) -> dict[tuple[str, str], dict[str, float]]:
    """Return what each parameter explains of the scores, by family and half (fANOVA, Hutter et al. 2014, ICML)."""
    found = {}
    for plan in plans:
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=derive_seed(seed, plan.name))
        try:
            found[plan.family, plan.half] = optuna.importance.get_param_importances(open_study(plan, run), evaluator=evaluator)
        except (ValueError, RuntimeError):  # too few trials, or all alike
            continue
    return found
