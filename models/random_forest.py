"""Random forest on functionals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.family import Config, Examples
from models.tabular import SHARED_DEFAULTS, TabularFamily

if TYPE_CHECKING:
    import optuna

VOTE_STEPS = 4096


class RandomForest(TabularFamily):
    """Averaged randomised trees (Breiman 2001; with random thresholds, Geurts, Ernst & Wehenkel 2006)."""

    key = "random_forest"
    title = "Random forest"
    description = "Randomised decision trees on functionals; the search chooses optimised or random thresholds."
    defaults: ClassVar[Config] = {
        **SHARED_DEFAULTS,
        "random_thresholds": True,
        "n_trees": 250,
        "max_features": 0.04,
        "min_samples_leaf": 1,
        "max_depth": 20,
    }

    def suggest_classifier(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the number, size and randomness of the trees."""
        return {
            "random_thresholds": trial.suggest_categorical("random_thresholds", [True, False]),
            "n_trees": trial.suggest_int("n_trees", 100, 250, step=50),
            "max_features": trial.suggest_float("max_features", 0.005, 0.06, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 8),
            "max_depth": trial.suggest_int("max_depth", 6, 20),
        }

    def fit_classifier(
        self, X: NDArray[np.float32], examples: Examples, weights: NDArray[np.float64], config: Config, *, seed: int
    ) -> Any:
        """Grow the trees."""
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        grow = ExtraTreesClassifier if config["random_thresholds"] else RandomForestClassifier
        forest = grow(
            n_estimators=config["n_trees"],
            max_features=config["max_features"],
            min_samples_leaf=config["min_samples_leaf"],
            max_depth=config["max_depth"],
            random_state=seed,
            n_jobs=1,
        )
        return compress(forest.fit(X, examples.targets, sample_weight=weights))

    def count_parameters(self, classifier: Any) -> int:
        """Return the number of nodes."""
        return sum(tree.tree_.node_count for tree in classifier.estimators_)


def compress(forest: Any) -> Any:
    """Reduce the precision of a forest in place, so that its file shrinks to a quarter; return the forest.

    Impurities become zero, because prediction does not use them. Votes are rounded to 1/4096 and thresholds to single precision.
    """
    for tree in forest.estimators_:
        tree.tree_.impurity[:] = 0
        tree.tree_.value[:] = np.round(tree.tree_.value * VOTE_STEPS) / VOTE_STEPS
        tree.tree_.threshold[:] = tree.tree_.threshold.astype(np.float32)
    return forest
