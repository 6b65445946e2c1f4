"""eGeMAPS: the field's usual reference, a linear support vector machine on eGeMAPSv02, without tuning or augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from features.egemaps import require_smile
from models.baseline import PipelineModel
from models.family import Config, EpochCallback, Examples, Model, Parts, UntunedFamily
from models.tabular import read_estimator, write_estimator

MAX_ITERATIONS = 10_000
ABSENT_CLASS_MARGIN = -1e3


class MarginModel(PipelineModel):
    """A scaler and a linear support vector machine, one emotion against the others."""

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return the softmax of the margins, (n, n_emotions), which ranks the emotions; nothing calibrates it."""
        found = self.pipeline.decision_function(np.stack(inputs).astype(np.float64))
        margins = np.full((len(inputs), self.n_emotions), ABSENT_CLASS_MARGIN)
        # Of two emotions scikit-learn gives the margin of the second alone.
        margins[:, self.pipeline.classes_] = found if found.ndim == 2 else np.stack([-found / 2, found / 2], axis=1)
        return softmax(margins, axis=1)


class EGemaps(UntunedFamily):
    """StandardScaler and LinearSVC with scikit-learn's defaults on eGeMAPSv02."""

    key = "egemaps"
    title = "eGeMAPS"
    description = (
        "A linear support vector machine on eGeMAPSv02 with scikit-learn's defaults: where the field's usual reference stands."
    )
    input_kind = "egemaps"
    is_reference = True

    def require(self, *, may_download: bool) -> None:
        """Check that openSMILE is installed."""
        require_smile()

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> MarginModel:
        """Fit the scaler and the classifier to the original clips, all of equal weight."""
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import LinearSVC

        pipeline = make_pipeline(StandardScaler(), LinearSVC(max_iter=MAX_ITERATIONS, random_state=seed))
        pipeline.fit(np.stack(examples.inputs).astype(np.float64), examples.targets)
        return MarginModel(pipeline, examples.n_emotions)

    def save(self, model: Model, folder: Path) -> None:
        """Write ``model.skops``."""
        assert isinstance(model, MarginModel)
        write_estimator(model.pipeline, folder)

    def load(self, folder: Path, *, n_emotions: int) -> MarginModel:
        """Read ``model.skops``."""
        return MarginModel(read_estimator(folder), n_emotions)
