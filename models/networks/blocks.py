"""Building blocks of the networks: masked normalisation, masked pooling over time, the classification head.

Every block sets padded steps to zero, so that a clip's output does not depend on the padding of its batch. The blocks consist of
stock Keras layers and operations, so that a saved network loads without this module.
"""

from __future__ import annotations

from typing import Any

Tensor = Any
MASKED_SCORE = -1e9


def normalise_and_activate(x: Tensor, mask: Tensor, *, dropout: float) -> Tensor:
    """Batch normalisation over real steps alone, ReLU, channel dropout; padded steps become zero.

    Parameters
    ----------
    x : tensor [shape=(n, n_steps, …, n_channels)]
        Output of a convolution.
    mask : tensor [shape=(n, n_steps)]
        1 for real steps, 0 for padding.
    dropout : float in [0, 1)
        Share of channels dropped.
    """
    from keras import layers, ops

    for _ in range(len(x.shape) - 3):
        mask = ops.expand_dims(mask, -1)
    counted = ops.cast(mask * ops.ones_like(x[..., 0]), "bool")
    x = layers.BatchNormalization(momentum=0.9)(x, mask=counted)
    x = layers.ReLU()(x) * ops.expand_dims(mask, -1)
    drop = layers.SpatialDropout1D if len(x.shape) == 3 else layers.SpatialDropout2D
    return drop(dropout)(x) if dropout else x


def halve(mask: Tensor) -> Tensor:
    """Halve the number of steps of a mask; a step is real if the first of its two is."""
    return mask[:, ::2]


def temporal_pooling(x: Tensor, mask: Tensor, *, how: str, n_hidden: int = 32) -> Tensor:
    """Reduce the steps of a clip to one vector.

    Parameters
    ----------
    x : tensor [shape=(n, n_steps, n_channels)]
        Features of each step.
    mask : tensor [shape=(n, n_steps)]
        1 for real steps.
    how : {"moments", "statistics", "attention"}
        Mean and standard deviation; these and the maximum; or mean and standard deviation under learnt weights (attentive
        statistics pooling, Okabe, Koshinaka & Shinoda 2018, Interspeech).
    n_hidden : int
        Width of the attention network.
    """
    from keras import layers, ops

    column = ops.expand_dims(mask, -1)
    if how == "attention":
        scores = layers.Dense(1)(layers.Dense(n_hidden, activation="tanh")(x)) + (1 - column) * MASKED_SCORE
        weights = ops.softmax(scores, axis=1)
        extra = []
    else:
        weights = column / ops.maximum(ops.sum(column, axis=1, keepdims=True), 1.0)
        extra = [] if how == "moments" else [ops.max(x + (1 - column) * MASKED_SCORE, axis=1)]
    mean = ops.sum(weights * x, axis=1)
    variance = ops.sum(weights * ops.square(x - ops.expand_dims(mean, 1)), axis=1)
    return ops.concatenate([mean, ops.sqrt(variance + 1e-5), *extra], axis=-1)


def head(x: Tensor, *, n_emotions: int, n_hidden: int, dropout: float) -> Tensor:
    """Return logits of a pooled vector, with one hidden layer if ``n_hidden`` is not 0."""
    from keras import layers

    x = layers.Dropout(dropout)(x)
    if n_hidden:
        x = layers.Dropout(dropout)(layers.Dense(n_hidden, activation="relu")(x))
    return layers.Dense(n_emotions)(x)
