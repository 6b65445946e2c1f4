"""Layers that stand for Keras's in a trace compute what Keras's compute."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.networks.stand_ins import stand_ins

N_STEPS, N_COLUMNS, N_UNITS = 9, 5, 4


def outputs_and_gradients(layer: keras.Layer, x: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return what a layer gives for the real steps, in their order, and the gradients of a sum over them."""
    weights = tf.constant(mask[:, :, None] * np.linspace(-1, 2, mask.shape[1])[:, None], tf.float32)
    with tf.GradientTape() as tape:
        y = layer(tf.constant(x), mask=tf.constant(mask > 0))
        y = tf.reverse(y, [1]) if layer.go_backwards else y
        total = tf.reduce_sum(tf.square(y) * weights)
    gradients = tape.gradient(total, [variable.value for variable in layer.trainable_variables])
    return y.numpy() * mask[:, :, None], [gradient.numpy() for gradient in gradients]


@pytest.mark.parametrize("go_backwards", [False, True])
def test_the_lstm_in_one_operation_is_that_of_keras(go_backwards: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, N_STEPS, N_COLUMNS)).astype(np.float32)
    mask = (np.arange(N_STEPS) < np.array([9, 1, 4, 7, 9, 2])[:, None]).astype(np.float32)
    theirs, ours = (
        of(N_UNITS, return_sequences=True, go_backwards=go_backwards) for of in (keras.layers.LSTM, stand_ins()["TracedLSTM"])
    )
    for layer in (theirs, ours):
        layer.build((None, N_STEPS, N_COLUMNS))
    ours.set_weights([rng.normal(size=weights.shape) for weights in theirs.get_weights()])
    theirs.set_weights(ours.get_weights())
    (expected, their_gradients), (found, our_gradients) = (outputs_and_gradients(layer, x, mask) for layer in (theirs, ours))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for one, other in zip(our_gradients, their_gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
