"""Inner parts: small groups of training speakers, each predicted by models that did not learn from it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from evaluation.dataset import Dataset, Rows
from models.speakers import n_inner_speakers


def inner_parts(dataset: Dataset, half: str) -> list[Rows]:
    """Return the clips of a half's speakers in small groups, of both genders and several corpora where it has them.

    Where corpora are tested whole the groups are the half's corpora, so that what inner predictions teach (temperatures, thresholds,
    ensembles' weights, adaptation, the epoch at which a network stops) is for corpora that a model has not met.

    Parameters
    ----------
    dataset : Dataset
        The clips and folds.
    half : str
        One of :data:`evaluation.folds.HALVES`.
    """
    return [dataset.rows_of(group) for group in _groups_of(dataset, half)]


def _groups_of(dataset: Dataset, half: str) -> list[Sequence[str]]:
    folds = dataset.folds.in_half(half)
    if dataset.folds.are_corpora and len(folds) > 1:
        return [dataset.folds.test_speakers[fold] for fold in folds]
    speakers = sorted({speaker for fold in folds for speaker in dataset.folds.test_speakers[fold]})
    alike: dict[tuple[str, str], list[str]] = {}
    for speaker in speakers:
        alike.setdefault((dataset.corpora_of[speaker], dataset.genders[speaker]), []).append(speaker)
    mixed = [one for group in itertools.zip_longest(*alike.values()) for one in group if one is not None]
    size = n_inner_speakers(len(dataset.genders))
    return [mixed[start : start + size] for start in range(0, len(mixed), size)]
