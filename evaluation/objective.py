"""What tuning maximises: UAR on inner clips as they are, or the mean of that and of UAR on the same clips disturbed.

Each clip is disturbed once, by what its content draws from a small set, so that an everyday score costs one more analysis a clip. The
set has other strengths than the test suite (:mod:`evaluation.robustness`), of which tuning learns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from audio.clip import Clip
from augment import Variant
from augment.codec import available_codecs
from evaluation.dataset import Dataset, Rows
from evaluation.robustness import fixed
from features import InputKind
from metrics.scores import uar
from models import Model

QUICK_SHARE = 3
"""A quick look disturbs every third clip of an emotion."""


class Objective(StrEnum):
    """What tuning maximises."""

    EVERYDAY = "everyday"
    CLEAN = "clean"

    @property
    def words(self) -> str:
        """What the score is, where people read it."""
        return {
            Objective.EVERYDAY: "mean UAR of inner clips as they are and disturbed",
            Objective.CLEAN: "UAR of inner clips as they are",
        }[self]


TUNING_SET: tuple[Variant, ...] = (
    fixed("noise", colour="speech", snr_db=14.0, seed=20),
    fixed("noise", colour="white", snr_db=18.0, seed=21),
    fixed("room", rt60_seconds=0.45, direct_to_reverberant_db=4.0, seed=22),
    fixed(
        "distance",
        room=(("rt60_seconds", 0.3), ("direct_to_reverberant_db", 6.0), ("seed", 23)),
        noise=(("colour", "pink"), ("snr_db", 16.0), ("seed", 24)),
    ),
    fixed("band", low_hz=220.0, high_hz=3800.0),
    fixed("equaliser", colour_db=(-8.0, -3.0, 2.0, 5.0, 2.0, -3.0, -8.0)),
    fixed("clipping", share=0.025),
    fixed("noise", colour="voices", snr_db=13.0, seed=25),
    fixed("codec", codec="mp3", kbit_s=24.0),
    fixed("codec", codec="amr_nb", kbit_s=7.95),
)
"""Disturbances of the inner clips."""


def disturbance_of(clip: Clip) -> Variant:
    """Return the disturbance that a clip's content draws from :data:`TUNING_SET`, as far as this machine's PyAV can make it."""
    here = available_codecs()
    possible = [one for one in TUNING_SET if one.augmentation != "codec" or dict(one.parameters)["codec"] in here]
    return possible[int(clip.digest[:8], 16) % len(possible)]


def inner_score(
    model: Model, kind: InputKind, held_out: Rows, dataset: Dataset, *, objective: Objective, is_quick: bool = False
) -> float:
    """Return a model's score on held-out inner clips.

    Parameters
    ----------
    model : Model
        Fitted to other speakers.
    kind : InputKind
        What it reads.
    held_out : ndarray of int [shape=(n,)]
        The clips.
    dataset : Dataset
        Holds them.
    objective : Objective
        Whether disturbed clips count, as much as clean ones.
    is_quick : bool
        Whether only some of the clips are disturbed.

    Raises
    ------
    FloatingPointError
        If the model answers with NaN or infinity.
    """
    clean = _uar(model, dataset.inputs(kind, held_out), held_out, dataset)
    if objective is Objective.CLEAN:
        return clean
    rows = some_of_each(held_out, dataset) if is_quick else held_out
    disturbed = [dataset.inputs(kind, rows[[k]], disturbance_of(dataset.clips[row]))[0] for k, row in enumerate(rows)]
    return (clean + _uar(model, disturbed, rows, dataset)) / 2


def some_of_each(rows: Rows, dataset: Dataset) -> Rows:
    """Return every third clip of each emotion, at least one."""
    targets = dataset.targets[rows]
    return np.sort(np.concatenate([rows[targets == emotion][::QUICK_SHARE] for emotion in np.unique(targets)]))


def _uar(model: Model, inputs: Sequence[np.ndarray], rows: Rows, dataset: Dataset) -> float:
    probabilities = model.predict(list(inputs))
    if not np.isfinite(probabilities).all():
        raise FloatingPointError("the model answered with NaN or infinity")
    return uar(dataset.targets[rows], probabilities)
