"""The training loop of the networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest

from metrics.calibration import fit_temperature
from models import Examples
from models.networks import training
from models.networks.batches import BatchMaker, ValidationBatch, pad
from models.networks.search_space import SHARED_DEFAULTS
from models.networks.tracing import trace_forward
from models.networks.training import (
    LOWEST_RATE_SHARE,
    TEMPERATURES,
    learning_rate_share,
    scale_temperature,
    train,
)

N_COLUMNS, N_EMOTIONS = 5, 3


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
def test_the_temperature_calibrates_a_network_on_the_inner_speakers(scale: float) -> None:
    network, (inputs, targets) = linear_network(scale), evidence()
    scale_temperature(network, network(inputs).numpy(), targets)
    scaled = keras.ops.softmax(network(inputs)).numpy()
    assert fit_temperature(scaled.astype(np.float64), targets) == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(scaled.argmax(axis=1), inputs.argmax(axis=1))


def test_a_few_correct_clips_do_not_make_it_certain() -> None:
    network, inputs = linear_network(1.0), np.eye(4, dtype=np.float32)
    scale_temperature(network, network(inputs).numpy(), np.arange(4))
    np.testing.assert_allclose(network(inputs).numpy(), inputs / TEMPERATURES[0], atol=1e-6)


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 10, 25])
def test_the_learning_rate_warms_up_and_decays(n_epochs: int) -> None:
    rates = np.array([learning_rate_share(epoch, n_epochs=n_epochs) for epoch in np.arange(0, n_epochs, 0.25)])
    warm_up = int(np.argmax(rates))
    assert rates[0] == pytest.approx(0.2)
    assert (np.diff(rates[: warm_up + 1]) > 0).all()
    assert (np.diff(rates[warm_up:]) < 0).all()
    assert rates.max() <= 1
    assert learning_rate_share(n_epochs, n_epochs=max(n_epochs, 3)) >= LOWEST_RATE_SHARE
    if n_epochs > 3:
        assert rates.max() == learning_rate_share(2, n_epochs=n_epochs) == 1
        assert learning_rate_share(n_epochs, n_epochs=n_epochs) == pytest.approx(LOWEST_RATE_SHARE)


def separable(n: int, *, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Sequences whose emotion is the column of the largest mean."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % N_EMOTIONS
    sequences = [rng.normal(size=(8, N_COLUMNS)).astype(np.float32) for _ in range(n)]
    for sequence, target in zip(sequences, targets, strict=True):
        sequence[:, target] += 2
    return sequences, targets


def small_network() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs, mask = keras.Input((None, N_COLUMNS)), keras.Input((None,))
    mean = keras.ops.sum(inputs * keras.ops.expand_dims(mask, -1), axis=1) / keras.ops.sum(mask, axis=1, keepdims=True)
    return keras.Model([inputs, mask], keras.layers.Dense(N_EMOTIONS)(mean))


def train_small(
    *, mislabelled: float = 0.0, corpus_weights: np.ndarray | None = None, **changes: Any
) -> tuple[keras.Model, list[float], ValidationBatch]:
    """Train on a separable problem, the first clips perhaps mislabelled; return the network, the reported UARs and the validation."""
    sequences, targets = separable(48, seed=1)
    targets = np.where(np.arange(48) < 48 * mislabelled, (targets + 1) % N_EMOTIONS, targets)
    n = len(targets)
    speakers, originals = np.full(n, "S1"), np.ones(n, dtype=bool)
    examples = Examples(tuple(sequences), targets, speakers, np.arange(n), originals, {"S1": "female"}, N_EMOTIONS, corpus_weights)
    config = {**SHARED_DEFAULTS, "batch_size": 16, "n_epochs": 8, "learning_rate": 0.05, **changes}
    unseen, unseen_targets = separable(24, seed=2)
    validation = ValidationBatch(*pad(unseen), unseen_targets, np.ones((24, N_EMOTIONS), np.float32))
    network, reported = small_network(), list[float]()
    batches = BatchMaker(sequences, examples, config)
    rng = np.random.default_rng(0)
    train(network, trace_forward(network), batches, validation, config, rng=rng, callback=reported.append)
    return network, reported, validation


def test_a_network_learns_a_separable_problem() -> None:
    network, reported, validation = train_small()
    assert reported[-1] > 0.9
    found = network([validation.inputs, validation.mask]).numpy()
    assert (found.argmax(axis=1) == validation.targets).mean() > 0.9


def test_a_network_learns_nothing_from_clips_of_weight_zero() -> None:
    weights = np.where(np.arange(48) < 30, 0.0, 1.0)
    _, misled, _ = train_small(mislabelled=30 / 48)
    _, reported, _ = train_small(mislabelled=30 / 48, corpus_weights=weights)
    assert misled[-1] < 0.5
    assert reported[-1] > 0.9


def scripted(monkeypatch: pytest.MonkeyPatch, scores: Sequence[float]) -> Callable[[], list[np.ndarray]]:
    """Replace the score of each epoch; return a function to the classifier's kernel at the end of each epoch."""
    kernels: list[np.ndarray] = []
    remaining = iter(scores)
    networks: list[keras.Model] = []
    build = small_network

    def build_and_keep() -> keras.Model:
        networks.append(build())
        return networks[-1]

    def validate(*_: Any) -> tuple[float, float]:
        kernels.append(networks[-1].layers[-1].kernel.numpy())
        return next(remaining), 0.5

    monkeypatch.setitem(globals(), "small_network", build_and_keep)
    monkeypatch.setattr(training, "_validate", validate)
    monkeypatch.setattr(training, "fit_temperature", lambda *_: 1.0)
    return lambda: kernels


@pytest.mark.parametrize(("patience", "n_run"), [(1, 3), (2, 4), (9, 8)])
def test_patience_stops_the_training_and_the_best_epoch_is_restored(
    patience: int, n_run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels = scripted(monkeypatch, [0.1, 0.9, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2])
    network, reported, _ = train_small(patience=patience)
    assert len(reported) == len(kernels()) == n_run
    np.testing.assert_array_equal(network.layers[-1].kernel.numpy(), kernels()[1])


def test_a_single_good_epoch_counts_less_than_several(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = scripted(monkeypatch, [0.0, 0.6, 0.0, 0.5, 0.5, 0.5, 0.0, 0.0])
    network, *_ = train_small(patience=8)
    np.testing.assert_array_equal(network.layers[-1].kernel.numpy(), kernels()[5])


def test_a_diverged_epoch_is_never_the_best() -> None:
    assert training._validate(np.full((3, N_EMOTIONS), np.nan, np.float32), np.arange(3)) == (-np.inf, 0.0)


@pytest.mark.parametrize(("max_epochs", "n_run"), [(2, 2), (100, 4)])
def test_a_quick_look_limits_the_epochs(max_epochs: int, n_run: int) -> None:
    assert len(train_small(n_epochs=4, max_epochs=max_epochs)[1]) == n_run
