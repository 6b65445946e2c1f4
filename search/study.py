"""A study: one family tuned on one half, trial by trial, in a journal that survives a kill or in a database that hosts share.

Each trial draws from a sampler seeded by the study and the trial's number, so a run that was killed and continued takes the same
trials as one that was not. In a database the number is that of the item (:mod:`search.items`) that the trial carries out.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from augment.policy import policy_params
from emotune.errors import StudyError
from evaluation.dataset import ALIKE, BY_CLIPS, CORPORA_COUNT, Dataset, derive_seed, require_held_out
from evaluation.folds import HALVES
from evaluation.jobs import QUICK_MAX_EPOCHS, Budget
from evaluation.objective import Objective, inner_score
from evaluation.result import TrialRecord, Tuned, untuned
from features import INPUT_KINDS
from models import FAMILIES, Family
from runs.layout import RunFolder
from search.items import KEY
from search.racing import STEPS_PER_FOLD, Racing
from search.storage import Database, open_database

N_STARTUP_TRIALS = 10
BUDGET = "budget"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


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


@dataclass(frozen=True)
class StudyPlan:
    """One study to run.

    Attributes
    ----------
    family, half : str
        What is tuned, on which half.
    n_trials : int
        How many trials the study shall have in the end.
    seed : int
        Of the run.
    deadline : float or None
        Seconds since the epoch after which no further trial is begun.
    database : Database or None
        Where it is kept; None for the journal of the run's folder.
    prefix : str
        What its name begins with in a database, where studies of other runs lie beside it.
    objective : Objective
        What it maximises.
    """

    family: str
    half: str
    n_trials: int
    seed: int
    deadline: float | None = None
    database: Database | None = None
    prefix: str = ""
    objective: Objective = Objective.EVERYDAY

    @property
    def name(self) -> str:
        """Its name in a run, and in the journal."""
        return f"{self.family}-{self.half}"

    @property
    def budget(self) -> Budget:
        """With how much its trials are made, unless it was begun with more."""
        return Budget.of(self.n_trials)

    @property
    def is_late(self) -> bool:
        """Whether no further trial may begin."""
        return self.deadline is not None and time.time() > self.deadline


def open_storage(run: RunFolder) -> JournalStorage:
    """Return the journal of a run; locked for each write, so that several processes may share it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return JournalStorage(JournalFileBackend(str(run.journal)))


def open_study(plan: StudyPlan, run: RunFolder) -> optuna.Study:
    """Return a study, new or continued; the caller has checked the conditions of the run's folder."""
    storage = open_storage(run) if plan.database is None else open_database(plan.database)
    return optuna.create_study(
        study_name=plan.prefix + plan.name,
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        pruner=Racing(n_sure=len(FAMILIES[plan.family].initial_trials)),
    )


def run_study(
    plan: StudyPlan,
    dataset: Dataset,
    run: RunFolder,
    *,
    tell: Callable[[TrialEnd], None] = lambda _: None,
    pruner: optuna.pruners.BasePruner | None = None,
) -> None:
    """Run the trials that a study still lacks.

    A trial that was killed does not count: it is replaced. One that fails by itself is recorded with its reason and counts.

    Parameters
    ----------
    plan : StudyPlan
        Which study.
    dataset : Dataset
        The clips.
    run : RunFolder
        Holds the journal.
    tell : callable
        Called with each trial's end.
    pruner : BasePruner, optional
        Cuts trials instead of :class:`~search.racing.Racing`.

    Raises
    ------
    StudyError
        If every trial failed.
    """
    family = FAMILIES[plan.family]
    study = _with_budget(open_study(plan, run), plan, run)
    study.pruner = pruner or study.pruner
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)  # its process was killed
    while len(ended := ended_trials(study)) < plan.n_trials:
        if plan.is_late and any(t.state is TrialState.COMPLETE for t in ended):
            break
        _run_trial(study, family, plan, dataset, number=len(ended), tell=tell)
    best_trial(study)


def budget_of(study: optuna.Study) -> Budget:
    """Return the budget with which the trials of a study are made."""
    return Budget(study.user_attrs.get(BUDGET, Budget.FULL))


def _with_budget(study: optuna.Study, plan: StudyPlan, run: RunFolder) -> optuna.Study:
    """Return the study with a budget that holds for all its trials.

    The trials of a quick look trained too briefly to stand beside full ones: a longer search begins the study anew.
    """
    wanted = plan.budget
    if BUDGET in study.user_attrs and budget_of(study) is Budget.QUICK and wanted is Budget.FULL:
        optuna.delete_study(study_name=plan.name, storage=open_storage(run))
        study = open_study(plan, run)
    if BUDGET not in study.user_attrs:
        study.set_user_attr(BUDGET, str(wanted))
    return study


def forget_studies(family: str, run: RunFolder) -> None:
    """Delete the studies of a family from the journal, if there is one."""
    if run.journal.exists():
        storage = open_storage(run)
        for name in {StudyPlan(family, half, 0, 0).name for half in HALVES} & set(optuna.get_all_study_names(storage)):
            optuna.delete_study(study_name=name, storage=storage)


def ended_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that count: completed, pruned, or failed by themselves (not killed), with what they were."""
    counting = [
        trial
        for trial in study.get_trials(deepcopy=False, states=FINISHED)
        if "error" in trial.user_attrs or (trial.state is not TrialState.FAIL and "config" in trial.user_attrs)
    ]
    return sorted(counting, key=number_of)


def number_of(trial: FrozenTrial) -> int:
    """Return the number of a trial among those that count, if hosts share the study; else its number in the journal."""
    return int(trial.user_attrs.get(KEY, trial.number))


def tuned_of(family: Family, plans: Sequence[StudyPlan], run: RunFolder) -> Tuned:
    """Return what the studies of a family found.

    How much the evaluations may cost follows from the number of trials in the studies, whatever the command that asks.
    """
    if not family.is_tuned:
        return untuned(family, budget=Budget.of(plans[0].n_trials) if plans else Budget.FULL)
    studies = {plan.half: open_study(plan, run) for plan in plans}
    best = {half: best_trial(study) for half, study in studies.items()}
    ended = {half: ended_trials(study) for half, study in studies.items()}
    budget = max(map(budget_of, studies.values()), key=lambda one: one is Budget.QUICK)
    more = {"max_epochs": QUICK_MAX_EPOCHS} if budget is Budget.QUICK else {}
    return Tuned(
        family,
        {half: {**trial.user_attrs["config"], **more} for half, trial in best.items()},
        {half: float(trial.value or 0.0) for half, trial in best.items()},
        {half: [trial_record(trial) for trial in trials] for half, trials in ended.items()},
        budget,
    )


def best_trial(study: optuna.Study) -> FrozenTrial:
    """Return the completed trial of the highest value.

    Raises
    ------
    StudyError
        If there is none; the message names the last reason.
    """
    complete = [trial for trial in ended_trials(study) if trial.state is TrialState.COMPLETE]
    if not complete:
        reasons = [trial.user_attrs.get("error", trial.state.name.lower()) for trial in ended_trials(study)]
        raise StudyError(
            f"A study needs one completed trial, but all {len(reasons)} of {study.study_name} failed, the last with: "
            f"{reasons[-1] if reasons else 'no trial was run'}; mend that and run again."
        )
    return max(complete, key=lambda trial: (trial.value, -number_of(trial)))


def _run_trial(
    study: optuna.Study,
    family: Family,
    plan: StudyPlan,
    dataset: Dataset,
    *,
    number: int,
    tell: Callable[[TrialEnd], None],
) -> None:
    study.sampler = sampler_of(plan, number)
    if number < len(family.initial_trials) and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.enqueue_trial(initial_params(family, number, dataset))
    carry_out(study.ask(), plan, dataset, number=number, tell=tell)


def sampler_of(plan: StudyPlan, number: int) -> optuna.samplers.BaseSampler:
    """Return the sampler of one trial; it follows from the study and the trial's number.

    A quick look keeps to the augmentation of the defaults, because the features of others would take most of its time.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=derive_seed(plan.seed, plan.name, number), n_startup_trials=N_STARTUP_TRIALS, group=True, multivariate=True
        )
        if plan.budget is Budget.FULL:
            return sampler
        return optuna.samplers.PartialFixedSampler(policy_params(FAMILIES[plan.family].defaults), sampler)


def initial_params(family: Family, number: int, dataset: Dataset) -> dict[str, Any]:
    """Return the parameters that a family gives to one of its first trials; nothing to the others."""
    if number >= len(family.initial_trials):
        return {}
    return {**family.initial_trials[number], **({CORPORA_COUNT: ALIKE} if len(dataset.corpora) > 1 else {})}


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
    """
    kind = INPUT_KINDS[family.input_kind]
    parts = dataset.parts_of(plan.half)
    of_half = np.concatenate(parts)
    scores: list[float] = []
    is_quick = (plan.budget if trial is None else budget_of(trial.study)) is Budget.QUICK
    # A quick look trains the slow families once a trial.
    scored = parts[:1] if trial is not None and family.is_neural and is_quick else parts
    for position, part in enumerate(scored):
        training, held_out = dataset.disjoint(of_half, part)
        examples = dataset.examples(kind, training, config)
        require_held_out(examples, held_out)
        callback = _EpochReporter(trial, scores, first_step=position * STEPS_PER_FOLD) if trial and family.is_neural else None
        model = family.fit(examples, config, seed=derive_seed(plan.seed, plan.family), callback=callback)
        scores.append(inner_score(model, kind, held_out, dataset, objective=plan.objective, is_quick=is_quick))
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


def trial_record(trial: FrozenTrial) -> TrialRecord:
    """Return a trial that ended as the report shows it."""
    attributes = trial.user_attrs
    return TrialRecord(
        number_of(trial),
        trial.state.name,
        trial.value,
        attributes.get("seconds", 0.0),
        trial.params,
        attributes.get("error", ""),
        attributes.get("feature_seconds", 0.0),
    )
