"""Trials race over their folds, and networks over the epochs of a fold."""

import numpy as np
import optuna
import pytest

from search.items import KEY
from search.racing import (
    N_UNPRUNED,
    RACED_EPOCHS,
    SHARE_AFTER_EPOCH,
    SHARE_AFTER_FOLD,
    STEPS_PER_FOLD,
    Racing,
    is_cut,
    share_after,
)

END_OF_FOLD = STEPS_PER_FOLD - 1


def race(values: list[list[float]], *, n_sure: int = 1) -> list[int]:
    """Return how many folds each trial had, its values by fold given."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", pruner=Racing(n_sure))
    reached = []

    def objective(trial: optuna.Trial) -> float:
        of_trial = values[trial.number]
        reached.append(0)
        for fold, value in enumerate(of_trial):
            reached[-1] += 1
            trial.report(value, step=fold * STEPS_PER_FOLD + END_OF_FOLD)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(of_trial))

    study.optimize(objective, n_trials=len(values))
    return reached


def test_the_first_trials_run_to_their_end() -> None:
    assert race([[0.9, 0.9, 0.9], *[[0.1, 0.1, 0.1]] * (N_UNPRUNED - 1)]) == [3] * N_UNPRUNED


def test_the_best_goes_on_and_the_worst_ends_at_its_first_fold() -> None:
    before = [[value] * 3 for value in (0.3, 0.4, 0.5, 0.6)]
    assert race([*before, [0.2] * 3, [0.7] * 3])[-2:] == [1, 3]


def test_about_the_share_that_goes_on_reaches_the_second_fold() -> None:
    values = np.random.default_rng(0).uniform(size=300)
    n = sum(folds > 1 for folds in race([[value] * 2 for value in values.tolist()]))
    assert n / len(values) == pytest.approx(SHARE_AFTER_FOLD, abs=0.1)


def test_trials_that_a_family_asks_for_first_are_never_cut() -> None:
    assert race([*[[0.9] * 3] * 5, [0.1] * 3], n_sure=6)[-1] == 3


def test_the_number_of_a_trial_that_hosts_share_is_that_of_its_item() -> None:
    study = optuna.create_study(direction="maximize", pruner=Racing(1))
    ahead = {fold * STEPS_PER_FOLD + END_OF_FOLD: 0.9 for fold in range(2)}
    study.add_trials([optuna.trial.create_trial(value=0.9, intermediate_values=ahead) for _ in range(N_UNPRUNED)])
    trial = study.ask()
    trial.report(0.1, step=END_OF_FOLD)
    assert trial.should_prune()
    trial.set_user_attr(KEY, 0)  # the defaults, after the host that took them first has died
    assert not trial.should_prune()


def test_a_value_equal_to_all_others_is_not_cut() -> None:
    assert not is_cut(0.5, [{END_OF_FOLD: 0.5}] * 10, step=END_OF_FOLD, share=SHARE_AFTER_FOLD)


def test_only_trials_that_came_to_the_step_are_compared() -> None:
    assert not is_cut(0.1, [{END_OF_FOLD - 1: 0.9}] * 10, step=END_OF_FOLD, share=SHARE_AFTER_FOLD)


def test_two_epochs_of_the_first_fold_are_raced_and_the_end_of_every_fold() -> None:
    shares = {step: share_after(step) for step in range(3 * STEPS_PER_FOLD)}
    assert [step for step, share in shares.items() if share == SHARE_AFTER_EPOCH] == list(RACED_EPOCHS)
    ends = [fold * STEPS_PER_FOLD + END_OF_FOLD for fold in range(3)]
    assert [step for step, share in shares.items() if share == SHARE_AFTER_FOLD] == ends
    assert sum(share < 1 for share in shares.values()) == len(RACED_EPOCHS) + len(ends)


def trial_after(before: list[dict[int, float]], reported: dict[int, float]) -> optuna.Trial:
    """Return a trial that reported some values by step, in a study in which others ended before with theirs."""
    study = optuna.create_study(direction="maximize", pruner=Racing(n_sure=0))
    cut = optuna.trial.TrialState.PRUNED
    study.add_trials([optuna.trial.create_trial(state=cut, intermediate_values=values) for values in before])
    trial = study.ask()
    for step, value in reported.items():
        trial.report(value, step=step)
    return trial


@pytest.mark.parametrize(("value", "is_cut_here"), [(0.3, True), (0.6, False)])
def test_an_epoch_is_compared_with_the_same_one_of_other_trials(value: float, is_cut_here: bool) -> None:
    before = [{RACED_EPOCHS[0]: one, RACED_EPOCHS[0] + 1: 0.9} for one in (0.2, 0.5, 0.5, 0.7)]
    assert trial_after(before, {RACED_EPOCHS[0]: value}).should_prune() == is_cut_here


def test_epochs_that_are_not_raced_cut_nothing() -> None:
    for step in (RACED_EPOCHS[0] - 1, RACED_EPOCHS[0] + 1, STEPS_PER_FOLD + RACED_EPOCHS[0]):
        assert not trial_after([{step: 0.9}] * 10, {step: 0.1}).should_prune()


def test_an_epoch_that_few_trials_have_come_to_cuts_nothing() -> None:
    first = RACED_EPOCHS[0]
    ended_early = [{first - 1: 0.9}] * 10
    assert not trial_after([*ended_early, *[{first: 0.9}] * (N_UNPRUNED - 1)], {first: 0.1}).should_prune()


def test_of_networks_whose_scores_are_noisy_several_come_to_their_end() -> None:
    rng = np.random.default_rng(0)
    study = optuna.create_study(direction="maximize", pruner=Racing(n_sure=2))

    def objective(trial: optuna.Trial) -> float:
        worth, folds = rng.normal(0.4, 0.05), []
        for fold in range(3):
            best = 0.0
            for epoch in range(25):
                best = max(best, worth * (1 - np.exp(-epoch / 5)) + rng.normal(0, 0.03))
                trial.report(float(np.mean([*folds, best])), step=fold * STEPS_PER_FOLD + epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned
            folds.append(worth + rng.normal(0, 0.02))
            if fold < 2:
                trial.report(float(np.mean(folds)), step=fold * STEPS_PER_FOLD + END_OF_FOLD)
                if trial.should_prune():
                    raise optuna.TrialPruned
        return float(np.mean(folds))

    study.optimize(objective, n_trials=50)
    n_complete = sum(trial.state is optuna.trial.TrialState.COMPLETE for trial in study.trials)
    assert N_UNPRUNED + 3 <= n_complete <= 20
