"""Linear: multinomial logistic regression, or linear discriminant analysis, on functionals."""

from __future__ import annotations

import warnings
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
    speaker_directions,
    suggest_selection,
    training_weights,
)

if TYPE_CHECKING:
    import optuna

MAX_ITERATIONS = 150
TOLERANCE = 1e-3
MAX_SPEAKER_DIRECTIONS = 6


class Linear(Family):
    """A hyperplane between each pair of emotions.

    Directions in which training speakers differ are projected away first if the search finds that it helps. As the classifier is
    linear the projection is folded into its coefficients, so the saved model is scikit-learn's own.
    """

    key = "linear"
    title = "Linear"
    description = "Strongly regularised multinomial logistic regression on functionals, optionally blind to speaker directions."
    input_kind = "functionals"
    defaults: ClassVar[Config] = {
        "augmentation": "none",
        "n_features": 2600,
        "balanced": True,
        "copy_weight": 0.5,
        "n_speaker_directions": 2,
        "penalty": 1e3,
    }

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration; ``penalty`` is scikit-learn's ``1 / C``."""
        return {
            **suggest_policy(trial),
            **suggest_selection(trial),
            "n_speaker_directions": trial.suggest_int("n_speaker_directions", 0, MAX_SPEAKER_DIRECTIONS),
            "penalty": trial.suggest_float("penalty", 1e1, 3e4, log=True),
        }

    def fit(self, examples: Examples, config: Config, *, seed: int, observer: Observer | None = None) -> TabularModel:
        """Fit by L-BFGS."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        standardiser = fit_standardiser(examples, n_features=config["n_features"])
        X = standardiser(examples.inputs)
        directions = np.zeros((0, X.shape[1]))
        if config["n_speaker_directions"]:
            directions = speaker_directions(X, examples.targets, examples.speakers, n_directions=config["n_speaker_directions"])
        X -= (X @ directions.T) @ directions
        classifier = LogisticRegression(C=1 / config["penalty"], tol=TOLERANCE, max_iter=MAX_ITERATIONS, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # stopping a weakly penalised fit early is part of the model
            classifier.fit(X.astype(np.float32), examples.targets, sample_weight=training_weights(examples, config))
        classifier.coef_ = classifier.coef_ - (classifier.coef_ @ directions.T) @ directions
        n_parameters = classifier.coef_.size + classifier.intercept_.size
        return TabularModel(standardiser, classifier, examples.n_emotions, n_parameters)

    def save(self, model: Model, folder: Path) -> None:
        """Write ``model.skops`` and ``standardiser.npz``."""
        assert isinstance(model, TabularModel)
        save_skops(model.classifier, folder)
        model.standardiser.save(folder)

    def load(self, folder: Path, *, n_emotions: int) -> TabularModel:
        """Read them."""
        classifier = load_skops(folder)
        return TabularModel(Standardiser.load(folder), classifier, n_emotions, classifier.coef_.size + classifier.intercept_.size)
