"""Evaluation jobs: which fits a family needs after tuning, and who learns and who is tested in each.

Inner predictions are predictions of a test fold's *training* speakers, each made by a model that was fitted to neither them nor the
test speakers (a network stops, and has its temperature, by those that it predicts). They teach temperatures, abstention thresholds
and the weights of ensembles. One job makes them and the predictions of the test fold, because where models are averaged the same fits
serve both (:meth:`models.family.Family.fit_bag`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from augment.policy import without_augmentation
from evaluation.dataset import Dataset, Rows, derive_seed
from models import Config, Family

QUICK_LOOK_TRIALS = 5
N_RANDOM_FOLDS = 4
N_INNER_PARTS = 3


class Split(StrEnum):
    """Who is tested.

    In order: unseen speakers; training speakers, whose predictions come with those of unseen ones; unseen speakers by a model without
    augmentation, and by one with the family's defaults; clips at random; the other corpora by a model of one.
    """

    HELD_OUT = "held_out"
    INNER = "inner"
    NO_AUGMENTATION = "no_augmentation"
    DEFAULTS = "defaults"
    RANDOM = "random"
    OTHER_CORPORA = "other_corpora"


class Budget(StrEnum):
    """How much an evaluation costs: a full one, or a quick look for runs of at most :data:`QUICK_LOOK_TRIALS` trials a study.

    A quick look trains networks for at most :data:`QUICK_MAX_EPOCHS` epochs and averages none, predicts one part of the training
    speakers for each fold, and leaves out the audits (perturbed clips, random split, no augmentation, defaults, known speakers).
    """

    FULL = "full"
    QUICK = "quick look"

    @classmethod
    def of(cls, n_trials: int) -> Budget:
        """Return the budget of a study of so many trials."""
        return cls.QUICK if n_trials <= QUICK_LOOK_TRIALS else cls.FULL

    @property
    def n_parts(self) -> int:
        """In how many parts the training speakers are predicted, each by a model that did not learn from it."""
        return 1 if self is Budget.QUICK else N_INNER_PARTS


QUICK_MAX_EPOCHS = 6


@dataclass(frozen=True)
class EvaluationJob:
    """A fit or a bag of fits, and what they predict.

    Attributes
    ----------
    family : str
        What is evaluated.
    split : Split
        Who is tested.
    fold : int
        Which test part; of other corpora the number of the one that is trained on.
    config : mapping
        What to fit.
    seed : int
        Of the run.
    budget : Budget
        How many parts of the training speakers are predicted.
    conditions : str
        Digest of the conditions, so that an outcome made under others is never taken for this one.
    """

    family: str
    split: Split
    fold: int
    config: Config
    seed: int
    budget: Budget = Budget.FULL
    conditions: str = ""


@dataclass(frozen=True)
class ChampionJob:
    """The last fit of a family, on all speakers; nothing can evaluate it.

    Attributes
    ----------
    family, config, seed, budget, conditions
        As of :class:`EvaluationJob`.
    half : str
        The half that tuned the configuration; members are validated on parts of it, as in the evaluations.
    """

    family: str
    config: Config
    seed: int
    half: str
    budget: Budget = Budget.FULL
    conditions: str = ""


Job = EvaluationJob | ChampionJob


def plan_evaluations(
    family: Family,
    configs: Mapping[str, Config],
    shipped_half: str,
    dataset: Dataset,
    *,
    seed: int,
    budget: Budget = Budget.FULL,
    conditions: str = "",
) -> list[Job]:
    """Return every job of a family, in the order in which a reader would miss its outcome.

    Parameters
    ----------
    family : Family
        What is evaluated.
    configs : mapping of str to Config
        What is evaluated in each half: the best configuration of its study.
    shipped_half : str
        The half whose configuration is shipped.
    dataset : Dataset
        The clips and folds.
    seed : int
        Of the run.
    budget : Budget
        Whether the audits are made.
    conditions : str
        Digest of the conditions.
    """

    def job(split: Split, fold: int, config: Config) -> EvaluationJob:
        return EvaluationJob(family.key, split, fold, config, seed, budget, conditions)

    by_fold = {fold: configs[dataset.folds.tuning_half_for(fold)] for fold in range(dataset.n_folds)}
    jobs: list[Job] = [job(Split.HELD_OUT, fold, config) for fold, config in by_fold.items()]
    shipped = configs[shipped_half]
    jobs.append(ChampionJob(family.key, shipped, seed, shipped_half, budget, conditions))
    if budget is Budget.FULL or not family.is_tuned:
        jobs += [job(Split.RANDOM, fold, shipped) for fold in range(N_RANDOM_FOLDS)]
    if len(dataset.corpora) > 1:
        # The defaults, because a tuned configuration has seen the corpora that are tested here.
        config = {**family.defaults, **({"max_epochs": QUICK_MAX_EPOCHS} if budget is Budget.QUICK else {})}
        jobs += [job(Split.OTHER_CORPORA, number, config) for number in range(len(dataset.corpora))]
    if budget is Budget.FULL:
        augmented = {fold: config for fold, config in by_fold.items() if config["augmentation"] != "none"}
        jobs += [job(Split.NO_AUGMENTATION, fold, without_augmentation(config)) for fold, config in augmented.items()]
        defaults = dict(family.defaults)
        jobs += [job(Split.DEFAULTS, fold, defaults) for fold, config in by_fold.items() if dict(config) != defaults]
    return jobs


def split_of(job: EvaluationJob, dataset: Dataset) -> tuple[Rows, Rows]:
    """Return the training and test clips of a job."""
    match job.split:
        case Split.HELD_OUT | Split.NO_AUGMENTATION | Split.DEFAULTS:
            return dataset.split(test_fold=job.fold)
        case Split.RANDOM:
            return random_split(dataset, job.fold, seed=job.seed)
        case Split.OTHER_CORPORA:
            return other_corpora_split(dataset, job.fold)
        case Split.INNER:
            raise ValueError("inner predictions are made by the jobs of unseen speakers")


def parts_of(job: Job, dataset: Dataset) -> list[Rows]:
    """Return the clips of each part of the training speakers that a fit of the job's bag leaves out; none where clips are at random.

    The parts are a few speakers each, so that a fit loses little, and lie in the half that tuned what the job's fold is tested on.
    The configuration was chosen on that half's folds, but by models of other speakers: what is learnt from inner predictions is a
    handful of numbers.
    """
    if isinstance(job, EvaluationJob) and job.split in (Split.RANDOM, Split.OTHER_CORPORA):
        return []
    if isinstance(job, ChampionJob):
        return dataset.inner_parts(job.half, n_parts=job.budget.n_parts)
    return dataset.inner_parts(dataset.folds.tuning_half_for(job.fold), n_parts=job.budget.n_parts, turn=job.fold)


def other_corpora_split(dataset: Dataset, number: int) -> tuple[Rows, Rows]:
    """Return the clips of one corpus, and those of all others whose emotions it has."""
    is_here = dataset.corpus_of_clip == dataset.corpora[number]
    is_known = np.isin(dataset.targets, dataset.targets[is_here])
    # A person who is in both corpora is not unseen.
    is_new = ~np.isin(dataset.speakers, dataset.speakers[is_here])
    return np.flatnonzero(is_here), np.flatnonzero(~is_here & is_known & is_new)


def random_split(dataset: Dataset, fold: int, *, seed: int) -> tuple[Rows, Rows]:
    """Return training and test clips of a stratified random split in which speakers repeat: how inflated scores are made."""
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(N_RANDOM_FOLDS, shuffle=True, random_state=derive_seed(seed, "random_split"))
    training, test = list(splitter.split(dataset.targets, dataset.targets))[fold]
    return training, test
