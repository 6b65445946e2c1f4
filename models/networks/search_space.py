"""The parameters that all networks share: their defaults and their search space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from augment.policy import suggest_policy
from models.family import Config

if TYPE_CHECKING:
    import optuna

AUGMENTATIONS_TRIED = ("mixed",)
"""What a search may choose besides no copies: single effects gain little, and a study of few noisy trials takes one of them by chance
(``python -m benchmarks.augmentations``)."""

SHARED_DEFAULTS: Config = {
    "augmentation": "mixed",
    "strength": "gentle",
    "n_copies": 3,
    "original_share": 0.6,
    "clip_mean_removal": 0.0,
    "balanced": True,
    "batch_size": 32,
    "n_epochs": 25,
    "patience": 10,
    "learning_rate": 3e-3,
    "weight_decay": 1e-2,
    "label_smoothing": 0.1,
    "mixup": 0.0,
    "time_mask": 0,
    "column_mask": 0,
    "pooling": "statistics",
    "n_hidden": 0,
    "dropout": 0.1,
    "head_dropout": 0.3,
}


def suggest_training(trial: optuna.Trial) -> dict[str, Any]:
    """Draw the parameters that all networks share: augmentation, optimisation, regularisation, pooling, head."""
    return {
        **suggest_policy(trial, among=AUGMENTATIONS_TRIED),
        "original_share": trial.suggest_float("original_share", 0.2, 0.8),
        "clip_mean_removal": trial.suggest_categorical("clip_mean_removal", [0.0, 0.5, 1.0]),
        "balanced": trial.suggest_categorical("balanced", [True, False]),
        "batch_size": trial.suggest_categorical("batch_size", [16, 32]),
        "n_epochs": trial.suggest_int("n_epochs", 20, 35, step=5),
        "patience": 10,
        "learning_rate": trial.suggest_float("learning_rate", 1e-3, 8e-3, log=True),
        **suggest_regularisation(trial),
        "n_hidden": trial.suggest_categorical("n_hidden", [0, 64]),
        "dropout": trial.suggest_float("dropout", 0.0, 0.25),
        "head_dropout": trial.suggest_float("head_dropout", 0.1, 0.5),
    }


def suggest_regularisation(trial: optuna.Trial) -> dict[str, Any]:
    """Draw the regularisation and the pooling over time."""
    return {
        "weight_decay": trial.suggest_float("weight_decay", 1e-3, 1e-1, log=True),
        "label_smoothing": trial.suggest_float("label_smoothing", 0.0, 0.15),
        "mixup": trial.suggest_categorical("mixup", [0.0, 0.2]),
        "time_mask": trial.suggest_int("time_mask", 0, 1),
        "column_mask": trial.suggest_int("column_mask", 0, 1),
        "pooling": trial.suggest_categorical("pooling", ["attention", "statistics"]),
    }
