"""Ensembles: opinion pools of the other families' calibrated probabilities, with weights fitted to inner predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from metrics.calibration import SMALLEST_PROBABILITY
from models.family import MEMBER_PROBABILITIES, Config, EpochCallback, Examples, Family, Model, Parts, UntunedFamily

WEIGHTS_FILE = "weights.json"
RIDGE = 0.003
"""Penalty on differences between the weights; a few hundred inner predictions do not separate similar members."""


@dataclass(frozen=True, eq=False)
class LogOpinionPool(Model):
    """A normalised weighted product of the members' probabilities (Genest & Zidek 1986, Statistical Science 1(1)).

    Attributes
    ----------
    weights : ndarray [shape=(n_members,)]
        Exponent of each member, at least 0. Their sum scales the pool's confidence, so that it needs no temperature.
    """

    weights: NDArray[np.float64]

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Number of members."""
        return len(self.weights)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions), from the members' probabilities of each clip, (n_members, n_emotions)."""
        return _pooled(_logarithms(inputs), self.weights)


class Ensemble(UntunedFamily):
    """All tuned families, weighted by inner predictions."""

    key = "ensemble"
    title = "Ensemble"
    description = "A weighted product of all families' calibrated probabilities."
    input_kind = MEMBER_PROBABILITIES
    with_pretrained: ClassVar[bool] = True

    def members(self, families: Sequence[Family]) -> tuple[Family, ...]:
        """Return the families whose probabilities it pools: all tuned ones."""
        return tuple(family for family in families if family.is_tuned and (self.with_pretrained or not family.is_pretrained))

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> LogOpinionPool:
        """Fit the weights of the smallest log loss, which is a convex problem."""
        logarithms = _logarithms(examples.inputs)
        rows = np.arange(len(examples))

        def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            pooled = _pooled(logarithms, weights)
            log_loss = -np.log(np.maximum(pooled[rows, examples.targets], SMALLEST_PROBABILITY)).mean()
            of_truth = logarithms[rows, :, examples.targets]
            slope = (np.einsum("nme,ne->nm", logarithms, pooled) - of_truth).mean(axis=0)
            apart = weights - weights.mean()
            return float(log_loss + RIDGE * apart @ apart), slope + 2 * RIDGE * apart

        n_members = logarithms.shape[1]
        start = np.full(n_members, 1 / n_members)
        solution = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * n_members)
        return LogOpinionPool(solution.x)

    def save(self, model: Model, folder: Path) -> None:
        """Write ``weights.json``."""
        assert isinstance(model, LogOpinionPool)
        (folder / WEIGHTS_FILE).write_text(json.dumps(model.weights.tolist()), encoding="utf-8")

    def load(self, folder: Path, *, n_emotions: int) -> LogOpinionPool:
        """Read ``weights.json``."""
        return LogOpinionPool(np.array(json.loads((folder / WEIGHTS_FILE).read_text(encoding="utf-8"))))


class EnsembleScratch(Ensemble):
    """The ensemble without pretrained families, which shows the gain by pretraining."""

    key = "ensemble_scratch"
    title = "Scratch ensemble"
    description = "A weighted product of the calibrated probabilities of all families without pretraining."
    with_pretrained = False


def _logarithms(inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    return np.log(np.maximum(np.stack(inputs).astype(np.float64), SMALLEST_PROBABILITY))


def _pooled(logarithms: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    logits = np.einsum("nme,m->ne", logarithms, weights)
    powered = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powered / powered.sum(axis=1, keepdims=True)
