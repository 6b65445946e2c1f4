"""Networks that answer without Keras give what Keras gives, or are left to Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna
import pytest
from keras import layers, ops

from emotune.errors import ChampionError
from models import FAMILIES
from models.networks.batches import pad
from models.networks.numpy_network import NumpyNetwork, read_network
from models.networks.training import NeuralFamily

NEURAL = [family for family in FAMILIES.values() if isinstance(family, NeuralFamily)]
N_COLUMNS, N_EMOTIONS = 32, 5
LENGTHS = (24, 8, 61, 1)


def batch_of(lengths: tuple[int, ...], n_columns: int = N_COLUMNS) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return pad([rng.normal(size=(length, n_columns)).astype(np.float32) for length in lengths])


def with_random_weights(network: keras.Model) -> keras.Model:
    """Return a network as if it had learnt: no weight has its first value, no variance is negative."""
    rng = np.random.default_rng(1)
    network.set_weights([weights + np.abs(rng.normal(scale=0.3, size=weights.shape)) for weights in network.get_weights()])
    return network


def saved(network: keras.Model, folder: Path) -> NumpyNetwork:
    network.save(folder / "network.keras")
    return read_network(folder / "network.keras")


def logits(network: keras.Model, *batch: np.ndarray) -> np.ndarray:
    return np.asarray(network(list(batch), training=False))


@pytest.mark.parametrize("family", NEURAL, ids=lambda family: family.key)
@pytest.mark.parametrize("seed", range(6))
def test_every_configuration_of_every_family_gives_the_logits_of_keras(family: NeuralFamily, seed: int, tmp_path: Path) -> None:
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask()
    config: dict[str, Any] = {**family.defaults, **(family.suggest(trial) if seed else {})}
    network = with_random_weights(family.build(config, n_columns=N_COLUMNS, n_emotions=N_EMOTIONS))
    ours, batch = saved(network, tmp_path), batch_of(LENGTHS)
    np.testing.assert_allclose(ours(*batch), logits(network, *batch), rtol=2e-4, atol=2e-4)
    assert ours.count_params() == network.count_params()


@pytest.mark.parametrize("family", NEURAL, ids=lambda family: family.key)
def test_a_clip_alone_gets_what_it_gets_beside_longer_ones(family: NeuralFamily, tmp_path: Path) -> None:
    ours = saved(with_random_weights(family.build(family.defaults, n_columns=N_COLUMNS, n_emotions=N_EMOTIONS)), tmp_path)
    batch, mask = batch_of(LENGTHS)
    np.testing.assert_allclose(ours(batch[:1, :24], mask[:1, :24]), ours(batch, mask)[:1], rtol=1e-4, atol=1e-4)


def network_of(last: Any) -> keras.Model:
    """Return a network of our inputs and one layer of a person's own."""
    batch, mask = keras.Input((None, N_COLUMNS)), keras.Input((None,))
    return keras.Model([batch, mask], layers.Dense(N_EMOTIONS)(ops.sum(last(batch) * ops.expand_dims(mask, -1), axis=1)))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (layers.SimpleRNN(4, return_sequences=True), "got SimpleRNN; load it with Keras"),
        (
            layers.Dense(4, activation="selu"),
            "its activation must be one of linear, relu, tanh .* got selu",
        ),
        (layers.Conv1D(4, 3, padding="causal", use_bias=False), "its padding must be same .* got causal"),
        (layers.Conv1D(4, 3, padding="same"), "its use_bias must be False .* got True"),
        (layers.Bidirectional(layers.GRU(4, return_sequences=True)), "got GRU"),
        (layers.LeakyReLU(), "got LeakyReLU"),
        (layers.BatchNormalization(scale=False), "its scale must be True"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_only_keras_can_compute_is_left_to_keras(layer: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ChampionError, match=message):
        saved(network_of(layer), tmp_path)


def test_a_layer_that_is_used_twice_is_left_to_keras(tmp_path: Path) -> None:
    shared = layers.Dense(N_COLUMNS)
    with pytest.raises(ChampionError, match="must be used once, got 2 times"):
        saved(network_of(lambda x: shared(shared(x))), tmp_path)
