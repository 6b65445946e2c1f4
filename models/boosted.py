"""XGBoost on functionals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from augment.policy import suggest_policy
from models.family import Config, Examples, Family, Model, Observer
from models.tabular import Standardiser, TabularModel, fit_standardiser, suggest_selection, training_weights

if TYPE_CHECKING:
    import optuna

BOOSTER_FILE = "model.ubj"
N_BINS = 32


class XGBoost(Family):
    """Gradient-boosted trees (Chen & Guestrin 2016, KDD)."""

    key = "xgboost"
    title = "XGBoost"
    description = "Gradient-boosted trees on functionals."
    input_kind = "functionals"
    defaults: ClassVar[Config] = {
        "augmentation": "none",
        "n_features": 800,
        "balanced": True,
        "copy_weight": 0.5,
        "n_rounds": 160,
        "learning_rate": 0.1,
        "max_depth": 3,
        "min_child_weight": 1.0,
        "subsample": 0.7,
        "colsample_bytree": 0.08,
        "reg_lambda": 3.0,
        "gamma": 0.05,
    }

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            **suggest_policy(trial),
            **suggest_selection(trial),
            "n_rounds": trial.suggest_int("n_rounds", 60, 240, step=20),
            "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
            "max_depth": trial.suggest_int("max_depth", 1, 4),
            "min_child_weight": trial.suggest_float("min_child_weight", 0.1, 10.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.4, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.02, 0.25, log=True),
            "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 30.0, log=True),
            "gamma": trial.suggest_float("gamma", 1e-3, 1.0, log=True),
        }

    def fit(self, examples: Examples, config: Config, *, seed: int, observer: Observer | None = None) -> TabularModel:
        """Boost the trees."""
        from xgboost import XGBClassifier

        classifier = XGBClassifier(
            n_estimators=config["n_rounds"],
            learning_rate=config["learning_rate"],
            max_depth=config["max_depth"],
            min_child_weight=config["min_child_weight"],
            subsample=config["subsample"],
            colsample_bytree=config["colsample_bytree"],
            reg_lambda=config["reg_lambda"],
            gamma=config["gamma"],
            objective="multi:softprob",
            tree_method="hist",
            max_bin=N_BINS,
            random_state=seed,
            n_jobs=1,
        )
        standardiser = fit_standardiser(examples, n_features=config["n_features"])
        X, weights = standardiser(examples.inputs), training_weights(examples, config)
        # XGBoost wants every emotion among the targets: one example without weight stands for each that is absent.
        absent = np.setdiff1d(np.arange(examples.n_emotions), examples.targets)
        X = np.vstack([X, np.zeros((len(absent), X.shape[1]))])
        classifier.fit(X, np.append(examples.targets, absent), sample_weight=np.append(weights, np.zeros(len(absent))))
        return TabularModel(standardiser, classifier, examples.n_emotions, _count_nodes(classifier))

    def save(self, model: Model, folder: Path) -> None:
        """Write ``model.ubj`` and ``standardiser.npz``."""
        assert isinstance(model, TabularModel)
        model.classifier.save_model(folder / BOOSTER_FILE)
        model.standardiser.save(folder)

    def load(self, folder: Path, *, n_emotions: int) -> TabularModel:
        """Read them."""
        from xgboost import XGBClassifier

        classifier = XGBClassifier(n_jobs=1)
        classifier.load_model(folder / BOOSTER_FILE)
        return TabularModel(Standardiser.load(folder), classifier, n_emotions, _count_nodes(classifier))


def _count_nodes(classifier: Any) -> int:
    return int(classifier.get_booster().trees_to_dataframe().shape[0])
