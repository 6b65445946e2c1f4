"""Print what each augmentation gives a family on inner speakers: ``python -m benchmarks.augmentations --data DIR``.

A line has an augmentation, the mean over halves and seeds of what tuning maximises, with the family's defaults, and by how much that
is more than without copies, in each half. Every score is of speakers that the fitted model has not met, among those of its half, as
in a trial. Copies are of full strength, and as many as a policy can ask for.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from emotune.threads import SINGLE_THREADED

os.environ |= SINGLE_THREADED

import joblib
import numpy as np

from augment.policy import all_variants, without_augmentation
from benchmarks.search import part_of_ravdess
from evaluation.dataset import Dataset
from evaluation.folds import HALVES
from features import INPUT_KINDS
from features.store import FeatureStore
from models import FAMILIES, Config
from search.plan import cache_folder
from search.study_plan import StudyPlan
from search.trial import score_config

N_TRIALS = 50
"""Of the studies whose trials are imitated; few would be a quick look."""


def policies_of(defaults: Config) -> dict[str, Config]:
    """Return a family's defaults with each augmentation, by its key, those without copies first."""
    strong = Counter(variant.augmentation for variant in all_variants() if variant.strength == "strong")
    augmented = {key: {**defaults, "augmentation": key, "strength": "strong", "n_copies": n} for key, n in strong.items()}
    return {"none": without_augmentation(defaults), **augmented}


def score(key: str, config: Config, plan: StudyPlan, dataset: Dataset) -> float:
    """Return the inner score of a configuration in per cent."""
    return 100 * score_config(FAMILIES[key], dict(config), plan, dataset)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", default="conv1d,bilstm,cnn2d", metavar="A,B", help="which (conv1d,bilstm,cnn2d)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where RAVDESS lies")
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="seeds of the fits (2)")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="take every K-th clip (1)")
    chosen = parser.parse_args()
    keys = chosen.families.split(",")
    kinds = list(dict.fromkeys(INPUT_KINDS[FAMILIES[key].input_kind] for key in keys))
    dataset = replace(part_of_ravdess(chosen.data, every=chosen.every), store=FeatureStore(cache_folder(), kinds))
    for key in keys:
        plans = [StudyPlan(key, half, N_TRIALS, seed) for half in HALVES for seed in range(chosen.seeds)]
        policies = policies_of(FAMILIES[key].defaults)
        jobs = [joblib.delayed(score)(key, config, plan, dataset) for config in policies.values() for plan in plans]
        scores = np.reshape(joblib.Parallel(n_jobs=-1)(jobs), (len(policies), len(HALVES), chosen.seeds)).mean(axis=2)
        for policy, of_halves in zip(policies, scores, strict=True):
            gained = " ".join(f"{gain:+5.1f}" for gain in of_halves - scores[0])
            print(f"{key:14} {policy:11} {of_halves.mean():5.1f} {gained}", flush=True)


if __name__ == "__main__":
    main()
