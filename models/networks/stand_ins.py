"""Layers that stand for stock Keras layers in a trace, and keep in variables what those keep in their Python objects."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

STAND_IN_PREFIX = "Traced"
DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D")


def has_stand_in(class_name: str) -> bool:
    """Return whether layers of a Keras class are replaced in a trace."""
    return class_name in (*DROPOUTS, "Normalization")


@functools.cache
def stand_ins() -> dict[str, type[keras.Layer]]:
    """Return the classes by their names."""
    import keras

    dropouts = {STAND_IN_PREFIX + name: _with_variable_rate(getattr(keras.layers, name)) for name in DROPOUTS}
    return {**dropouts, f"{STAND_IN_PREFIX}Normalization": _normalisation_by_variables()}


def _with_variable_rate(dropout: Any) -> type[keras.Layer]:
    """Return a dropout layer whose rate is the TensorFlow variable ``variable_rate``; its Keras variables are the same."""
    import keras
    import tensorflow as tf
    from keras import ops

    class TracedDropout(dropout):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.variable_rate = tf.Variable(self.rate, trainable=False, dtype=tf.float32)

        def call(self, inputs: Any, training: bool = False) -> Any:
            if not training:
                return inputs
            shape = self._get_noise_shape(inputs) if hasattr(self, "_get_noise_shape") else ops.shape(inputs)
            rate = self.variable_rate.read_value()
            is_kept = keras.random.uniform(shape, seed=self.seed_generator) >= rate
            return ops.where(is_kept, inputs / (1 - rate), 0.0)

    return TracedDropout


def _normalisation_by_variables() -> type[keras.Layer]:
    """Return a normalisation that reads mean and variance at each call; Keras's own uses those that it had when it was built."""
    import keras
    from keras import ops

    class TracedNormalization(keras.layers.Normalization):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            mean, variance = (ops.reshape(x, self._broadcast_shape) for x in (self.adapt_mean, self.adapt_variance))
            return (inputs - mean) / ops.maximum(ops.sqrt(variance), keras.config.epsilon())

    return TracedNormalization
