"""Outcome: from a run's results to the rows, champions and tables that its folder holds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from numpy.typing import NDArray
from optuna.trial import TrialState

from augment.policy import describe_policy
from corpora import Corpus
from evaluation.dataset import Dataset, Rows, derive_seed
from evaluation.ensembles import fit_pool
from evaluation.evaluate import FoldPredictions, champion_plan, time_predictions_ms
from evaluation.result import Result, together
from features import INPUT_KINDS
from metrics.calibration import apply_temperature
from metrics.scores import accuracy, uar
from models import Family, Model
from models.ensemble import Ensemble
from models.ood import fit_ood_detector
from runs.champions import Card, Champion, answers_spec, fingerprint_of, library_versions, save_champion
from search.study import StudyPlan, open_study, trial_record

N_GOLDEN_CLIPS = 2
MODELS_FOLDER = "models"
OOD_FILE = "ood.npz"


@dataclass(frozen=True, eq=False)
class Fitted:
    """The model that a family ships.

    Attributes
    ----------
    result : Result
        What models like it showed.
    model : Model
        Fitted to all speakers.
    members : tuple of Fitted
        What it pools; empty for a family that reads clips.
    predict_ms_per_clip, model_mb : float
        Time to answer a clip from its samples, and what its weights occupy, a pretrained encoder among them; an ensemble's with
        its members'.
    """

    result: Result
    model: Model
    members: tuple[Fitted, ...]
    predict_ms_per_clip: float
    model_mb: float

    @property
    def family(self) -> Family:
        """Whose model this is."""
        return self.result.family

    @property
    def n_parameters(self) -> int:
        """Numbers in the model and in what it stands on: its members, or a pretrained encoder."""
        if self.members:
            return self.model.n_parameters + sum(member.n_parameters for member in self.members)
        return self.model.n_parameters + INPUT_KINDS[self.family.input_kind].n_parameters

    @property
    def temperature(self) -> float:
        """What its log probabilities are divided by."""
        return self.result.temperature

    def inputs(self, dataset: Dataset, rows: Rows) -> list[NDArray[Any]]:
        """Return what the model reads of some clips."""
        if self.members:
            return list(np.stack([member.predict(dataset, rows) for member in self.members], axis=1))
        return dataset.inputs(INPUT_KINDS[self.family.input_kind], rows)

    def predict(self, dataset: Dataset, rows: Rows) -> NDArray[np.float64]:
        """Return calibrated probabilities of some clips, (n, n_emotions)."""
        return apply_temperature(self.model.predict(self.inputs(dataset, rows)), self.temperature)


def read_fitted(result: Result, dataset: Dataset, folder: Path, *, seed: int) -> Fitted:
    """Return the model of a family that was fitted to all speakers."""
    place = champion_plan(result.family, result.tuned.shipped, seed=seed).path(folder)
    model = result.family.load(place, n_emotions=len(dataset.emotions))
    kind = INPUT_KINDS[result.family.input_kind]
    kind.keep(folder)
    n_bytes = sum(path.stat().st_size for path in (*place.iterdir(), *kind.kept_files(folder)))
    return Fitted(result, model, (), time_predictions_ms(result.family, model, dataset), n_bytes / 1e6)


def fit_ensemble(result: Result, members: Sequence[Fitted], dataset: Dataset, *, seed: int) -> Fitted:
    """Return an ensemble of fitted members, its weights learnt on all inner predictions."""
    assert isinstance(result.family, Ensemble)
    folds = range(len(dataset.folds.test_speakers))
    model = fit_pool(result.family, [member.result for member in members], folds, dataset, seed=seed)
    milliseconds = sum(member.predict_ms_per_clip for member in members)
    return Fitted(result, model, tuple(members), milliseconds, sum(member.model_mb for member in members))


def family_predictions(result: Result, dataset: Dataset) -> pd.DataFrame:
    """Return a family's calibrated out-of-fold predictions, one row a clip, as ``predictions.csv`` holds them."""
    rows_of_fold = []
    for fold, predictions in result.by_split["unseen"].items():
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
                    **{f"p_{emotion}": predictions.probabilities[:, k] for k, emotion in enumerate(dataset.emotions)},
                }
            )
        )
    return pd.concat(rows_of_fold).sort_values("clip", ignore_index=True)


def family_facts(fitted: Fitted, dataset: Dataset, *, seed: int) -> dict[str, Any]:
    """Return the columns of a family's row that only the search knows."""
    tuned, by_split = fitted.result.tuned, fitted.result.by_split
    unseen, random = by_split["unseen"], by_split["random_split"]
    clean, targets = together(unseen, list(unseen), dataset)
    unaugmented, _ = together({**unseen, **by_split.get("unaugmented", {})}, list(unseen), dataset)
    audited, audited_targets = together(random, list(random), dataset)
    trials = [trial for half in tuned.trials.values() for trial in half]
    return {
        "random_split_accuracy": accuracy(audited_targets, audited),
        **{f"uar_{name}": _perturbed_uar(name, list(unseen.values()), dataset) for name in unseen[0].perturbed},
        "augmentation": "of its members" if fitted.members else describe_policy(tuned.shipped),
        "augmentation_gain": uar(targets, clean) - uar(targets, unaugmented) if tuned.tuning_uar else None,
        "tuning_uar": float(np.mean(list(tuned.tuning_uar.values()))) if tuned.tuning_uar else None,
        "n_trials": len(trials),
        "n_pruned": sum(trial.state is TrialState.PRUNED for trial in trials),
        "n_failed": sum(trial.state is TrialState.FAIL for trial in trials),
        "tune_seconds": round(sum(trial.user_attrs.get("seconds", 0.0) for trial in trials), 1),
        "fit_seconds": round(float(np.median([predictions.fit_seconds for predictions in unseen.values()])), 2),
        "predict_ms_per_clip": round(fitted.predict_ms_per_clip, 2),
        "model_mb": round(fitted.model_mb, 3),
        "n_parameters": fitted.n_parameters,
        "seed": seed,
    }


def write_champion(fitted: Fitted, corpus: Corpus, dataset: Dataset, folder: Path, *, scores: Mapping[str, Any], seed: int) -> None:
    """Save, reload and compare the champion of a family; an ensemble's members must have been written before it."""
    family, tuned = fitted.family, fitted.result.tuned
    if fitted.members:
        spec: Mapping[str, Any] = answers_spec(folder / MODELS_FOLDER, [member.family.key for member in fitted.members])
        fingerprint = fingerprint_of(spec)
    else:
        kind = INPUT_KINDS[family.input_kind]
        spec, fingerprint = kind.spec, kind.fingerprint
    card = Card(
        family=family.key,
        title=family.title,
        corpus=corpus.key,
        licence=corpus.licence,
        is_real=corpus.is_real,
        emotions=dataset.emotions,
        config=dict(tuned.shipped),
        input_kind=family.input_kind,
        input_fingerprint=fingerprint,
        input_spec=spec,
        temperature=fitted.temperature,
        scores=scores,
        seed=seed,
        versions=library_versions(),
        files={},
    )
    rows = np.linspace(0, len(dataset.clips) - 1, N_GOLDEN_CLIPS).astype(int)
    golden = fitted.inputs(dataset, rows)
    save_champion(folder / MODELS_FOLDER / family.key, Champion(card, fitted.model), golden_inputs=golden)


def write_ood_detector(dataset: Dataset, folder: Path) -> None:
    """Learn what the corpus sounds like, so that the page can say when a clip does not."""
    vectors = np.stack(dataset.inputs(INPUT_KINDS["functionals"], np.arange(len(dataset.clips))))
    fit_ood_detector(vectors, dataset.speakers).save(folder / OOD_FILE)


def trial_table(results: Sequence[Result]) -> pd.DataFrame:
    """Return every trial as the report reads it."""
    rows = [
        trial_record(trial, family=one.family.key, half=half)
        for one in results
        for half, trials in one.tuned.trials.items()
        for trial in trials
    ]
    return pd.DataFrame(rows, columns=["family", "half", "number", "state", "value", "seconds", "params", "error"])


def importances(plans: Sequence[StudyPlan], dataset: Dataset, folder: Path, *, seed: int) -> dict[tuple[str, str], dict[str, float]]:
    """Return what each parameter explains of the scores, by family and half (fANOVA, Hutter et al. 2014, ICML)."""
    found = {}
    for plan in plans:
        study = open_study(plan, dataset, folder)
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=derive_seed(seed, plan.name))
        try:
            found[plan.family, plan.half] = optuna.importance.get_param_importances(study, evaluator=evaluator)
        except (ValueError, RuntimeError):  # too few trials, or all alike
            continue
    return found


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _perturbed_uar(name: str, by_split: Sequence[FoldPredictions], dataset: Dataset) -> float:
    n_variants = len(by_split[0].perturbed[name])
    targets = np.concatenate([np.tile(dataset.targets[predictions.rows], n_variants) for predictions in by_split])
    return uar(targets, np.concatenate([np.concatenate(list(predictions.perturbed[name])) for predictions in by_split]))
