"""Layers and operations of Keras in NumPy, as they are after training: each makes a function of arrays from its description.

An array has the shape ``(n, n_steps, …, n_channels)`` and the type float32. What a description asks for and a function here cannot do
is an error, never another result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import expit, softmax

from emotune.errors import ChampionError

Array = NDArray[Any]
Weights = Sequence[NDArray[np.float32]]
Layer = Callable[..., Any]
Maker = Callable[[Mapping[str, Any], Weights], Layer]
"""From a layer's configuration in the file and its weights to the layer."""


class OnlyKerasError(ChampionError):
    """A network that NumPy cannot compute here and Keras can."""

    def __init__(self, name: str, rule: str, found: object) -> None:
        super().__init__(f"{name}: {rule}, got {found}; load it with Keras.")


def require(config: Mapping[str, Any], **expected: Any) -> None:
    """Check that a layer's configuration has the values with which its function here computes.

    Raises
    ------
    OnlyKerasError
        If one differs.
    """
    for name, value in expected.items():
        if config[name] != value:
            raise OnlyKerasError(config["name"], f"its {name} must be {value} to be computed without Keras", config[name])


def dense(config: Mapping[str, Any], weights: Weights) -> Layer:
    """Multiply the last axis by a matrix."""
    require(config, use_bias=True)
    if config["activation"] not in ACTIVATIONS:
        rule = f"its activation must be one of {', '.join(ACTIVATIONS)} to be computed without Keras"
        raise OnlyKerasError(config["name"], rule, config["activation"])
    activation = ACTIVATIONS[config["activation"]]
    kernel, bias = weights
    return lambda x: activation(x @ kernel + bias)


def convolution(config: Mapping[str, Any], weights: Weights) -> Layer:
    """Convolve over one or two axes, padded to their length."""
    ones = [1] * len(config["kernel_size"])
    require(config, padding="same", strides=ones, dilation_rate=ones, groups=1, use_bias=False, activation="linear")
    require(config, data_format="channels_last")
    (kernel,) = weights
    size, matrix = kernel.shape[:-2], kernel.reshape(-1, kernel.shape[-1])
    margins = [(0, 0), *(((length - 1) // 2, length // 2) for length in size), (0, 0)]
    axes = tuple(range(1, 1 + len(size)))

    def convolve(x: Array) -> Array:
        windows = sliding_window_view(np.pad(x, margins), size, axis=axes)  # (n, …, n_channels, *size)
        columns = np.moveaxis(windows, 1 + len(size), -1)
        return columns.reshape(*x.shape[:-1], len(matrix)) @ matrix

    return convolve


def max_pooling(config: Mapping[str, Any], weights: Weights) -> Layer:
    """Take the maximum of each group of steps; a group that is not whole is left out."""
    size = config["pool_size"]
    require(config, padding="valid", strides=size, data_format="channels_last")

    def pool(x: Array) -> Array:
        for axis, length in enumerate(size, start=1):
            n_groups = x.shape[axis] // length
            whole = np.take(x, range(n_groups * length), axis=axis) if x.shape[axis] % length else x
            x = whole.reshape(*x.shape[:axis], n_groups, length, *x.shape[axis + 1 :]).max(axis=axis + 1)
        return x

    return pool


def batch_normalization(config: Mapping[str, Any], weights: Weights) -> Layer:
    """Scale and shift each channel as learnt; no mask changes that after training."""
    require(config, axis=-1, center=True, scale=True)
    gamma, beta, mean, variance = weights
    scale = gamma / np.sqrt(variance + np.float32(config["epsilon"]))
    shift = beta - mean * scale
    return lambda x, mask=None: x * scale + shift


def layer_normalization(config: Mapping[str, Any], weights: Weights) -> Layer:
    """Standardise the channels of each step."""
    require(config, axis=[-1], center=True, scale=True, rms_scaling=False)
    gamma, beta = weights

    def normalise(x: Array) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + np.float32(config["epsilon"])) * gamma + beta

    return normalise


def bidirectional_lstm(config: Mapping[str, Any], weights: Weights) -> Layer:
    """Run an LSTM forwards and another one backwards (Hochreiter & Schmidhuber 1997; Graves & Schmidhuber 2005).

    At a masked step both keep their state and give zeros.
    """
    require(config, merge_mode="concat")
    for direction, is_backwards in (("layer", False), ("backward_layer", True)):
        if config[direction]["class_name"] != "LSTM":
            raise OnlyKerasError(config["name"], "it must hold LSTMs", config[direction]["class_name"])
        cell = config[direction]["config"]
        require(cell, return_sequences=True, return_state=False, stateful=False, use_bias=True, zero_output_for_mask=True)
        require(cell, go_backwards=is_backwards, activation="tanh", recurrent_activation="sigmoid")
    kernels, recurrent, biases = (np.stack(pair) for pair in zip(weights[:3], weights[3:], strict=True))
    n_units = recurrent.shape[1]

    def run(x: Array, mask: Array | None = None) -> Array:
        real = np.ones(x.shape[:2], bool) if mask is None else mask
        both = np.stack([x, x[:, ::-1]])
        drives = both @ kernels[:, None] + biases[:, None, None]  # (2, n, n_steps, 4 · n_units)
        is_real = np.stack([real, real[:, ::-1]])[..., None]
        state = cell = np.zeros((2, len(x), n_units), np.float32)
        outputs = np.zeros((2, len(x), x.shape[1], n_units), np.float32)
        for step in range(x.shape[1]):
            gates = drives[:, :, step] + state @ recurrent
            keep_and_let = expit(gates[..., : 2 * n_units])
            learnt = keep_and_let[..., n_units:] * cell + keep_and_let[..., :n_units] * np.tanh(gates[..., 2 * n_units : 3 * n_units])
            shown = expit(gates[..., 3 * n_units :]) * np.tanh(learnt)
            now = is_real[:, :, step]
            state, cell, outputs[:, :, step] = np.where(now, shown, state), np.where(now, learnt, cell), np.where(now, shown, 0)
        return np.concatenate([outputs[0], outputs[1][:, ::-1]], axis=-1)

    return run


def reshape(config: Mapping[str, Any], weights: Weights) -> Layer:
    """Give the axes after the first another shape."""
    return lambda x: x.reshape(len(x), *config["target_shape"])


def relu(config: Mapping[str, Any], weights: Weights) -> Layer:
    """Set what is negative to zero."""
    require(config, max_value=None, negative_slope=0.0, threshold=0.0)
    return ACTIVATIONS["relu"]


def plain(function: Layer, *options: str) -> Maker:
    """Return the maker of an operation that has no weights, with some entries of its configuration as keyword arguments."""
    return lambda config, weights: partial(function, **{name: config[name] for name in options})


def _cast(config: Mapping[str, Any], weights: Weights) -> Layer:
    return lambda x: x.astype(config["dtype"])


def _dropped_nothing(config: Mapping[str, Any], weights: Weights) -> Layer:
    return lambda x, training=False: x


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "tanh": np.tanh,
}
LAYERS: Mapping[str, Maker] = {
    "Dense": dense,
    "Conv1D": convolution,
    "Conv2D": convolution,
    "MaxPooling1D": max_pooling,
    "MaxPooling2D": max_pooling,
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "Bidirectional": bidirectional_lstm,
    "Reshape": reshape,
    "ReLU": relu,
    "Dropout": _dropped_nothing,
    "SpatialDropout1D": _dropped_nothing,
    "SpatialDropout2D": _dropped_nothing,
    "Cast": _cast,
    "Add": plain(np.add),
    "Subtract": plain(np.subtract),
    "Multiply": plain(np.multiply),
    "TrueDivide": plain(np.true_divide),
    "Maximum": plain(np.maximum),
    "Square": plain(np.square),
    "Sqrt": plain(np.sqrt),
    "OnesLike": plain(np.ones_like),
    "ExpandDims": plain(np.expand_dims, "axis"),
    "Concatenate": plain(np.concatenate, "axis"),
    "Sum": plain(np.sum, "axis", "keepdims"),
    "Max": plain(np.max, "axis", "keepdims"),
    "Softmax": plain(softmax, "axis"),
    "GetItem": plain(lambda x, key: x[tuple(key)]),
}
"""What can be computed here, by Keras's name of the class."""
