"""Ensembles in the protocol: nothing is fitted but weights, and those on inner predictions alone.

What is tested on a fold pools the members' probabilities with weights learnt on that fold's inner predictions. The shipped weights
are learnt on all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evaluation.dataset import Dataset, Rows
from evaluation.folds import HALVES
from evaluation.held_out import FoldPredictions
from evaluation.jobs import Budget, Split
from evaluation.result import ByFold, Result, Tuned, inner_uar, together
from metrics.abstention import choose_threshold
from models import FAMILIES, Examples, Model
from models.ensemble import Ensemble, LogOpinionPool

FEWEST_MEMBERS = 2
MEMBER_KEYS = "member_keys"
"""In an ensemble's configuration: keys of the families that it pools, in their order."""


def ensembles_of(results: Sequence[Result]) -> list[tuple[Ensemble, list[Result]]]:
    """Return each ensemble that some results make possible, with its members.

    Members have one budget, because a quick look predicts other clips than a full evaluation: the full one where two or more families
    have it. An ensemble whose members are those of another is left out.
    """
    results = of_one_budget(results)
    found: list[tuple[Ensemble, list[Result]]] = []
    for family in FAMILIES.values():
        if isinstance(family, Ensemble):
            keys = {member.key for member in family.members([result.family for result in results])}
            members = [result for result in results if result.family.key in keys]
            if len(members) >= FEWEST_MEMBERS and all(members != others for _, others in found):
                found.append((family, members))
    return found


def of_one_budget(results: Sequence[Result]) -> list[Result]:
    """Return the results of tuned families that were evaluated in full, or in quick looks where fewer than two were."""
    tuned = [result for result in results if result.family.is_tuned]
    full = [result for result in tuned if result.tuned.budget is Budget.FULL]
    return full if len(full) >= FEWEST_MEMBERS else [result for result in tuned if result.tuned.budget is Budget.QUICK]


def fit_pool(family: Ensemble, members: Sequence[Result], folds: Sequence[int], dataset: Dataset, *, seed: int) -> Model:
    """Return the weights learnt on the inner predictions made for some folds; the members' rows must be the same."""
    inner = [_same_rows([member.predictions[Split.INNER] for member in members], fold) for fold in folds]
    rows = np.concatenate([first.rows for first, *_ in inner])
    probabilities = np.concatenate([np.stack([one.probabilities for one in of_fold], axis=1) for of_fold in inner])
    return family.fit(_examples(probabilities, rows, dataset), family.defaults, seed=seed)


def pool_members(family: Ensemble, members: Sequence[Result], dataset: Dataset, *, seed: int) -> Result:
    """Return the result of an ensemble from those of its members."""
    every_fold = range(dataset.n_folds)
    pools = {fold: fit_pool(family, members, [fold], dataset, seed=seed) for fold in every_fold}
    shipped = fit_pool(family, members, every_fold, dataset, seed=seed)
    predictions: dict[Split, ByFold] = {
        split: {fold: _pooled([member.predictions[split][fold] for member in members], pools[fold]) for fold in every_fold}
        for split in (Split.HELD_OUT, Split.INNER)
    }
    for split in (Split.NO_AUGMENTATION, Split.DEFAULTS):
        if any(split in member.predictions for member in members):
            predictions[split] = {
                fold: _pooled([member.audit(split)[fold] for member in members], pools[fold]) for fold in every_fold
            }
    if all(Split.RANDOM in member.predictions for member in members):
        folds = members[0].predictions[Split.RANDOM]
        predictions[Split.RANDOM] = {
            fold: _pooled([member.predictions[Split.RANDOM][fold] for member in members], shipped) for fold in folds
        }
    if all(Split.OTHER_CORPORA in member.predictions for member in members):
        alike = LogOpinionPool(np.full(len(members), 1 / len(members)))  # learnt weights have seen the corpora that are tested
        numbers = members[0].predictions[Split.OTHER_CORPORA]
        predictions[Split.OTHER_CORPORA] = {
            number: _pooled([member.predictions[Split.OTHER_CORPORA][number] for member in members], alike) for number in numbers
        }
    config = {**family.defaults, MEMBER_KEYS: [member.family.key for member in members]}
    scores = {half: inner_uar(predictions[Split.INNER], half, dataset) for half in HALVES}
    tuned = Tuned(family, dict.fromkeys(HALVES, config), scores, {}, members[0].tuned.budget)
    threshold = choose_threshold(*together(predictions[Split.INNER], every_fold, dataset))
    return Result(tuned, predictions, 1.0, threshold)


def _same_rows(members: Sequence[ByFold], fold: int) -> list[FoldPredictions]:
    """Return each member's predictions of a fold, for the clips that all of them predict, in one order."""
    found = [member[fold] for member in members]
    common = sorted(set.intersection(*(set(one.rows.tolist()) for one in found)))
    positions = [{row: k for k, row in enumerate(one.rows.tolist())} for one in found]
    orders = [np.array([position[row] for row in common], dtype=np.intp) for position in positions]
    return [
        replace(one, rows=one.rows[order], probabilities=one.probabilities[order]) for one, order in zip(found, orders, strict=True)
    ]


def _pooled(of_members: Sequence[FoldPredictions], pool: Model) -> FoldPredictions:
    aligned = _same_rows([{0: one} for one in of_members], 0)
    first = aligned[0]
    perturbed = {}
    if all(np.array_equal(one.rows, first.rows) for one in of_members):
        perturbed = {
            name: np.stack([_predict([one.perturbed[name][k] for one in of_members], pool) for k in range(len(variants))])
            for name, variants in first.perturbed.items()
            if all(name in one.perturbed for one in of_members)
        }
    of_training = [one.training for one in of_members if one.training is not None]
    training = _pooled(of_training, pool) if len(of_training) == len(of_members) else None
    probabilities = _predict([one.probabilities for one in aligned], pool)
    fit_seconds = sum(one.fit_seconds for one in of_members)
    return replace(first, probabilities=probabilities, perturbed=perturbed, fit_seconds=fit_seconds, training=training)


def _predict(probabilities: Sequence[NDArray[np.float64]], pool: Model) -> NDArray[np.float64]:
    return pool.predict(list(np.stack(probabilities, axis=1)))


def _examples(probabilities: NDArray[np.float64], rows: Rows, dataset: Dataset) -> Examples:
    return Examples(
        inputs=tuple(probabilities),
        targets=dataset.targets[rows],
        speakers=dataset.speakers[rows],
        sources=rows,
        is_original=np.ones(len(rows), dtype=bool),
        genders=dataset.genders,
        n_emotions=len(dataset.emotions),
    )
