"""Which families can learn from some recordings at all, and which evaluations can be made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from corpora.places import examples
from emotune.errors import ProtocolError, RunError
from evaluation.dataset import Dataset
from evaluation.folds import HALVES
from evaluation.jobs import EvaluationJob, Job, Split, split_of
from leaderboard.cross_corpus import FEWEST_EMOTIONS
from models import Family
from search.plan import RunPlan

NEEDED_BY_NETWORKS = 2
"""Speakers: one to learn from, one to stop early on."""


def keep_possible(plan: RunPlan, dataset: Dataset, *, say: Callable[[str], None]) -> RunPlan:
    """Return a plan without the families that the recordings have too few speakers for, and say which those are.

    Raises
    ------
    RunError
        If no family that learns is left.
    ProtocolError
        If nobody is left for a trial to learn from, or nothing that the others teach.
    """
    sentence = impossible(plan.fitted_families, dataset)
    if not sentence:
        return plan
    possible = replace(plan, families=tuple(family for family in plan.families if not family.is_neural))
    if not any(family.is_tuned for family in possible.fitted_families):
        raise RunError(f"{sentence}, or choose other families.")
    say(f"{sentence}.")
    return possible


def impossible(families: Iterable[Family], dataset: Dataset) -> str:
    """Return which families the recordings have too few speakers for and why, without a full stop; nothing if there are none."""
    networks = [family.key for family in families if family.is_neural]
    fewest = fewest_training_speakers(dataset)
    if fewest >= NEEDED_BY_NETWORKS or not networks:
        return ""
    return (
        f"{', '.join(networks)} cannot be tuned: a network learns from some speakers and stops early on others while a third tests "
        f"it, but one half of the recordings leaves {fewest} speaker for the first two; add recordings of more people, "
        "six or more in all"
    )


def fewest_training_speakers(dataset: Dataset) -> int:
    """Return from how many speakers a trial learns at least: those of a half without the part that scores it.

    Raises
    ------
    ProtocolError
        If no trial could be scored: nobody is left to learn from, they show one emotion, or none that they show is tested.
    """
    counts = []
    for half in HALVES:
        parts = dataset.parts_of(half)
        for part in parts:
            training, tested = dataset.disjoint(np.concatenate(parts), part)
            dataset.taught(training, tested)
            speakers = np.unique(dataset.speakers[training]).tolist()
            shown = np.unique(dataset.targets[training])
            if len(shown) < FEWEST_EMOTIONS:
                raise ProtocolError(
                    f"A model needs two emotions to tell apart, but those that a trial learns from ({examples(speakers)}) show "
                    f"{dataset.emotions[shown[0]]} alone; add recordings of another emotion by them."
                )
            counts.append(len(speakers))
    return min(counts)


def can_be_made(job: Job, dataset: Dataset) -> bool:
    """Tell whether a job has something to learn and to tell apart.

    Of one corpus, which may have few people or emotions, a model needs two speakers, as networks do, and two emotions that it has and
    other people in other corpora show. The rule is one for all families, because ensembles pool what all of them predict.
    """
    if not isinstance(job, EvaluationJob) or job.split is not Split.OTHER_CORPORA:
        return True
    training, test = split_of(job, dataset)
    n_speakers, n_emotions = len(np.unique(dataset.speakers[training])), len(np.unique(dataset.targets[test]))
    return n_speakers >= NEEDED_BY_NETWORKS and n_emotions >= FEWEST_EMOTIONS
