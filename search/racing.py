"""Racing: a trial goes on only while it is among the best of those that have come as far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from search.items import KEY

STEPS_PER_FOLD = 100
"""A neural trial reports each epoch under ``fold * STEPS_PER_FOLD + epoch``, and the fold's result under the last of these."""
FIRST_PRUNED_EPOCH = 10
EPOCH_PERCENTILE = 50.0
N_UNPRUNED = 4
"""Trials of a study that run to their end, so that there is something to race against."""
SHARE_THAT_GOES_ON = 0.4


class Racing(optuna.pruners.BasePruner):
    """Successive halving over the folds of a trial (asynchronous, Li et al. 2020, MLSys), and a percentile over the epochs of a fold.

    After each of its folds a trial goes on to the next if its mean so far is among the best :data:`SHARE_THAT_GOES_ON` of all trials
    that have ended that fold. Epochs are noisy: a neural trial is looked at every fifth of them, and cut if it is below the middle.

    Parameters
    ----------
    n_sure : int
        How many of the first trials are never cut.
    """

    def __init__(self, n_sure: int = 1) -> None:
        self._n_sure = n_sure
        self._over_epochs = optuna.pruners.PercentilePruner(EPOCH_PERCENTILE, n_startup_trials=N_UNPRUNED, interval_steps=5)

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial should end here."""
        step = trial.last_step
        if step is None or trial.user_attrs.get(KEY, trial.number) < self._n_sure:
            return False
        if step % STEPS_PER_FOLD < STEPS_PER_FOLD - 1:
            return step % STEPS_PER_FOLD >= FIRST_PRUNED_EPOCH and self._over_epochs.prune(study, trial)
        ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        return is_cut(trial.intermediate_values[step], [one.intermediate_values for one in ended], step=step)


def is_cut(value: float, others: list[Mapping[int, float]], *, step: int) -> bool:
    """Return whether a value at the end of a fold is too low beside those of other trials.

    Parameters
    ----------
    value : float
        Mean inner UAR of the trial over the folds that it has ended.
    others : list of mapping of int to float
        What other trials reported, by step.
    step : int
        The end of the fold.
    """
    reached = [values[step] for values in others if step in values]
    return len(reached) >= N_UNPRUNED and value < np.quantile([*reached, value], 1 - SHARE_THAT_GOES_ON)
