"""clip → frames of every layer in NumPy: what answers needs neither Keras nor TensorFlow, which take seconds to start.

The network is that of :mod:`features.whisper.encoder`, where the conventions are. A clip comes alone and without padding, so that
nothing is masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.whisper.encoder import NORM_EPSILON, Encoding
from features.whisper.frontend import RANGE_DECADES, log_mel
from features.whisper.weights import WhisperConfig, read_tensors

Array = NDArray[np.float32]
Tensors = Mapping[str, Array]
ROWS_AT_ONCE = 8
"""Rows of an activation whose intermediate results fit into a processor's cache."""
ERF_RATE = np.float32(0.3275911 * np.sqrt(2))
ERF_COEFFICIENTS = tuple(map(np.float32, (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)))
"""Of formula 7.1.26 of Abramowitz & Stegun (1964), whose error is at most 1.5e-7, the precision of float32."""


@dataclass(frozen=True, eq=False)
class Linear:
    """A matrix ``(n_inputs, n_outputs)`` and what is added to its products."""

    matrix: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        """Multiply the last axis."""
        product = x @ self.matrix
        product += self.bias
        return product


@dataclass(frozen=True, eq=False)
class Norm:
    """Layer normalisation (Ba, Kiros & Hinton 2016, arXiv 1607.06450)."""

    gamma: Array
    beta: Array

    def __call__(self, x: Array) -> Array:
        """Standardise the last axis."""
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + np.float32(NORM_EPSILON)) * self.gamma + self.beta


@dataclass(frozen=True, eq=False)
class TransformerLayer:
    """Self-attention and a feed-forward part, each added to what came in."""

    attention_norm: Norm
    query_key_value: Linear
    out: Linear
    n_heads: int
    feed_forward_norm: Norm
    widen: Linear
    narrow: Linear

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """Return the frames after this layer and its attended values, both (n_frames, d_model)."""
        attended = self._attend(self.query_key_value(self.attention_norm(x)))
        x = x + self.out(attended)
        return x + self.narrow(gelu(self.widen(self.feed_forward_norm(x)))), attended

    def _attend(self, projected: Array) -> Array:
        query, key, value = projected.reshape(len(projected), 3, self.n_heads, -1).transpose(1, 2, 0, 3)
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1]))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return (weights @ value).transpose(1, 0, 2).reshape(len(projected), -1)


class NumpyEncoder:
    """A frozen encoder that turns clips into the frames of every layer.

    Parameters
    ----------
    folder : Path
        With ``model.safetensors`` and ``config.json``, whole or as a run kept it.

    Raises
    ------
    ChampionError
        If one of them is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.config = WhisperConfig.read(folder)
        tensors = read_tensors(folder)
        self._stem = tuple(_convolution(tensors, name) for name in ("conv1", "conv2"))
        self._positions = tensors["embed_positions.weight"]
        self._layers = tuple(_layer(tensors, self.config, layer) for layer in range(self.config.encoder_layers))
        self._norm = _norm(tensors, "layer_norm")

    def encode(self, samples: Array, *, range_decades: float = RANGE_DECADES) -> Encoding:
        """Encode one clip; parameters and errors as of :meth:`features.whisper.encoder.WhisperEncoder.encode`."""
        x = log_mel(samples, n_mels=self.config.num_mel_bins, range_decades=range_decades).T
        x = gelu(self._stem[0](_windows(x)))
        x = gelu(self._stem[1](_windows(x, stride=2)))
        x = x + self._positions[: len(x)]
        outputs, attended = [], []
        for layer in self._layers:
            x, values = layer(x)
            outputs.append(x)
            attended.append(values)
        return Encoding(np.stack([*outputs, self._norm(x)]), np.stack(attended))


def gelu(x: Array) -> Array:
    """Return the Gaussian error linear unit (Hendrycks & Gimpel 2016, arXiv 1606.08415) of each number of a matrix."""
    result = np.empty_like(x)
    for start in range(0, len(x), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        result[rows] = _gelu(x[rows])
    return result


def _gelu(x: Array) -> Array:
    """Return ``x Φ(x)``, which is the positive part of x less what the tail of the normal distribution takes."""
    half_magnitude = np.abs(x)
    half_magnitude *= np.float32(0.5)
    t = half_magnitude * ERF_RATE
    t += 1
    np.reciprocal(t, out=t)
    tail: NDArray[Any] = ERF_COEFFICIENTS[0] * t
    for coefficient in ERF_COEFFICIENTS[1:]:
        tail += coefficient
        tail *= t
    density = x * x
    density *= np.float32(-0.5)
    tail *= np.exp(density, out=density)
    tail *= half_magnitude
    return np.subtract(np.maximum(x, 0), tail, out=tail)


def _windows(x: Array, *, stride: int = 1) -> Array:
    """Return each frame between its neighbours, (n_frames / stride, 3 · n_channels); beyond the ends are zeros."""
    padded = np.pad(x, ((1, 1), (0, 0)))
    return np.concatenate([padded[k : k + len(x) : stride] for k in range(3)], axis=1)


def _layer(tensors: Tensors, config: WhisperConfig, layer: int) -> TransformerLayer:
    name = f"layers.{layer}"
    parts = [_linear(tensors, f"{name}.self_attn.{part}_proj") for part in "qkv"]
    together = Linear(np.concatenate([part.matrix for part in parts], axis=1), np.concatenate([part.bias for part in parts]))
    return TransformerLayer(
        attention_norm=_norm(tensors, f"{name}.self_attn_layer_norm"),
        query_key_value=together,
        out=_linear(tensors, f"{name}.self_attn.out_proj"),
        n_heads=config.encoder_attention_heads,
        feed_forward_norm=_norm(tensors, f"{name}.final_layer_norm"),
        widen=_linear(tensors, f"{name}.fc1"),
        narrow=_linear(tensors, f"{name}.fc2"),
    )


def _linear(tensors: Tensors, name: str) -> Linear:
    matrix = np.ascontiguousarray(tensors[f"{name}.weight"].T)
    return Linear(matrix, tensors.get(f"{name}.bias", np.zeros(matrix.shape[1], np.float32)))


def _convolution(tensors: Tensors, name: str) -> Linear:
    """Return a convolution over three frames as a product with each frame between its neighbours."""
    kernel: NDArray[Any] = tensors[f"{name}.weight"]  # (n_outputs, n_inputs, 3)
    return Linear(np.ascontiguousarray(kernel.transpose(2, 1, 0)).reshape(-1, len(kernel)), tensors[f"{name}.bias"])


def _norm(tensors: Tensors, name: str) -> Norm:
    return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"])
