"""Outcome: from finished studies and examinations to the files of a results folder."""

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
from optuna.trial import FrozenTrial, TrialState

from audio.corpora import Corpus
from augment.policy import describe_policy
from features import get_input_kind
from leaderboard.metrics import accuracy, uar
from models import Config, Family
from models.calibration import apply_temperature, fit_temperature
from models.card import Card, Champion, library_versions, save_champion
from models.familiarity import fit_familiarity
from search.examine import ExamPlan, champion_plan, for_champion, plan_exams, read_exam, time_predictions_ms
from search.material import Material, derive_seed
from search.study import StudyPlan, best_trial, ended_trials, inner_predictions, open_study, trial_record

N_GOLDEN_CLIPS = 2
MODELS_FOLDER = "models"
FAMILIARITY_FILE = "familiarity.npz"


@dataclass(frozen=True, eq=False)
class Tuned:
    """What a family's two studies found.

    Attributes
    ----------
    family : Family
        What was tuned.
    configs : mapping of str to Config
        Best configuration by half.
    tuning_uar : mapping of str to float
        Its score inside that half; empty for a family with nothing to tune.
    temperatures : mapping of str to float
        Learnt on that half's inner predictions.
    unsure_below : float or None
        Confidence below which an answer is more likely wrong than not, learnt on both halves' inner predictions.
    trials : mapping of str to sequence of FrozenTrial
        Every trial that counts, by half.
    """

    family: Family
    configs: Mapping[str, Config]
    tuning_uar: Mapping[str, float]
    temperatures: Mapping[str, float]
    unsure_below: float | None
    trials: Mapping[str, Sequence[FrozenTrial]]

    @property
    def shipped_half(self) -> str:
        """The half whose study scored higher; its configuration is the champion's."""
        return max(self.configs, key=lambda half: self.tuning_uar.get(half, 0.0))

    @property
    def shipped(self) -> Config:
        """The champion's configuration."""
        return self.configs[self.shipped_half]


def collect(plans: Sequence[StudyPlan], family: Family, material: Material, folder: Path) -> Tuned:
    """Return what the studies of a family found."""
    if not family.is_tuned:
        halves = ("A", "B")
        return Tuned(family, dict.fromkeys(halves, family.defaults), {}, dict.fromkeys(halves, 1.0), None, {})
    studies = {plan.half: open_study(plan, material, folder) for plan in plans}
    best = {half: best_trial(study) for half, study in studies.items()}
    temperatures, sure, right = {}, [], []
    for plan in plans:
        rows, raw = inner_predictions(plan, material, folder)
        temperatures[plan.half] = fit_temperature(raw, material.targets[rows])
        calibrated = apply_temperature(raw, temperatures[plan.half])
        sure.append(calibrated.max(axis=1))
        right.append(calibrated.argmax(axis=1) == material.targets[rows])
    return Tuned(
        family,
        {half: trial.user_attrs["config"] for half, trial in best.items()},
        {half: float(trial.value or 0.0) for half, trial in best.items()},
        temperatures,
        choose_threshold(np.concatenate(sure), np.concatenate(right)),
        {half: ended_trials(study) for half, study in studies.items()},
    )


def choose_threshold(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float:
    """Return the confidence that tells right from wrong answers best (Youden 1950, Cancer 3).

    Parameters
    ----------
    confidence : ndarray [shape=(n,)]
        Largest calibrated probability of each inner prediction.
    is_right : ndarray of bool [shape=(n,)]
        Whether that emotion was the true one.
    """
    order = np.argsort(confidence)
    caught = np.cumsum(~is_right[order]) / max(1, (~is_right).sum())
    lost = np.cumsum(is_right[order]) / max(1, is_right.sum())
    return round(float(confidence[order][np.argmax(caught - lost)]), 4)


def family_predictions(tuned: Tuned, material: Material, folder: Path, *, seed: int) -> pd.DataFrame:
    """Return a family's calibrated out-of-fold predictions, one row a clip, as ``predictions.csv`` holds them."""
    rows_of_fold = []
    for plan in _exams(tuned, material, "unseen", seed=seed):
        exam = read_exam(plan, folder)
        half = material.folds.tuning_half_for(plan.fold)
        probabilities = apply_temperature(exam.probabilities, tuned.temperatures[half])
        clips = [material.clips[row] for row in exam.rows]
        rows_of_fold.append(
            pd.DataFrame(
                {
                    "clip": [clip.name for clip in clips],
                    "speaker": [clip.speaker for clip in clips],
                    "fold": plan.fold + 1,
                    "half": half,
                    "family": tuned.family.key,
                    "emotion": [clip.emotion for clip in clips],
                    **{f"p_{emotion}": probabilities[:, k] for k, emotion in enumerate(material.emotions)},
                }
            )
        )
    return pd.concat(rows_of_fold).sort_values("clip", ignore_index=True)


def family_facts(tuned: Tuned, material: Material, folder: Path, *, seed: int) -> dict[str, Any]:
    """Return the columns of a family's row that only the search knows."""
    unseen = [read_exam(plan, folder) for plan in _exams(tuned, material, "unseen", seed=seed)]
    plain = {plan.fold: read_exam(plan, folder) for plan in _exams(tuned, material, "unaugmented", seed=seed)}
    random = [read_exam(plan, folder) for plan in _exams(tuned, material, "random_split", seed=seed)]
    targets = np.concatenate([material.targets[exam.rows] for exam in unseen])
    clean = np.concatenate([exam.probabilities for exam in unseen])
    without = np.concatenate([plain.get(fold, exam).probabilities for fold, exam in enumerate(unseen)])
    trials = [trial for half in tuned.trials.values() for trial in half]
    return {
        "random_split_accuracy": accuracy(
            np.concatenate([material.targets[exam.rows] for exam in random]), np.concatenate([exam.probabilities for exam in random])
        ),
        **{f"uar_{name}": _disturbed_uar(name, unseen, material) for name in unseen[0].disturbed},
        "augmentation": describe_policy(tuned.shipped),
        "augmentation_gain": uar(targets, clean) - uar(targets, without) if tuned.family.is_tuned else None,
        "tuning_uar": float(np.mean(list(tuned.tuning_uar.values()))) if tuned.tuning_uar else None,
        "n_trials": len(trials),
        "n_pruned": sum(trial.state is TrialState.PRUNED for trial in trials),
        "n_failed": sum(trial.state is TrialState.FAIL for trial in trials),
        "tune_seconds": round(sum(trial.user_attrs.get("seconds", 0.0) for trial in trials), 1),
        "fit_seconds": round(float(np.median([exam.fit_seconds for exam in unseen])), 2),
        "seed": seed,
    }


def write_champion(
    tuned: Tuned, corpus: Corpus, material: Material, folder: Path, *, scores: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Save, reload and compare the champion of a family; return the facts that only it knows."""
    family, kind = tuned.family, get_input_kind(tuned.family.input_kind)
    place = folder / MODELS_FOLDER / family.key
    model = family.load(champion_plan(family, tuned.shipped, seed=seed).path(folder), n_emotions=len(material.emotions))
    card = Card(
        family=family.key,
        title=family.title,
        corpus=corpus.key,
        licence=corpus.licence,
        is_real=corpus.is_real,
        emotions=material.emotions,
        config=dict(for_champion(family, tuned.shipped)),
        input_kind=kind.key,
        input_fingerprint=kind.fingerprint,
        input_spec=kind.spec,
        temperature=tuned.temperatures[tuned.shipped_half],
        scores=scores,
        seed=seed,
        versions=library_versions(),
        files={},
    )
    rows = np.linspace(0, len(material.clips) - 1, N_GOLDEN_CLIPS).astype(int)
    golden = material.inputs(kind, rows)
    champion = save_champion(place, Champion(card, model), golden_inputs=golden)
    return {
        "predict_ms_per_clip": round(time_predictions_ms(family, champion.model, material), 2),
        "model_mb": round(sum(path.stat().st_size for path in place.iterdir()) / 1e6, 3),
        "n_parameters": champion.model.n_parameters,
    }


def write_familiarity(material: Material, folder: Path) -> None:
    """Learn what the corpus sounds like, so that the page can say when a clip does not."""
    vectors = np.stack(material.inputs(get_input_kind("functionals"), np.arange(len(material.clips))))
    fit_familiarity(vectors, material.speakers).save(folder / FAMILIARITY_FILE)


def trial_table(tuned: Sequence[Tuned]) -> pd.DataFrame:
    """Return every trial as the report reads it."""
    rows = [
        trial_record(trial, family=one.family.key, half=half)
        for one in tuned
        for half, trials in one.trials.items()
        for trial in trials
    ]
    return pd.DataFrame(rows, columns=["family", "half", "number", "state", "value", "seconds", "params", "error"])


def importances(
    plans: Sequence[StudyPlan], material: Material, folder: Path, *, seed: int
) -> dict[tuple[str, str], dict[str, float]]:
    """Return what each parameter explains of the scores, by family and half (fANOVA, Hutter et al. 2014, ICML)."""
    found = {}
    for plan in plans:
        study = open_study(plan, material, folder)
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


def _exams(tuned: Tuned, material: Material, purpose: str, *, seed: int) -> list[ExamPlan]:
    plans = plan_exams(tuned.family, tuned.configs, tuned.shipped, material, seed=seed)
    return [plan for plan in plans if plan.purpose == purpose]


def _disturbed_uar(name: str, exams: Sequence[Any], material: Material) -> float:
    n_variants = len(exams[0].disturbed[name])
    targets = np.concatenate([np.tile(material.targets[exam.rows], n_variants) for exam in exams])
    return uar(targets, np.concatenate([np.concatenate(list(exam.disturbed[name])) for exam in exams]))
