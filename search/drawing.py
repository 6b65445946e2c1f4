"""How the trials of a study draw their configurations."""

from __future__ import annotations

import warnings
from typing import Any

import optuna

from augment.policy import policy_params, without_augmentation
from evaluation.dataset import ALIKE, CORPORA_COUNT, Dataset, derive_seed
from evaluation.jobs import Budget
from models import FAMILIES, Family
from search.study_plan import Sampling, StudyPlan

N_STARTUP_TRIALS = 10


def sampler_of(plan: StudyPlan, number: int, *, budget: Budget) -> optuna.samplers.BaseSampler:
    """Return the sampler of one trial; it follows from the study, with the budget that it was begun with, and the trial's number.

    A quick look keeps to :func:`quick_policy`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        seed = derive_seed(plan.seed, plan.name, number)
        if plan.sampling is Sampling.RANDOM:
            return optuna.samplers.RandomSampler(seed)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=N_STARTUP_TRIALS, group=True, multivariate=True)
        if budget is Budget.FULL:
            return sampler
        return optuna.samplers.PartialFixedSampler(quick_policy(FAMILIES[plan.family]), sampler)


def quick_policy(family: Family) -> dict[str, Any]:
    """Return the augmentation of a quick look: that of the defaults with one copy, because features would take most of its time."""
    policy = policy_params(family.defaults)
    return {**policy, **({"n_copies": 1} if "n_copies" in policy else {})}


def initial_trials(family: Family, dataset: Dataset, budget: Budget) -> list[dict[str, Any]]:
    """Return the parameters that a family gives to its first trials; in a quick look only what differs with its augmentation."""
    fixed = {
        **(quick_policy(family) if budget is Budget.QUICK else {}),
        **({CORPORA_COUNT: ALIKE} if len(dataset.corpora) > 1 else {}),
    }
    found: list[dict[str, Any]] = []
    for config in family.initial_trials:
        params = {**config, **fixed}
        if budget is Budget.QUICK and fixed["augmentation"] == "none":
            params = without_augmentation(params)
        if params not in found:
            found.append(params)
    return found
