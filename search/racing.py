"""Racing: a trial goes on only while it is among the best of those that have come as far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from search.items import KEY

STEPS_PER_FOLD = 100
"""A neural trial reports each epoch under ``fold * STEPS_PER_FOLD + epoch``, and the fold's result under the last of these."""
RACED_EPOCHS = (8, 16)
"""Epochs of the first fold, counted from 0. More of them, or of later folds, let hardly any trial come to its end."""
N_UNPRUNED = 4
"""At least as many other trials have reached a step before one is cut there."""
SHARE_AFTER_FOLD = 0.4
SHARE_AFTER_EPOCH = 0.6
"""Shares of the trials that go on; epochs are noisier than folds."""


class Racing(optuna.pruners.BasePruner):
    """Successive halving over the folds of a trial and two epochs of its first fold (asynchronous, Li et al. 2020, MLSys).

    After each of its folds a trial goes on to the next if its mean so far is among the best :data:`SHARE_AFTER_FOLD` of all trials
    that have ended that fold. A neural trial is also compared at each of :data:`RACED_EPOCHS`, with all trials that have come to that
    epoch, and goes on if it is among the best :data:`SHARE_AFTER_EPOCH`.

    Parameters
    ----------
    n_sure : int
        How many of the first trials are never cut.
    """

    def __init__(self, n_sure: int = 1) -> None:
        self._n_sure = n_sure

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial should end here."""
        step = trial.last_step
        if step is None or trial.user_attrs.get(KEY, trial.number) < self._n_sure:
            return False
        share = share_after(step)
        if share == 1:
            return False
        ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        return is_cut(trial.intermediate_values[step], [one.intermediate_values for one in ended], step=step, share=share)


def share_after(step: int) -> float:
    """Return the share of the trials that goes on after a step; 1 where none are compared."""
    if step % STEPS_PER_FOLD == STEPS_PER_FOLD - 1:
        return SHARE_AFTER_FOLD
    return SHARE_AFTER_EPOCH if step in RACED_EPOCHS else 1.0


def is_cut(value: float, others: list[Mapping[int, float]], *, step: int, share: float) -> bool:
    """Return whether a value is too low beside those that other trials reported at the same step.

    Parameters
    ----------
    value : float
        Mean inner UAR of the trial over the folds that it has ended and the best epoch of the one that it is in.
    others : list of mapping of int to float
        What other trials reported, by step.
    step : int
        An epoch of a fold, or its end.
    share : float in 0-1
        Share of the trials that goes on.
    """
    reached = [values[step] for values in others if step in values]
    return len(reached) >= N_UNPRUNED and value < np.quantile([*reached, value], 1 - share)
