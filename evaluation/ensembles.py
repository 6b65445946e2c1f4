"""Ensembles in the protocol: nothing is fitted but weights, and those on inner predictions alone.

What is tested on a fold pools the members' answers to that fold with weights learnt on that fold's inner predictions. The shipped
weights are learnt on all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evaluation.dataset import Dataset, Rows
from evaluation.evaluate import FoldPredictions
from evaluation.folds import HALVES
from evaluation.result import Result, Tuned, choose_threshold, inner_uar, together
from models import FAMILIES, Examples, Model
from models.ensemble import Ensemble

FEWEST_MEMBERS = 2


def ensembles_of(results: Sequence[Result]) -> list[tuple[Ensemble, list[Result]]]:
    """Return each ensemble that some results make possible, with its members.

    One whose members are those of another ensemble is left out.
    """
    found: list[tuple[Ensemble, list[Result]]] = []
    for family in FAMILIES.values():
        if isinstance(family, Ensemble):
            keys = {member.key for member in family.members([result.family for result in results])}
            members = [result for result in results if result.family.key in keys]
            if len(members) >= FEWEST_MEMBERS and all(members != others for _, others in found):
                found.append((family, members))
    return found


def fit_pool(family: Ensemble, members: Sequence[Result], folds: Sequence[int], dataset: Dataset, *, seed: int) -> Model:
    """Return the weights learnt on the inner predictions made for some folds."""
    rows = np.concatenate([members[0].by_split["inner"][fold].rows for fold in folds])
    answers = np.stack([together(member.by_split["inner"], folds, dataset)[0] for member in members], axis=1)
    return family.fit(_examples(answers, rows, dataset), family.defaults, seed=seed)


def blend(family: Ensemble, members: Sequence[Result], dataset: Dataset, *, seed: int) -> Result:
    """Return an ensemble's result from its members'."""
    every_fold = range(len(dataset.folds.test_speakers))
    pools = {fold: fit_pool(family, members, [fold], dataset, seed=seed) for fold in every_fold}
    shipped = fit_pool(family, members, every_fold, dataset, seed=seed)

    def of_purpose(purpose: str, fold: int) -> FoldPredictions:
        # A member that trains without augmentation has no second evaluation without it.
        by_split = [member.by_split.get(purpose, {}).get(fold) or member.by_split["unseen"][fold] for member in members]
        return _pooled(by_split, shipped if purpose == "random_split" else pools[fold])

    by_split = {purpose: {fold: of_purpose(purpose, fold) for fold in every_fold} for purpose in ("unseen", "inner", "unaugmented")}
    by_split["random_split"] = {fold: of_purpose("random_split", fold) for fold in members[0].by_split["random_split"]}
    config = {**family.defaults, "members": [member.family.key for member in members]}
    tuned = Tuned(family, dict.fromkeys(HALVES, config), {half: inner_uar(by_split["inner"], half, dataset) for half in HALVES}, {})
    threshold = choose_threshold(*together(by_split["inner"], every_fold, dataset))
    return Result(tuned, by_split, 1.0, threshold)


def _pooled(by_split: Sequence[FoldPredictions], pool: Model) -> FoldPredictions:
    first = by_split[0]
    perturbed = {
        name: np.stack([_answer([predictions.perturbed[name][k] for predictions in by_split], pool) for k in range(len(variants))])
        for name, variants in first.perturbed.items()
        if all(name in predictions.perturbed for predictions in by_split)
    }
    probabilities = _answer([predictions.probabilities for predictions in by_split], pool)
    return replace(
        first, probabilities=probabilities, perturbed=perturbed, fit_seconds=sum(fold.fit_seconds for fold in by_split)
    )


def _answer(probabilities: Sequence[NDArray[np.float64]], pool: Model) -> NDArray[np.float64]:
    return pool.predict(list(np.stack(probabilities, axis=1)))


def _examples(answers: NDArray[np.float64], rows: Rows, dataset: Dataset) -> Examples:
    return Examples(
        inputs=tuple(answers),
        targets=dataset.targets[rows],
        speakers=dataset.speakers[rows],
        sources=rows,
        is_original=np.ones(len(rows), dtype=bool),
        genders=dataset.genders,
        n_emotions=len(dataset.emotions),
    )
