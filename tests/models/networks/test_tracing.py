"""Traces that networks of one architecture share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models import FAMILIES, Config, Examples, Family
from models.networks import tracing
from models.networks.adamw import MAX_GRADIENT_NORM, FlatAdamW
from models.networks.tracing import MAX_TRACES, forget_traces, trace_alone, trace_forward, trace_of

MakeExamples = Callable[[str], Examples]
SmallestConfig = Callable[[Family], Config]
neural_families = pytest.mark.parametrize("family", [f for f in FAMILIES.values() if f.is_neural], ids=lambda family: family.key)
N_COLUMNS, N_EMOTIONS = 6, 3


@pytest.fixture(autouse=True)
def no_earlier_traces() -> Iterator[None]:
    forget_traces()
    yield
    forget_traces()


def small_network(*, n_units: int = 4, dropout: float = 0.2, activation: str = "relu") -> keras.Model:
    inputs, mask = keras.Input((None, N_COLUMNS)), keras.Input((None,))
    x = keras.layers.SpatialDropout1D(dropout)(inputs)
    x = keras.layers.Dense(n_units, activation=activation)(x) * keras.ops.expand_dims(mask, -1)
    return keras.Model([inputs, mask], keras.layers.Dense(N_EMOTIONS)(keras.ops.sum(x, axis=1)))


def batch(n: int = 5, *, n_possible: int = N_EMOTIONS) -> tuple[np.ndarray, ...]:
    """Inputs, mask, targets, possible emotions and weights of a batch that could have the first emotions."""
    inputs = np.random.default_rng(0).normal(size=(n, 8, N_COLUMNS)).astype(np.float32)
    targets = np.eye(N_EMOTIONS, dtype=np.float32)[np.arange(n) % n_possible]
    possible = np.tile((np.arange(N_EMOTIONS) < n_possible).astype(np.float32), (n, 1))
    return inputs, np.ones((n, 8), np.float32), targets, possible, np.ones(n, np.float32)


@neural_families
def test_a_fit_does_not_depend_on_earlier_fits(family: Family, make_examples: MakeExamples, smallest_config: SmallestConfig) -> None:
    examples, config = make_examples(family.input_kind), {**smallest_config(family), "dropout": 0.2}
    other = {**config, "dropout": 0.1, "learning_rate": 5e-3, "weight_decay": 0.1, "head_dropout": 0.4}
    inputs = examples.inputs[:5]
    alone = family.fit(examples, config, seed=1).predict(inputs)
    forget_traces()
    family.fit(examples, other, seed=2)
    model = family.fit(examples, config, seed=1)
    np.testing.assert_array_equal(model.predict(inputs), alone)
    family.fit(examples, other, seed=3)
    np.testing.assert_array_equal(model.predict(inputs), alone)
    assert len(tracing._traces) == 1


def test_another_process_fits_the_same_model_whether_or_not_it_has_imported_keras() -> None:
    """Both are new, since the number of threads of this one was set when it first used TensorFlow."""
    source = "from tests.models.networks.one_fit import fit_conv1d\nprint(fit_conv1d().tobytes().hex())"
    root = Path(__file__).resolve().parents[3]
    commands = [[sys.executable, "-c", first + source] for first in ("", "import keras\n")]
    processes = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for command in commands
    ]
    fitted = [process.communicate()[0].split()[-1] for process in processes]
    assert fitted[0] == fitted[1]


def test_networks_that_differ_in_names_and_dropout_rates_share_a_trace() -> None:
    assert trace_of(small_network()) is trace_of(small_network(dropout=0.4))


@pytest.mark.parametrize("changes", [{"n_units": 5}, {"activation": "tanh"}, {"dropout": 0.0}])
def test_networks_of_other_layers_have_a_trace_of_their_own(changes: dict[str, Any]) -> None:
    assert trace_of(small_network()) is not trace_of(small_network(**changes))


def test_a_traced_network_predicts_as_keras_does_whatever_the_others_have_learnt() -> None:
    networks = [small_network(), small_network()]
    inputs, mask, *_ = batch()
    for network in (*networks, *networks):
        np.testing.assert_allclose(trace_forward(network)(inputs, mask), network([inputs, mask]), atol=1e-5)
        np.testing.assert_allclose(trace_alone(network)(inputs, mask), network([inputs, mask]), atol=1e-5)


def test_training_changes_a_network_when_it_is_written_back() -> None:
    network = small_network()
    before = network.get_weights()
    with trace_of(network).training(network, weight_decay=0.0) as (step, write_back):
        step(0.1, *batch())
        np.testing.assert_array_equal(network.get_weights()[0], before[0])
        write_back()
    assert not np.array_equal(network.get_weights()[0], before[0])


def test_a_step_does_not_move_an_emotion_that_no_example_could_have() -> None:
    network = small_network()
    kernel, bias = network.layers[-1].get_weights()
    with trace_of(network).training(network, weight_decay=0.0) as (step, write_back):
        step(0.1, *batch(n_possible=2))
        write_back()
    moved, moved_bias = network.layers[-1].get_weights()
    np.testing.assert_array_equal(moved[:, 2], kernel[:, 2])
    assert moved_bias[2] == bias[2]
    assert (moved[:, :2] != kernel[:, :2]).any()


def test_the_rate_of_the_network_decides_how_much_is_dropped() -> None:
    trace = trace_of(small_network(dropout=0.3))
    for rate in (0.25, 0.75):
        network = small_network(dropout=rate)
        with trace.training(network, weight_decay=0.0):
            (layer,) = (one for one in trace._network.layers if hasattr(one, "variable_rate"))
            dropped = (layer(np.ones((200, 3, N_COLUMNS), np.float32), training=True).numpy() == 0).mean()
            kept = layer(np.ones((200, 3, N_COLUMNS), np.float32), training=True).numpy().max()
        assert dropped == pytest.approx(rate, abs=0.06)
        assert kept == pytest.approx(1 / (1 - rate))


def test_the_oldest_traces_are_forgotten() -> None:
    first = trace_of(small_network(n_units=1))
    for n_units in range(2, MAX_TRACES + 2):
        trace_of(small_network(n_units=n_units))
    assert len(tracing._traces) == MAX_TRACES
    assert trace_of(small_network(n_units=1)) is not first


def test_threads_predict_side_by_side_with_one_trace() -> None:
    inputs, mask, *_ = batch()
    forwards = [trace_forward(small_network()) for _ in range(4)]
    expected = [forward(inputs, mask).numpy() for forward in forwards]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            for found, alone in zip(pool.map(lambda forward: forward(inputs, mask).numpy(), forwards), expected, strict=True):
                np.testing.assert_array_equal(found, alone)


def test_the_optimiser_takes_the_steps_of_keras() -> None:
    import tensorflow as tf

    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype(np.float32) for shape in ((3, 2), (2,))]
    ours = [tf.Variable(array) for array in start]
    theirs = [keras.Variable(array) for array in start]
    flat = FlatAdamW(ours)
    reference = keras.optimizers.AdamW(0.01, weight_decay=0.1, global_clipnorm=MAX_GRADIENT_NORM)
    for scale in (0.1, 1.0, 30.0):
        gradients = [tf.constant(scale * rng.normal(size=array.shape), tf.float32) for array in start]
        flat.apply(gradients, rate=tf.constant(0.01), decay=tf.constant(0.1))
        reference.apply(gradients, theirs)
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our.numpy(), their.numpy(), rtol=1e-5)
