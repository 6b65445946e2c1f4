"""clip → frames of every layer: Whisper's encoder in NumPy (Radford et al. 2022, arXiv 2212.04356).

Conventions
-----------
*Layer 0* is the input, a log-mel spectrogram; layers 1 to n are the transformer layers; the final normalisation follows layer n.
The *attended* values of a layer are the outputs of its attention heads before the output projection. A *frame* is 20 ms. A clip comes
alone and without padding, so that nothing is masked. Tensors have their Hugging Face names, such as ``layers.3.fc1.weight``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import BadRecordingError, ChampionError
from features.whisper.frontend import RANGE_DECADES, log_mel
from features.whisper.weights import PREFIX, WhisperConfig, read_tensors

Array = NDArray[np.float32]
Tensors = Mapping[str, Array]
FRAME_SECONDS = 0.02
NORM_EPSILON = 1e-5
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


@dataclass(frozen=True, eq=False)
class Encoding:
    """The outputs of an encoder for one clip.

    Attributes
    ----------
    layers : ndarray [shape=(n_layers + 1, n_frames, d_model), dtype=float32]
        Frames after each layer and after the final normalisation.
    attended : ndarray [shape=(n_layers, n_frames, d_model), dtype=float32]
        Attended values of each layer.
    """

    layers: Array
    attended: Array


class WhisperEncoder:
    """A frozen encoder that turns clips into the frames of every layer.

    Parameters
    ----------
    folder : Path
        With ``model.safetensors`` and ``config.json``, whole or as a run kept it; see
        :meth:`features.whisper.published.PublishedEncoder.find`.
    n_layers : int, optional
        How many layers to compute at most, from the input on; the final normalisation follows the last of them.

    Attributes
    ----------
    config : WhisperConfig
        Sizes of what the folder holds.

    Raises
    ------
    ChampionError
        If a file is missing or damaged, or a tensor is missing or has another shape than the sizes ask for.
    """

    def __init__(self, folder: Path, *, n_layers: int | None = None) -> None:
        self.config = WhisperConfig.read(folder)
        tensors = read_tensors(folder)
        _require_shapes(tensors, self.config, folder)
        self._stem = tuple(_convolution(tensors, name) for name in ("conv1", "conv2"))
        self._positions = tensors["embed_positions.weight"]
        computed = range(self.config.encoder_layers)[:n_layers]
        self._layers = tuple(_layer(tensors, self.config, layer) for layer in computed)
        self._norm = _norm(tensors, "layer_norm")

    def encode(self, samples: Array, *, range_decades: float = RANGE_DECADES) -> Encoding:
        """Encode one unpadded clip.

        Parameters
        ----------
        samples : ndarray [shape=(n,), dtype=float32]
            Mono audio at 16 kHz, 25 ms to 30 s.
        range_decades : float
            Range of the log-mel spectrogram (:func:`features.whisper.frontend.log_mel`).

        Raises
        ------
        BadRecordingError
            If the clip is too short or too long.
        """
        longest = self.config.max_source_positions * FRAME_SECONDS
        if len(samples) > longest * SAMPLE_RATE_HZ:
            seconds = len(samples) / SAMPLE_RATE_HZ
            raise BadRecordingError("clip", f"Whisper takes at most {longest:g} s, got {seconds:.1f} s; cut it into shorter ones.")
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


def _require_shapes(tensors: Tensors, config: WhisperConfig, folder: Path) -> None:
    for name, needed in _shapes_of(config):
        if name not in tensors:
            raise ChampionError(f"{folder} must hold the tensor {PREFIX}{name}; use weights that fit its config.json.")
        if tensors[name].shape != needed:
            raise ChampionError(
                f"Tensor {PREFIX}{name} of {folder} must have shape {needed}, got {tensors[name].shape}; "
                f"use weights that fit its config.json."
            )


def _shapes_of(config: WhisperConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and the shape of each tensor."""
    d, wide = config.d_model, config.encoder_ffn_dim
    matrices = {"conv1": (d, config.num_mel_bins, 3), "conv2": (d, d, 3), "layer_norm": (d,)}
    for layer in (f"layers.{k}" for k in range(config.encoder_layers)):
        matrices |= {f"{layer}.self_attn.{part}_proj": (d, d) for part in ("q", "k", "v", "out")}
        matrices |= {f"{layer}.fc1": (wide, d), f"{layer}.fc2": (d, wide)}
        matrices |= {f"{layer}.self_attn_layer_norm": (d,), f"{layer}.final_layer_norm": (d,)}
    yield "embed_positions.weight", (config.max_source_positions, d)
    for name, shape in matrices.items():
        yield f"{name}.weight", shape
        if not name.endswith("k_proj"):
            yield f"{name}.bias", shape[:1]


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
