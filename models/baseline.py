"""Baseline: what five lines of scikit-learn reach on the same functionals, without tuning or augmentation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.family import Config, EpochCallback, Examples, Model, Parts, UntunedFamily
from models.tabular import read_estimator, write_estimator

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True, eq=False)
class PipelineModel(Model):
    """A scikit-learn pipeline on vectors.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted scaler and classifier.
    n_emotions : int
        Length of a probability vector.
    """

    pipeline: Pipeline
    n_emotions: int

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Number of coefficients and intercepts."""
        classifier = self.pipeline[-1]
        return int(classifier.coef_.size + classifier.intercept_.size)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions)."""
        probabilities = np.zeros((len(inputs), self.n_emotions))
        probabilities[:, self.pipeline.classes_] = self.pipeline.predict_proba(np.stack(inputs).astype(np.float64))
        return probabilities


class Baseline(UntunedFamily):
    """StandardScaler and LogisticRegression with scikit-learn's defaults: the least that a search has to beat."""

    key = "baseline"
    title = "Baseline"
    description = "Logistic regression on functionals with scikit-learn's defaults: no search, no augmentation, no selection."
    input_kind = "functionals"
    is_reference = True

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> PipelineModel:
        """Fit the scaler and the classifier to the original clips, all of equal weight."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        pipeline = make_pipeline(StandardScaler(), LogisticRegression())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the default number of iterations is part of the baseline
            pipeline.fit(np.stack(examples.inputs).astype(np.float64), examples.targets)
        return PipelineModel(pipeline, examples.n_emotions)

    def save(self, model: Model, folder: Path) -> None:
        """Write ``model.skops``."""
        assert isinstance(model, PipelineModel)
        write_estimator(model.pipeline, folder)

    def load(self, folder: Path, *, n_emotions: int) -> PipelineModel:
        """Read ``model.skops``."""
        return PipelineModel(read_estimator(folder), n_emotions)
