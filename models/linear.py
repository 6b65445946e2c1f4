"""Linear: multinomial logistic regression on functionals."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.family import Config
from models.tabular import SHARED_DEFAULTS, TabularFamily

if TYPE_CHECKING:
    import optuna
    from sklearn.linear_model import LogisticRegression

MAX_ITERATIONS = 150
TOLERANCE = 1e-3


def fit_logistic(
    X: NDArray[np.float32], targets: NDArray[np.intp], weights: NDArray[np.float64], *, penalty: float, seed: int = 0
) -> LogisticRegression:
    """Return a multinomial logistic regression, fitted by L-BFGS.

    Parameters
    ----------
    X : ndarray [shape=(n, d)]
        Standardised vectors.
    targets, weights : ndarray [shape=(n,)]
        Emotions and weights of the vectors.
    penalty : float > 0
        Penalty of the squared coefficients: scikit-learn's ``1 / C``.
    seed : int
        Seed of the solver.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    classifier = LogisticRegression(C=1 / penalty, tol=TOLERANCE, max_iter=MAX_ITERATIONS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # early stopping regularises fits with small penalties
        return classifier.fit(X, targets, sample_weight=weights)


class Logistic(TabularFamily):
    """Multinomial logistic regression on standardised vectors."""

    def fit_classifier(
        self, X: NDArray[np.float32], targets: NDArray[np.intp], weights: NDArray[np.float64], config: Config, *, seed: int
    ) -> Any:
        """Fit by L-BFGS with the configuration's ``penalty``."""
        return fit_logistic(X, targets, weights, penalty=config["penalty"], seed=seed)

    def count_parameters(self, classifier: Any) -> int:
        """Return the number of coefficients and intercepts."""
        return int(classifier.coef_.size + classifier.intercept_.size)


class Linear(Logistic):
    """Logistic regression on functionals."""

    key = "linear"
    title = "Linear"
    description = "Strongly regularised multinomial logistic regression on functionals, optionally without speaker directions."
    defaults: ClassVar[Config] = {**SHARED_DEFAULTS, "n_features": 2600, "n_speaker_directions": 2, "penalty": 1e3}

    def suggest_classifier(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the penalty of the squared coefficients."""
        return {"penalty": trial.suggest_float("penalty", 1e1, 3e4, log=True)}
