"""Budget: how much the trials and evaluations of a run cost."""

from __future__ import annotations

from enum import StrEnum

QUICK_LOOK_TRIALS = 5
QUICK_MAX_EPOCHS = 6


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
