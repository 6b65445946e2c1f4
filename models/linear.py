"""Linear: multinomial logistic regression on functionals."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from scipy.special import log_softmax

from models.family import Config, Examples
from models.speaker_effects import speaker_effects
from models.tabular import SHARED_DEFAULTS, TabularFamily

if TYPE_CHECKING:
    import optuna
    from sklearn.linear_model import LogisticRegression

MAX_ITERATIONS = 150
TOLERANCE = 1e-3


def fit_logistic(
    X: NDArray[np.float32],
    targets: NDArray[np.intp],
    weights: NDArray[np.float64],
    *,
    penalty: float,
    possible: NDArray[np.bool_] | None = None,
    seed: int = 0,
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
    possible : ndarray of bool [shape=(n, n_emotions)], optional
        Emotions that each vector could have; None if all.
    seed : int
        Seed of the solver.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if possible is not None and not possible.all():
        return _fit_among_possible(X, targets, weights, possible, penalty)
    classifier = LogisticRegression(C=1 / penalty, tol=TOLERANCE, max_iter=MAX_ITERATIONS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # early stopping regularises fits with small penalties
        return classifier.fit(X, targets, sample_weight=weights)


def _fit_among_possible(
    X: NDArray[np.floating[Any]],
    targets: NDArray[np.intp],
    weights: NDArray[np.float64],
    possible: NDArray[np.bool_],
    penalty: float,
) -> LogisticRegression:
    """Fit by scikit-learn's objective and stopping rule, where the softmax of each vector is over its possible emotions."""
    from sklearn.linear_model import LogisticRegression

    classes = np.unique(targets)
    solution = scipy.optimize.minimize(
        _loss_among_possible,
        np.zeros(len(classes) * (X.shape[1] + 1)),
        args=(X, targets[:, None] == classes, weights, possible[:, classes], penalty),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS, "maxls": 50, "gtol": TOLERANCE, "ftol": 64 * np.finfo(float).eps},
    )
    rows = solution.x.reshape(len(classes), -1).astype(X.dtype)
    if len(classes) == 2:
        rows = rows[1:] - rows[:1]  # scikit-learn keeps one row for two emotions
    classifier = LogisticRegression(C=1 / penalty, tol=TOLERANCE, max_iter=MAX_ITERATIONS)
    classifier.classes_, classifier.n_features_in_, classifier.n_iter_ = classes, X.shape[1], np.array([solution.nit], np.int32)
    classifier.coef_, classifier.intercept_ = np.ascontiguousarray(rows[:, :-1]), rows[:, -1].copy()
    return classifier


def _loss_among_possible(
    parameters: NDArray[np.float64],
    X: NDArray[np.floating[Any]],
    is_target: NDArray[np.bool_],
    weights: NDArray[np.float64],
    possible: NDArray[np.bool_],
    penalty: float,
) -> tuple[float, NDArray[np.float64]]:
    """Return the penalised log loss over the sum of the weights, and its gradient.

    Parameters
    ----------
    parameters : ndarray [shape=(n_classes * (d + 1),)]
        Coefficients and intercept of each class.
    X : ndarray [shape=(n, d)]
        Vectors; the products with them have their precision.
    is_target, possible : ndarray of bool [shape=(n, n_classes)]
        The class of each vector, and the classes that it could have.
    weights : ndarray [shape=(n,)]
        Weights of the vectors.
    penalty : float
        Penalty of the squared coefficients.
    """
    rows = parameters.reshape(is_target.shape[1], -1)
    coefficients, intercepts = rows[:, :-1], rows[:, -1]
    logits = X @ coefficients.T.astype(X.dtype) + intercepts
    logarithms = log_softmax(np.where(possible, logits, -np.inf), axis=1)
    residuals = weights[:, None] * (np.exp(logarithms) - is_target)
    loss = penalty / 2 * np.sum(coefficients**2) - weights @ logarithms[is_target]
    slopes = np.column_stack([residuals.T.astype(X.dtype) @ X + penalty * coefficients, residuals.sum(axis=0)])
    return float(loss / weights.sum()), slopes.ravel() / weights.sum()


class Logistic(TabularFamily):
    """Multinomial logistic regression on standardised vectors, of which a share of their speakers' effects may be taken off.

    It then relies on what changes within a speaker, as after a normalisation by speaker (Busso, Mariooryad, Metallinou & Narayanan
    2013, IEEE Trans. Affective Computing 4(4)). What it predicts for is left as it is, because nothing is known of a new speaker.

    Attributes
    ----------
    penalties : tuple of float
        Lowest and highest penalty of the squared coefficients that a search draws.
    """

    penalties: ClassVar[tuple[float, float]]

    def suggest_classifier(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the penalty of the squared coefficients, and the share of the speakers' effects that is taken off."""
        return {
            "speaker_effect_removal": trial.suggest_float("speaker_effect_removal", 0.0, 1.0),
            "penalty": trial.suggest_float("penalty", *self.penalties, log=True),
        }

    def fit_classifier(
        self, X: NDArray[np.float32], examples: Examples, weights: NDArray[np.float64], config: Config, *, seed: int
    ) -> Any:
        """Fit by L-BFGS with ``penalty``, to vectors without ``speaker_effect_removal`` times the effects of their speakers."""
        within = X - config["speaker_effect_removal"] * speaker_effects(X, examples, weights)
        return fit_logistic(within, examples.targets, weights, penalty=config["penalty"], possible=examples.possible, seed=seed)

    def count_parameters(self, classifier: Any) -> int:
        """Return the number of coefficients and intercepts."""
        return int(classifier.coef_.size + classifier.intercept_.size)


class Linear(Logistic):
    """Logistic regression on functionals."""

    key = "linear"
    title = "Linear"
    description = "Strongly regularised multinomial logistic regression on functionals, optionally without speakers' effects."
    penalties = (1e1, 3e4)
    defaults: ClassVar[Config] = {
        **SHARED_DEFAULTS,
        "n_features": 2600,
        "n_speaker_directions": 2,
        "speaker_effect_removal": 0.0,
        "penalty": 1e3,
    }
