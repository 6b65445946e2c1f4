"""Dummy: the class priors, as the baseline of the leaderboard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.family import Config, EpochCallback, Examples, Model, Parts, UntunedFamily


@dataclass(frozen=True, eq=False)
class PriorModel(Model):
    """Predicts the emotions' shares of the training clips for every clip."""

    priors: NDArray[np.float64]

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Number of emotions."""
        return len(self.priors)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return the priors for every input."""
        return np.tile(self.priors, (len(inputs), 1))


class Dummy(UntunedFamily):
    """A baseline that ignores its input."""

    key = "dummy"
    title = "Dummy"
    description = "Predicts the emotions' shares for every clip; a family that does not beat it has learnt nothing."
    input_kind = "functionals"
    is_reference = True

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> PriorModel:
        """Count the emotions."""
        weights = examples.weights(balanced=False)
        counts = np.bincount(examples.targets, weights=weights, minlength=examples.n_emotions)
        return PriorModel(counts / counts.sum())

    def save(self, model: Model, folder: Path) -> None:
        """Write ``priors.json``."""
        assert isinstance(model, PriorModel)
        (folder / "priors.json").write_text(json.dumps(model.priors.tolist()), encoding="utf-8")

    def load(self, folder: Path, *, n_emotions: int) -> PriorModel:
        """Read ``priors.json``."""
        return PriorModel(np.array(json.loads((folder / "priors.json").read_text(encoding="utf-8"))))
