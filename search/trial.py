"""A trial: a configuration, scored over the parts of a half, and recorded however it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import TrialState

from emotune.errors import StudyError
from evaluation.dataset import ALIKE, BY_CLIPS, CORPORA_COUNT, Dataset, derive_seed, require_held_out
from evaluation.jobs import QUICK_MAX_EPOCHS, Budget
from evaluation.objective import inner_score
from features import INPUT_KINDS
from models import FAMILIES, Family
from search.racing import STEPS_PER_FOLD
from search.study_plan import StudyPlan

BUDGET = "budget"


@dataclass(frozen=True)
class TrialEnd:
    """What a person is told when a trial has ended."""

    family: str
    half: str
    number: int
    state: str
    value: float | None
    best: float | None
    seconds: float


def budget_of(study: optuna.Study) -> Budget:
    """Return the budget with which the trials of a study are made."""
    return Budget(study.user_attrs.get(BUDGET, Budget.FULL))


def carry_out(trial: optuna.Trial, plan: StudyPlan, dataset: Dataset, *, number: int, tell: Callable[[TrialEnd], None]) -> None:
    """Carry out a trial whose study has its sampler, record how it ended, and tell of it."""
    started, computed_before = time.monotonic(), dataset.store.seconds
    study, family = trial.study, FAMILIES[plan.family]
    value, state = None, TrialState.COMPLETE
    try:
        config = family.suggest(trial)
        if len(dataset.corpora) > 1:
            config[CORPORA_COUNT] = trial.suggest_categorical(CORPORA_COUNT, [ALIKE, BY_CLIPS])
        if budget_of(study) is Budget.QUICK:
            config["max_epochs"] = QUICK_MAX_EPOCHS
        trial.set_user_attr("config", config)
        value = score_config(family, config, plan, dataset, trial=trial)
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except (OSError, StudyError, StorageInternalError, UpdateFinishedTrialError):
        raise  # a full disk, a database that is gone or a trial taken for lost says nothing about the configuration
    except Exception as error:  # recorded with its reason; a run must outlive any one trial
        state = TrialState.FAIL
        trial.set_user_attr("error", f"{type(error).__name__}: {error}"[:500])
    seconds = time.monotonic() - started
    trial.set_user_attr("seconds", round(seconds, 2))
    trial.set_user_attr("feature_seconds", round(dataset.store.seconds - computed_before, 2))
    earlier = [t.value for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) if t.value is not None]
    study.tell(trial, value, state=state)
    best = max([*earlier, *([value] if value is not None else [])], default=None)
    tell(TrialEnd(plan.family, plan.half, number + 1, state.name, value, best, seconds))


def score_config(
    family: Family, config: dict[str, Any], plan: StudyPlan, dataset: Dataset, *, trial: optuna.Trial | None = None
) -> float:
    """Return what tuning maximises: the mean of the objective over the parts of a half, each predicted by a model of the others.

    Clips whose emotion the others lack do not count (:meth:`~evaluation.dataset.Dataset.taught`).

    Parameters
    ----------
    family : Family
        What is tuned.
    config : mapping
        The configuration.
    plan : StudyPlan
        Says the half and the objective.
    dataset : Dataset
        The clips.
    trial : optuna.Trial, optional
        Told the scores on the way, and may be pruned.

    Raises
    ------
    ProtocolError
        If a part has no emotion that the others have.
    """
    kind = INPUT_KINDS[family.input_kind]
    parts = dataset.parts_of(plan.half)
    of_half = np.concatenate(parts)
    scores: list[float] = []
    is_quick = (plan.budget if trial is None else budget_of(trial.study)) is Budget.QUICK
    # A quick look trains the slow families once a trial.
    scored = parts[:1] if trial is not None and family.is_neural and is_quick else parts
    splits = [dataset.disjoint(of_half, part) for part in scored]
    tested = [dataset.taught(*split) for split in splits]
    for position, (training, held_out) in enumerate(splits):
        examples = dataset.examples(kind, training, config)
        require_held_out(examples, held_out)
        callback = _EpochReporter(trial, scores, first_step=position * STEPS_PER_FOLD) if trial and family.is_neural else None
        model = family.fit(examples, config, seed=derive_seed(plan.seed, plan.family), callback=callback)
        scores.append(inner_score(model, kind, tested[position], dataset, objective=plan.objective, is_quick=is_quick))
        if trial and position < len(scored) - 1:
            trial.report(float(np.mean(scores)), step=(position + 1) * STEPS_PER_FOLD - 1)
            if trial.should_prune():
                raise optuna.TrialPruned
    return float(np.mean(scores))


class _EpochReporter:
    """Reports each epoch's best inner UAR, averaged with the folds already done, and stops a hopeless trial."""

    def __init__(self, trial: optuna.Trial, done: list[float], *, first_step: int) -> None:
        self.trial, self.done, self.step, self.best = trial, done, first_step, 0.0

    def __call__(self, inner_uar: float) -> None:
        """Report one epoch."""
        self.best = max(self.best, inner_uar)
        self.trial.report(float(np.mean([*self.done, self.best])), step=self.step)
        self.step += 1
        if self.trial.should_prune():
            raise optuna.TrialPruned
