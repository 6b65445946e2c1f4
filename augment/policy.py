"""Policies: which variants of each training clip a configuration asks for.

Part of every tuned family's search space, and "none" is in it: what to use, how strong, and how many copies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from augment.variant import STRENGTHS, Variant

if TYPE_CHECKING:
    import optuna

MAX_MIXED_COPIES = 3
"""Of "mixed", which never repeats itself; a single perturbation comes in one copy."""


def suggest_policy(trial: optuna.Trial) -> dict[str, Any]:
    """Draw ``augmentation`` and, unless it is "none", ``strength`` and ``copies``."""
    from augment import AUGMENTATIONS

    augmentation = trial.suggest_categorical("augmentation", ["none", *AUGMENTATIONS])
    if augmentation == "none":
        return {"augmentation": augmentation}
    return {
        "augmentation": augmentation,
        "strength": trial.suggest_categorical("strength", list(STRENGTHS)),
        "n_copies": trial.suggest_int("n_copies", 1, MAX_MIXED_COPIES) if augmentation == "mixed" else 1,
    }


def all_variants() -> tuple[Variant, ...]:
    """Return every variant that any policy can ask for."""
    from augment import AUGMENTATIONS

    n_copies = {key: MAX_MIXED_COPIES if key == "mixed" else 1 for key in AUGMENTATIONS}
    return tuple(Variant(key, strength, copy) for key, n in n_copies.items() for strength in STRENGTHS for copy in range(n))


def variants_of(config: Mapping[str, Any]) -> tuple[Variant, ...]:
    """Return the augmented copies of each training clip that a configuration asks for."""
    if config["augmentation"] == "none":
        return ()
    return tuple(Variant(config["augmentation"], config["strength"], copy) for copy in range(config["n_copies"]))


def describe_policy(config: Mapping[str, Any]) -> str:
    """Return a few words on what a configuration augments with."""
    if config["augmentation"] == "none":
        return "none"
    return f"{config['augmentation']}, {config['strength']} × {config['n_copies']}"


def without_augmentation(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same configuration with augmentation switched off."""
    return {key: value for key, value in config.items() if key not in ("strength", "n_copies")} | {"augmentation": "none"}
