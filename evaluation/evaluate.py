"""Evaluations: the best configurations tested on speakers that neither tuning nor training has heard, and the champion's last fit.

Each is one fit, kept in a file of its own under a name that holds its configuration's hash: a killed run repeats none.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augment import ORIGINAL, Variant
from augment.policy import without_augmentation
from emotune.errors import ProtocolError
from evaluation.dataset import Dataset, Rows, derive_seed, require_held_out
from features import INPUT_KINDS, Analysis
from models import FAMILIES, Config, Family, Model
from search.study import WORK_FOLDER

N_RANDOM_FOLDS = 4
N_TIMED_CLIPS = 15
MAX_INNER_PARTS = 3
PURPOSES = ("unseen", "inner", "champion", "random_split", "unaugmented")
"""In the order of what a person would miss most."""
ROBUSTNESS: Mapping[str, tuple[Variant, ...]] = {
    "noise": (Variant("noise", "fixed", 0, (("colour", "pink"), ("snr_db", 10.0), ("seed", 10))),),
    "pitch": tuple(Variant("pitch", "fixed", 0, (("semitones", semitones),)) for semitones in (-2.0, 2.0)),
}
"""Perturbations of the test clips, by the column that reports them."""


@dataclass(frozen=True)
class EvaluationJob:
    """One fit, or several for "inner", and what they predict.

    Attributes
    ----------
    family : str
        What is evaluated.
    purpose : {"unseen", "inner", "unaugmented", "random_split", "champion"}
        Unseen speakers; training speakers of such a test, each predicted by a model that heard neither them nor the test
        speakers (it teaches temperatures, thresholds and the weights of ensembles); unseen speakers, without augmentation;
        clips drawn at random, speakers repeating (the audit); the last fit, on all speakers.
    fold : int
        Which test part; of "inner" the one that is left out.
    config : mapping
        What to fit.
    seed : int
        Of the run.
    """

    family: str
    purpose: str
    fold: int
    config: Config
    seed: int

    def path(self, folder: Path) -> Path:
        """Return where the outcome is kept."""
        text = json.dumps([dict(self.config), self.seed], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        ending = "" if self.purpose == "champion" else ".npz"
        return folder / WORK_FOLDER / f"predictions-{self.family}-{self.purpose}-{self.fold}-{digest}{ending}"


@dataclass(frozen=True, eq=False)
class FoldPredictions:
    """The outcome of one evaluation.

    Attributes
    ----------
    rows : ndarray of int [shape=(n,)]
        The test clips.
    probabilities : ndarray [shape=(n, n_emotions)]
        As the model gave them, or calibrated.
    perturbed : mapping of str to ndarray [shape=(n_variants, n, n_emotions)]
        The same for perturbed test clips, by the keys of :data:`ROBUSTNESS`; empty where not asked for.
    fit_seconds : float
        Time of the fits, examples at hand.
    """

    rows: Rows
    probabilities: NDArray[np.float64]
    perturbed: Mapping[str, NDArray[np.float64]]
    fit_seconds: float


def plan_evaluations(
    family: Family, configs: Mapping[str, Config], shipped: Config, dataset: Dataset, *, seed: int
) -> list[EvaluationJob]:
    """Return every evaluation of a family.

    Parameters
    ----------
    family : Family
        What is evaluated.
    configs : mapping of str to Config
        What is evaluated in each half: the best configuration of its study, with what a champion has more of.
    shipped : Config
        The one whose study scored higher.
    dataset : Dataset
        The clips and folds.
    seed : int
        Of the run.
    """
    plans = []
    for fold in range(len(dataset.folds.test_speakers)):
        config = configs[dataset.folds.tuning_half_for(fold)]
        plans.append(EvaluationJob(family.key, "unseen", fold, config, seed))
        plans.append(EvaluationJob(family.key, "inner", fold, config, seed))
        if config["augmentation"] != "none":
            plans.append(EvaluationJob(family.key, "unaugmented", fold, without_augmentation(config), seed))
    plans += [EvaluationJob(family.key, "random_split", fold, shipped, seed) for fold in range(N_RANDOM_FOLDS)]
    return sorted([*plans, champion_plan(family, shipped, seed=seed)], key=lambda plan: PURPOSES.index(plan.purpose))


def evaluate(plan: EvaluationJob, dataset: Dataset, folder: Path) -> None:
    """Fit, predict and keep the outcome, unless it is kept already."""
    if plan.purpose == "champion":
        fit_champion(plan, dataset, folder)
        return
    path = plan.path(folder)
    if path.exists():
        return
    family = FAMILIES[plan.family]
    kind = INPUT_KINDS[family.input_kind]
    fit_seconds, rows, probabilities, perturbed = 0.0, [], [], {}
    for training, test in splits(plan, dataset):
        examples = dataset.examples(kind, training, plan.config)
        require_held_out(examples, test)
        started = time.monotonic()
        model = family.fit(examples, plan.config, seed=derive_seed(plan.seed, plan.family, plan.fold))
        fit_seconds += time.monotonic() - started
        rows.append(test)
        probabilities.append(model.predict(dataset.inputs(kind, test)))
        if plan.purpose == "unseen":
            for name, variants in ROBUSTNESS.items():
                perturbed[f"disturbed_{name}"] = np.stack([model.predict(dataset.inputs(kind, test, v)) for v in variants])
    arrays = {"fit_seconds": np.array(fit_seconds), "rows": np.concatenate(rows), "probabilities": np.concatenate(probabilities)}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(temporary, **arrays, **perturbed)  # type: ignore[arg-type]
    temporary.replace(path)


def read_predictions_of(plan: EvaluationJob, folder: Path) -> FoldPredictions:
    """Return the kept outcome of an evaluation."""
    with np.load(plan.path(folder), allow_pickle=False) as kept:
        perturbed = {key.removeprefix("disturbed_"): kept[key] for key in kept.files if key.startswith("disturbed_")}
        return FoldPredictions(kept["rows"], kept["probabilities"], perturbed, float(kept["fit_seconds"]))


def champion_plan(family: Family, shipped: Config, *, seed: int) -> EvaluationJob:
    """Return the plan of the fit on all speakers, which nothing can evaluate any more."""
    return EvaluationJob(family.key, "champion", 0, shipped, seed)


def fit_champion(plan: EvaluationJob, dataset: Dataset, folder: Path) -> None:
    """Fit on all speakers and keep the weights, unless they are kept already."""
    path = plan.path(folder)
    if path.exists():
        return
    family = FAMILIES[plan.family]
    examples = dataset.examples(INPUT_KINDS[family.input_kind], np.arange(len(dataset.clips)), plan.config)
    model = family.fit(examples, plan.config, seed=derive_seed(plan.seed, plan.family, plan.purpose))
    temporary = path.with_suffix(".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    family.save(model, temporary)
    temporary.replace(path)


def time_predictions_ms(family: Family, model: Model, dataset: Dataset) -> float:
    """Return the median time to answer one clip, from samples to probabilities, warm, in milliseconds."""
    kind = INPUT_KINDS[family.input_kind]

    def answer(row: int) -> float:
        started = time.perf_counter()
        model.predict([kind.extract(Analysis(dataset.clips[row].samples))])
        return 1000 * (time.perf_counter() - started)

    rows = np.linspace(0, len(dataset.clips) - 1, N_TIMED_CLIPS).astype(int)
    answer(int(rows[0]))
    return statistics.median(answer(int(row)) for row in rows)


def variants_to_test() -> tuple[Variant, ...]:
    """Return every variant that test clips are predicted as."""
    return (ORIGINAL, *(variant for variants in ROBUSTNESS.values() for variant in variants))


def splits(plan: EvaluationJob, dataset: Dataset) -> list[tuple[Rows, Rows]]:
    """Return the training and test clips of each fit of an evaluation.

    "inner" has a fit for each part of the half that tuned what its fold is tested on. The configuration was chosen on that half's
    folds, but among other speakers' models: what is learnt from here is a handful of numbers, and never seen by the fold itself.
    """
    if plan.purpose in ("unseen", "unaugmented"):
        return [dataset.split(test_fold=plan.fold)]
    if plan.purpose == "inner":
        tuned_on = dataset.folds.in_half(dataset.folds.tuning_half_for(plan.fold))
        parts = [part.tolist() for part in np.array_split(tuned_on, min(MAX_INNER_PARTS, len(tuned_on)))]
        return [dataset.split_folds(test=part, left_out=[plan.fold]) for part in parts]
    if plan.purpose == "random_split":
        return [random_split(dataset, plan.fold, seed=plan.seed)]
    raise ProtocolError(f"An evaluation's purpose must be one of {', '.join(PURPOSES)}, got {plan.purpose!r}.")


def random_split(dataset: Dataset, fold: int, *, seed: int) -> tuple[Rows, Rows]:
    """Return training and test clips of a stratified random split in which speakers repeat: how inflated scores are made."""
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(N_RANDOM_FOLDS, shuffle=True, random_state=derive_seed(seed, "random_split"))
    training, test = list(splitter.split(dataset.targets, dataset.targets))[fold]
    return training, test
