"""Outcome: from the results of families to the rows, champions and tables that a run's folder holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
import pandas as pd
from numpy.typing import NDArray

from audio.clip import Clip
from augment.policy import describe_policy
from corpora import Corpus
from evaluation.dataset import Dataset, Rows, derive_seed
from evaluation.ensembles import MEMBER_KEYS, fit_pool
from evaluation.jobs import Budget, ChampionJob, Split
from evaluation.objective import Objective
from evaluation.result import Result, together
from features import INPUT_KINDS, InputKind
from leaderboard.cross_corpus import COLUMNS, cross_corpus_row
from leaderboard.robust import robust_gain
from metrics.calibration import apply_temperature
from metrics.intervals import difference_interval
from metrics.scores import accuracy, confusion_by, uar
from models import Family, Model
from models.ensemble import Ensemble
from models.family import KeptSample
from models.non_speech import non_speech_vectors
from models.ood import fit_ood_detector
from runs.cards import Card, card_versions, member_spec
from runs.champions import Champion, save_champion
from runs.conditions import UNTUNED
from runs.layout import RunFolder
from runs.work import WorkFolder
from search.study import ended_trials, open_study, trial_record
from search.study_plan import Sampling, StudyPlan

N_GOLDEN_CLIPS = 2
N_SAMPLE_CLIPS = 200
"""Training clips by which a family checks what it keeps of a pretrained network."""


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
        Time from the samples of a clip to its probabilities (NaN until it is measured, when nothing else runs), and what its
        weights occupy, a pretrained encoder among them; an ensemble's with its members'.
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

    def inputs(self, dataset: Dataset, rows: Rows) -> list[NDArray[Any]]:
        """Return what the model reads of some clips."""
        if self.members:
            return list(np.stack([member.predict(dataset, rows) for member in self.members], axis=1))
        return dataset.inputs(INPUT_KINDS[self.family.input_kind], rows)

    def predict(self, dataset: Dataset, rows: Rows) -> NDArray[np.float64]:
        """Return calibrated probabilities of some clips, (n, n_emotions)."""
        return apply_temperature(self.model.predict(self.inputs(dataset, rows)), self.result.temperature)


def load_fitted(result: Result, job: ChampionJob, dataset: Dataset, run: RunFolder, *, say: Callable[[str], None]) -> Fitted:
    """Return the model of a family that was fitted to all speakers, after keeping what its input needs in the run's folder."""
    place = WorkFolder(run).path(job)
    model = result.family.load(place, n_emotions=len(dataset.emotions))
    kind = INPUT_KINDS[result.family.input_kind]
    if sentence := result.family.keep_input(model, run.path, _sample(kind, dataset)):
        say(sentence)
    kept = kind.kept_files(run.path)
    n_bytes = sum(path.stat().st_size for path in (*place.iterdir(), *kept))
    return Fitted(result, model, (), float("nan"), n_bytes / 1e6)


def _sample(kind: InputKind, dataset: Dataset) -> KeptSample:
    """Return clips from all over the dataset."""
    rows = np.linspace(0, len(dataset.clips) - 1, min(N_SAMPLE_CLIPS, len(dataset.clips))).astype(int)
    return KeptSample(tuple(dataset.clips[row].samples for row in rows), tuple(dataset.inputs(kind, rows)))


def fit_ensemble(result: Result, members: Sequence[Fitted], dataset: Dataset, *, seed: int) -> Fitted:
    """Return an ensemble of fitted members, its weights learnt on all inner predictions."""
    assert isinstance(result.family, Ensemble)
    model = fit_pool(result.family, [member.result for member in members], range(dataset.n_folds), dataset, seed=seed)
    milliseconds = sum(member.predict_ms_per_clip for member in members)
    return Fitted(result, model, tuple(members), milliseconds, sum(member.model_mb for member in members))


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


def write_champion(
    fitted: Fitted,
    corpus: Corpus,
    dataset: Dataset,
    run: RunFolder,
    *,
    scores: Mapping[str, Any],
    seed: int,
    objective: Objective = Objective.EVERYDAY,
) -> None:
    """Save, reload and compare the champion of a family; an ensemble's members must have been written before it."""
    family, tuned = fitted.family, fitted.result.tuned
    spec: Mapping[str, Any]
    if fitted.members:
        spec, fingerprint = member_spec(run.models, tuned.shipped[MEMBER_KEYS])
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
        temperature=fitted.result.temperature,
        scores=scores,
        seed=seed,
        versions=card_versions(),
        files={},
        objective=objective.value if family.is_tuned else UNTUNED,
    )
    rows = np.linspace(0, len(dataset.clips) - 1, N_GOLDEN_CLIPS).astype(int)
    save_champion(run.champion(family.key), Champion(card, fitted.model), golden_inputs=fitted.inputs(dataset, rows))


def write_ood_detector(dataset: Dataset, run: RunFolder) -> None:
    """Learn what the corpus sounds like, so that the page can tell when a clip does not, and what is no speech at all."""
    vectors = np.stack(dataset.inputs(INPUT_KINDS["functionals"], np.arange(len(dataset.clips))))
    non_speech = non_speech_vectors([clip.samples for clip in dataset.clips])
    fit_ood_detector(vectors, dataset.speakers, non_speech=non_speech).save(run.ood)


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
