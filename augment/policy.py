"""Policies: the augmented copies of each training clip that a configuration asks for.

A policy is part of every tuned family's search space: an augmentation or "none", its strength, and the number of copies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from augment.catalogue import AUGMENTATIONS
from augment.variant import STRENGTHS, Variant

if TYPE_CHECKING:
    import optuna

MAX_MIXED_COPIES = 3
"""Largest number of copies by "mixed"; every other augmentation makes one."""


def suggest_policy(trial: optuna.Trial, *, among: Sequence[str] = tuple(AUGMENTATIONS)) -> dict[str, Any]:
    """Draw ``augmentation`` and, unless it is "none", ``strength`` and ``n_copies``.

    Parameters
    ----------
    trial : optuna.Trial
        Draws.
    among : sequence of str
        Keys of the augmentations to choose from, besides "none".
    """
    augmentation = trial.suggest_categorical("augmentation", ["none", *among])
    if augmentation == "none":
        return {"augmentation": augmentation}
    return {
        "augmentation": augmentation,
        "strength": trial.suggest_categorical("strength", list(STRENGTHS)),
        "n_copies": trial.suggest_int("n_copies", 1, MAX_MIXED_COPIES) if augmentation == "mixed" else 1,
    }


def policy_params(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a configuration that :func:`suggest_policy` drew."""
    return {key: config[key] for key in ("augmentation", "strength", "n_copies") if key in config}


def all_variants() -> tuple[Variant, ...]:
    """Return all variants that policies can ask for."""
    n_copies = {key: MAX_MIXED_COPIES if key == "mixed" else 1 for key in AUGMENTATIONS}
    return tuple(Variant(key, strength, copy) for key, n in n_copies.items() for strength in STRENGTHS for copy in range(n))


def variants_of(config: Mapping[str, Any]) -> tuple[Variant, ...]:
    """Return the augmented copies of each training clip that a configuration asks for."""
    if config["augmentation"] == "none":
        return ()
    return tuple(Variant(config["augmentation"], config["strength"], copy) for copy in range(config["n_copies"]))


def describe_policy(config: Mapping[str, Any]) -> str:
    """Return a short description of a configuration's policy."""
    if config["augmentation"] == "none":
        return "none"
    return f"{config['augmentation']}, {config['strength']} × {config['n_copies']}"


def without_augmentation(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same configuration with augmentation switched off."""
    return {key: value for key, value in config.items() if key not in ("strength", "n_copies")} | {"augmentation": "none"}
