"""Ensembles in the protocol: nothing is fitted but weights, and those on inner predictions alone.

What is tested on a fold pools the members' answers to that fold with weights learnt on that fold's inner predictions. The shipped
weights are learnt on all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audio.folds import HALVES
from models import FAMILIES, Examples, Model
from models.ensemble import Ensemble
from search.examine import Exam
from search.material import Material, Rows
from search.result import Result, Tuned, choose_threshold, inner_uar, together

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


def fit_pool(family: Ensemble, members: Sequence[Result], folds: Sequence[int], material: Material, *, seed: int) -> Model:
    """Return the weights learnt on the inner predictions made for some folds."""
    rows = np.concatenate([members[0].exams["inner"][fold].rows for fold in folds])
    answers = np.stack([together(member.exams["inner"], folds, material)[0] for member in members], axis=1)
    return family.fit(_examples(answers, rows, material), family.defaults, seed=seed)


def blend(family: Ensemble, members: Sequence[Result], material: Material, *, seed: int) -> Result:
    """Return an ensemble's result from its members'."""
    every_fold = range(len(material.folds.test_speakers))
    pools = {fold: fit_pool(family, members, [fold], material, seed=seed) for fold in every_fold}
    shipped = fit_pool(family, members, every_fold, material, seed=seed)

    def of_purpose(purpose: str, fold: int) -> Exam:
        # A member that trains without augmentation has no second examination without it.
        exams = [member.exams.get(purpose, {}).get(fold) or member.exams["unseen"][fold] for member in members]
        return _pooled(exams, shipped if purpose == "random_split" else pools[fold])

    exams = {purpose: {fold: of_purpose(purpose, fold) for fold in every_fold} for purpose in ("unseen", "inner", "unaugmented")}
    exams["random_split"] = {fold: of_purpose("random_split", fold) for fold in members[0].exams["random_split"]}
    config = {**family.defaults, "members": [member.family.key for member in members]}
    tuned = Tuned(family, dict.fromkeys(HALVES, config), {half: inner_uar(exams["inner"], half, material) for half in HALVES}, {})
    threshold = choose_threshold(*together(exams["inner"], every_fold, material))
    return Result(tuned, exams, 1.0, threshold)


def _pooled(exams: Sequence[Exam], pool: Model) -> Exam:
    first = exams[0]
    disturbed = {
        name: np.stack([_answer([exam.disturbed[name][k] for exam in exams], pool) for k in range(len(variants))])
        for name, variants in first.disturbed.items()
        if all(name in exam.disturbed for exam in exams)
    }
    probabilities = _answer([exam.probabilities for exam in exams], pool)
    return replace(first, probabilities=probabilities, disturbed=disturbed, fit_seconds=sum(exam.fit_seconds for exam in exams))


def _answer(probabilities: Sequence[NDArray[np.float64]], pool: Model) -> NDArray[np.float64]:
    return pool.predict(list(np.stack(probabilities, axis=1)))


def _examples(answers: NDArray[np.float64], rows: Rows, material: Material) -> Examples:
    return Examples(
        inputs=tuple(answers),
        targets=material.targets[rows],
        speakers=material.speakers[rows],
        sources=rows,
        is_original=np.ones(len(rows), dtype=bool),
        genders=material.genders,
        n_emotions=len(material.emotions),
    )
