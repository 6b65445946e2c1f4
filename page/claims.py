"""Claims: what may be said of a result, on the page and in what goes along with its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from corpora.combined import JOIN
from evaluation.folds import TestedOn
from runs.manifest import Manifest


@dataclass(frozen=True)
class Claim:
    """Whom a result's figures are for, in words.

    Attributes
    ----------
    briefly : str
        Where the UAR was measured, in a few words.
    tested : str
        The same, with what was kept apart.
    others : str
        What was left to train on.
    folds : str
        How the folds were cut, and over what intervals are drawn.
    """

    briefly: str
    tested: str
    others: str
    folds: str


UNNAMED = "recordings that were held out, of speakers whom nobody named"

CLAIMS: Mapping[TestedOn, Claim] = {
    TestedOn.UNSEEN_SPEAKERS: Claim(
        str(TestedOn.UNSEEN_SPEAKERS),
        "speakers that took part in neither its training nor its tuning",
        "all other speakers",
        "Folds are disjoint by speaker; intervals are drawn over speakers, not clips",
    ),
    TestedOn.UNSEEN_CORPORA: Claim(
        str(TestedOn.UNSEEN_CORPORA),
        "corpora that were left out whole, of its training and of its tuning",
        "all other corpora",
        "Each fold is a corpus; intervals are drawn over speakers, not clips",
    ),
    TestedOn.UNKNOWN_SPEAKERS: Claim(UNNAMED, UNNAMED, "all other recordings", "Folds are disjoint by recording"),
}


def claim_of(manifest: Manifest) -> Claim:
    """Return whom the figures of a run are for."""
    return CLAIMS[manifest.tested_on]


def learnt_from(manifest: Manifest, *, is_real: bool | None) -> str:
    """Return what a run's models learnt from and what follows, in two sentences.

    Parameters
    ----------
    manifest : Manifest
        Of the run.
    is_real : bool or None
        False for speech made by code; None where nothing tells.
    """
    if is_real is None:
        return "Nothing here tells what it learnt from. Trust its numbers as little as its predictions."
    if not is_real:
        return "It learnt from sounds made by code. Its numbers say nothing about real voices."
    n_corpora = len(manifest.corpus.split(JOIN))
    what = "one corpus alone: its" if n_corpora == 1 else f"{n_corpora} corpora alone: their"
    acted = "Corpora of emotions are mostly acted, and what people feel is not what actors show."
    return f"It learnt from {what} sentences, languages, microphones and rooms. {acted}"
