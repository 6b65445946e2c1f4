"""Layers that stand for stock Keras layers in a trace.

They keep in variables what those keep in their Python objects; that of the LSTM computes all steps in one operation.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

STAND_IN_PREFIX = "Traced"
DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D")


def has_stand_in(class_name: str) -> bool:
    """Return whether layers of a Keras class are replaced in a trace."""
    return class_name in (*DROPOUTS, "Normalization", "LSTM")


@functools.cache
def stand_ins() -> dict[str, type[keras.Layer]]:
    """Return the classes by their names."""
    import keras

    dropouts = {STAND_IN_PREFIX + name: _with_variable_rate(getattr(keras.layers, name)) for name in DROPOUTS}
    return {
        **dropouts,
        f"{STAND_IN_PREFIX}Normalization": _normalisation_by_variables(),
        f"{STAND_IN_PREFIX}LSTM": _lstm_in_one_operation(),
    }


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


def _lstm_in_one_operation() -> type[keras.Layer]:
    """Return an LSTM whose steps are one TensorFlow operation; Keras's is a loop in the graph, several times slower on a processor.

    The mask must be that of padding: 1 for the first steps of a clip, 0 for the others. Outputs of padded steps differ from Keras's.
    """
    import keras
    import tensorflow as tf

    class TracedLSTM(keras.layers.LSTM):  # type: ignore[misc]
        def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
            lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
            steps = tf.reverse_sequence(sequences, lengths, seq_axis=1) if self.go_backwards else sequences
            steps = tf.transpose(steps, [1, 0, 2])
            no_state, no_peephole = tf.zeros([tf.shape(steps)[1], self.units]), tf.zeros([self.units])
            hidden = tf.raw_ops.BlockLSTM(  # the gradient of BlockLSTMV2 is wrong in TensorFlow
                seq_len_max=tf.shape(steps, tf.int64)[0],
                x=steps,
                cs_prev=no_state,
                h_prev=no_state,
                w=_gates_in_block_order(tf.concat([self.cell.kernel.value, self.cell.recurrent_kernel.value], axis=0)),
                wci=no_peephole,
                wcf=no_peephole,
                wco=no_peephole,
                b=_gates_in_block_order(self.cell.bias.value),
                forget_bias=0.0,
                cell_clip=0.0,
            ).h
            hidden = tf.transpose(hidden, [1, 0, 2])
            return tf.reverse(tf.reverse_sequence(hidden, lengths, seq_axis=1), [1]) if self.go_backwards else hidden

    return TracedLSTM


def _gates_in_block_order(weights: Any) -> Any:
    """Return weights whose last axis holds input, forget, cell and output gate in the order input, cell, forget, output."""
    import tensorflow as tf

    of_input, of_forget, of_cell, of_output = tf.split(weights, 4, axis=-1)
    return tf.concat([of_input, of_cell, of_forget, of_output], axis=-1)
