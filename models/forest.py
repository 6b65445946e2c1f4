"""Random forest on functionals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from augment.policy import suggest_policy
from models.family import Config, Examples, Family, Model, Observer
from models.tabular import (
    Standardiser,
    TabularModel,
    fit_standardiser,
    load_skops,
    save_skops,
    suggest_selection,
    training_weights,
)

if TYPE_CHECKING:
    import optuna


VOTE_STEPS = 4096


class RandomForest(Family):
    """Many randomised trees that vote (Breiman 2001; with random thresholds, Geurts, Ernst & Wehenkel 2006)."""

    key = "random_forest"
    title = "Random forest"
    description = "Randomised decision trees on functionals; with random thresholds where the search prefers them."
    input_kind = "functionals"
    defaults: ClassVar[Config] = {
        "augmentation": "none",
        "n_features": 1000,
        "balanced": True,
        "copy_weight": 0.5,
        "random_thresholds": True,
        "n_trees": 250,
        "max_features": 0.04,
        "min_samples_leaf": 1,
        "max_depth": 20,
    }

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            **suggest_policy(trial),
            **suggest_selection(trial),
            "random_thresholds": trial.suggest_categorical("random_thresholds", [True, False]),
            "n_trees": trial.suggest_int("n_trees", 100, 400, step=50),
            "max_features": trial.suggest_float("max_features", 0.005, 0.08, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 8),
            "max_depth": trial.suggest_int("max_depth", 6, 24),
        }

    def fit(self, examples: Examples, config: Config, *, seed: int, observer: Observer | None = None) -> TabularModel:
        """Grow the trees."""
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        grow = ExtraTreesClassifier if config["random_thresholds"] else RandomForestClassifier
        classifier = grow(
            n_estimators=config["n_trees"],
            max_features=config["max_features"],
            min_samples_leaf=config["min_samples_leaf"],
            max_depth=config["max_depth"],
            random_state=seed,
            n_jobs=1,
        )
        standardiser = fit_standardiser(examples, n_features=config["n_features"])
        classifier.fit(standardiser(examples.inputs), examples.targets, sample_weight=training_weights(examples, config))
        slim(classifier)
        return TabularModel(standardiser, classifier, examples.n_emotions, _count_nodes(classifier))

    def save(self, model: Model, folder: Path) -> None:
        """Write ``model.skops`` and ``standardiser.npz``."""
        assert isinstance(model, TabularModel)
        save_skops(model.classifier, folder)
        model.standardiser.save(folder)

    def load(self, folder: Path, *, n_emotions: int) -> TabularModel:
        """Read them."""
        classifier = load_skops(folder)
        return TabularModel(Standardiser.load(folder), classifier, n_emotions, _count_nodes(classifier))


def slim(forest: Any) -> None:
    """Drop what prediction does not need, so that a forest compresses to a quarter.

    Impurities are for looking at trees only. Votes are kept to 1/4096, thresholds to single precision, as inputs are.
    """
    for tree in forest.estimators_:
        tree.tree_.impurity[:] = 0
        tree.tree_.value[:] = np.round(tree.tree_.value * VOTE_STEPS) / VOTE_STEPS
        tree.tree_.threshold[:] = tree.tree_.threshold.astype(np.float32)


def _count_nodes(forest: Any) -> int:
    return sum(tree.tree_.node_count for tree in forest.estimators_)
