"""A study: one family tuned on one half, trial by trial, in a journal that survives a kill or in a database that hosts share.

Each trial draws from a sampler seeded by the study and the trial's number, so a run that was killed and continued takes the same
trials as one that was not. In a database the number is that of the item (:mod:`search.items`) that the trial carries out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import optuna
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, TrialState

from emotune.errors import StudyError
from evaluation.dataset import Dataset
from evaluation.folds import HALVES
from evaluation.jobs import QUICK_MAX_EPOCHS, Budget
from evaluation.result import TrialRecord, Tuned, untuned
from models import FAMILIES, Family
from runs.layout import RunFolder
from search.drawing import initial_trials, sampler_of
from search.items import KEY
from search.journal import WatchedJournal, keep_studies
from search.racing import Racing
from search.storage import open_database
from search.study_plan import Sampling, StudyPlan
from search.trial import BUDGET, TrialEnd, budget_of, carry_out

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def open_storage(run: RunFolder) -> JournalStorage:
    """Return the journal of a run; locked for each write, so that several processes may share it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return JournalStorage(WatchedJournal(str(run.journal)))


def open_study(plan: StudyPlan, run: RunFolder) -> optuna.Study:
    """Return a study, new or continued; the caller has checked the conditions of the run's folder."""
    storage = open_storage(run) if plan.database is None else open_database(plan.database)
    return optuna.create_study(
        study_name=plan.prefix + plan.name,
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        pruner=Racing(n_sure=len(FAMILIES[plan.family].initial_trials) if plan.sampling is Sampling.TPE else 0),
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


def forget_studies(families: Sequence[str], run: RunFolder) -> None:
    """Remove the studies of some families from the journal, if there is one."""
    if run.journal.exists():
        plans = [StudyPlan(family, half, 0, 0, sampling=how) for family in families for half in HALVES for how in Sampling]
        there = set(optuna.get_all_study_names(open_storage(run)))
        if forgotten := there & {plan.name for plan in plans}:
            keep_studies(run.journal, there - forgotten)


def ended_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that count: completed, pruned, or failed by themselves (not killed), with what they were."""
    counting = [
        trial
        for trial in study.get_trials(deepcopy=False, states=FINISHED)
        if "error" in trial.user_attrs or (trial.state is not TrialState.FAIL and "config" in trial.user_attrs)
    ]
    return sorted(counting, key=number_of)


def with_all_trials(plans: Iterable[StudyPlan], run: RunFolder) -> frozenset[str]:
    """Return the names of those studies of which the journal of a run holds every trial."""
    if not run.journal.exists():
        return frozenset()
    storage = open_storage(run)
    n_wanted = {plan.name: plan.n_trials for plan in plans}
    there = {
        name: optuna.load_study(study_name=name, storage=storage) for name in {*n_wanted} & set(optuna.get_all_study_names(storage))
    }
    return frozenset(name for name, study in there.items() if len(ended_trials(study)) >= n_wanted[name])


def trials_here(plans: Iterable[StudyPlan], run: RunFolder) -> dict[str, list[TrialRecord]]:
    """Return by half the trials of those studies that the journal of a run holds."""
    if not run.journal.exists():
        return {}
    storage = open_storage(run)
    names = set(optuna.get_all_study_names(storage))
    there = {plan.half: optuna.load_study(study_name=plan.name, storage=storage) for plan in plans if plan.name in names}
    return {half: [trial_record(trial) for trial in ended_trials(study)] for half, study in there.items()}


def number_of(trial: FrozenTrial) -> int:
    """Return the number of a trial among those that count, if hosts share the study; else its number in the journal."""
    return int(trial.user_attrs.get(KEY, trial.number))


def tuned_of(family: Family, plans: Sequence[StudyPlan], run: RunFolder, *, n_trials: int) -> Tuned:
    """Return what the studies of a family found.

    How much the evaluations may cost follows from the number of trials in the studies, whatever the command that asks; that of a
    family without studies from the `n_trials` that the command asks for.
    """
    if not family.is_tuned:
        return untuned(family, budget=Budget.of(n_trials))
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
            f"{(reasons[-1] if reasons else 'no trial was run').rstrip('.')}; mend that and run again."
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
    budget = budget_of(study)
    study.sampler = sampler_of(plan, number, budget=budget)
    first = initial_trials(family, dataset, budget) if plan.sampling is Sampling.TPE else []
    if number < len(first) and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.enqueue_trial(first[number])
    carry_out(study.ask(), plan, dataset, number=number, tell=tell)


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
