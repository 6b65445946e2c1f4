"""What the networks' training loop promises."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from metrics.calibration import fit_temperature
from models.networks.training import TEMPERATURES, scale_temperature


def linear_network(scale: float) -> keras.Model:
    """A network whose logits are its inputs, scaled."""
    inputs = keras.Input((4,))
    network = keras.Model(inputs, keras.layers.Dense(4)(inputs))
    network.layers[-1].set_weights([scale * np.eye(4), np.zeros(4)])
    return network


def evidence(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Inputs that are calibrated logits, and the true emotions drawn from them."""
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=1.5, size=(n, 4))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.array([rng.choice(4, p=row) for row in probabilities])
    return logits.astype(np.float32), targets


@pytest.mark.parametrize("scale", [0.6, 1.0, 2.0])
def test_a_network_becomes_as_sure_as_inner_speakers_allow(scale: float) -> None:
    network, (inputs, targets) = linear_network(scale), evidence()
    scale_temperature(network, network(inputs).numpy(), targets)
    softened = keras.ops.softmax(network(inputs)).numpy()
    assert fit_temperature(softened.astype(np.float64), targets) == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(softened.argmax(axis=1), inputs.argmax(axis=1))


def test_a_few_clips_that_are_all_right_do_not_make_it_certain() -> None:
    network, inputs = linear_network(1.0), np.eye(4, dtype=np.float32)
    scale_temperature(network, network(inputs).numpy(), np.arange(4))
    np.testing.assert_allclose(network(inputs).numpy(), inputs / TEMPERATURES[0], atol=1e-6)
