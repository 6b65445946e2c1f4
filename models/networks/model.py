"""Models of the networks: members that were validated on different speakers, and their geometric mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from models.family import Model
from models.networks.batches import SequenceStandardiser, pad
from models.networks.tracing import Forward, trace_alone

if TYPE_CHECKING:
    import keras

PREDICTION_BATCH = 64
BAG_TEMPERATURE = 0.88
"""Temperature of a geometric mean of several members, which is less sure than each of them; chosen on pairs of inner speakers."""


@dataclass(frozen=True, eq=False)
class NeuralModel(Model):
    """Networks that were validated on different speakers; a prediction is the geometric mean of their probabilities.

    Attributes
    ----------
    standardiser : SequenceStandardiser
        Scaling of the inputs.
    networks : tuple of keras.Model
        The members.
    forwards : tuple of callable
        Forward pass of each network, from a batch and its mask to logits.
    """

    standardiser: SequenceStandardiser
    networks: tuple[keras.Model, ...]
    forwards: tuple[Forward, ...]

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Number of weights of all networks."""
        return sum(network.count_params() for network in self.networks)

    def members(self) -> tuple[NeuralModel, ...]:
        """Return each network as a model of its own."""
        pairs = zip(self.networks, self.forwards, strict=True)
        return tuple(NeuralModel(self.standardiser, (network,), (forward,)) for network, forward in pairs)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions); clips of similar lengths share a batch."""
        order = np.argsort([len(sequence) for sequence in inputs], kind="stable")
        batches = [order[start : start + PREDICTION_BATCH] for start in range(0, len(order), PREDICTION_BATCH)]
        probabilities = [self._predict_batch(*pad([self.standardiser(inputs[row]) for row in rows])) for rows in batches]
        return np.concatenate(probabilities)[np.argsort(order)]

    def _predict_batch(self, batch: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float64]:
        logits = np.stack([forward(batch, mask) for forward in self.forwards]).astype(np.float64)
        temperature = BAG_TEMPERATURE if len(logits) > 1 else 1.0
        return np.asarray(softmax(log_softmax(logits, axis=2).mean(axis=0) / temperature, axis=1))


def loaded_model(standardiser: SequenceStandardiser, networks: tuple[keras.Model, ...]) -> NeuralModel:
    """Return a model of networks that were read from files, to predict with."""
    return NeuralModel(standardiser, networks, tuple(trace_alone(network) for network in networks))
