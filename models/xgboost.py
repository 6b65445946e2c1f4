"""XGBoost on functionals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.family import Config, Examples
from models.tabular import SHARED_DEFAULTS, TabularFamily

if TYPE_CHECKING:
    import optuna

BOOSTER_FILE = "model.ubj"
N_BINS = 16


class XGBoost(TabularFamily):
    """Gradient-boosted trees (Chen & Guestrin 2016, KDD)."""

    key = "xgboost"
    title = "XGBoost"
    description = "Gradient-boosted trees on functionals."
    defaults: ClassVar[Config] = {
        **SHARED_DEFAULTS,
        "n_rounds": 160,
        "learning_rate": 0.1,
        "max_depth": 3,
        "min_child_weight": 1.0,
        "subsample": 0.7,
        "colsample_bytree": 0.08,
        "reg_lambda": 3.0,
        "gamma": 0.05,
    }

    def suggest_classifier(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the number and size of the trees, and the regularisation."""
        return {
            "n_rounds": trial.suggest_int("n_rounds", 60, 160, step=20),
            "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
            "max_depth": trial.suggest_int("max_depth", 1, 4),
            "min_child_weight": trial.suggest_float("min_child_weight", 0.1, 10.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.4, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.02, 0.25, log=True),
            "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 30.0, log=True),
            "gamma": trial.suggest_float("gamma", 1e-3, 1.0, log=True),
        }

    def fit_classifier(
        self, X: NDArray[np.float32], examples: Examples, weights: NDArray[np.float64], config: Config, *, seed: int
    ) -> Any:
        """Boost the trees."""
        from xgboost import XGBClassifier

        classifier = XGBClassifier(
            n_estimators=config["n_rounds"],
            **{name: config[name] for name in ("learning_rate", "max_depth", "min_child_weight", "subsample")},
            **{name: config[name] for name in ("colsample_bytree", "reg_lambda", "gamma")},
            objective="multi:softprob",
            tree_method="hist",
            max_bin=N_BINS,
            random_state=seed,
            n_jobs=1,
        )
        # XGBoost requires every emotion among the targets: an absent one gets an example of weight zero.
        targets = examples.targets
        absent = np.setdiff1d(np.arange(targets.max() + 1), targets)
        X = np.vstack([X, np.zeros((len(absent), X.shape[1]), np.float32)])
        return classifier.fit(X, np.append(targets, absent), sample_weight=np.append(weights, np.zeros(len(absent))))

    def count_parameters(self, classifier: Any) -> int:
        """Return the number of nodes."""
        return int(classifier.get_booster().trees_to_dataframe().shape[0])

    def write_classifier(self, classifier: Any, folder: Path) -> None:
        """Write ``model.ubj``."""
        # Written here: the library's own error for a full disk says neither which nor why.
        (folder / BOOSTER_FILE).write_bytes(classifier.get_booster().save_raw("ubj"))

    def read_classifier(self, folder: Path) -> Any:
        """Read ``model.ubj``."""
        from xgboost import XGBClassifier

        classifier = XGBClassifier(n_jobs=1)
        classifier.load_model(folder / BOOSTER_FILE)
        return classifier
