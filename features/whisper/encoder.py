"""clip → frames of every layer: Whisper's encoder in Keras (Radford et al. 2022, arXiv 2212.04356).

Conventions
-----------
*Layer 0* is the input, a log-mel spectrogram; layers 1 to n are the transformer layers; the final normalisation follows layer n.
The *attended* values of a layer are the outputs of its attention heads before the output projection. A *frame* is 20 ms. A *mask*
is true for the frames of a clip and false for padding; padding does not influence any frame of a clip.

The network consists of stock Keras layers under their Hugging Face names, such as ``model.get_layer("layers.3.fc1")``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import BadRecordingError, ChampionError
from features.whisper.frontend import RANGE_DECADES, log_mel
from features.whisper.weights import PREFIX, WhisperConfig, read_tensors

if TYPE_CHECKING:
    import keras

FRAME_SECONDS = 0.02
NORM_EPSILON = 1e-5

TENSOR_OF_VARIABLE = {"kernel": "weight", "gamma": "weight", "embeddings": "weight", "beta": "bias", "bias": "bias"}


def build_encoder(config: WhisperConfig) -> keras.Model:
    """Build the encoder with random weights.

    Parameters
    ----------
    config : WhisperConfig
        Sizes.

    Returns
    -------
    keras.Model
        Inputs ``[x, mask]``: ``x`` of shape (batch, time, num_mel_bins) with a frame each 10 ms; ``mask`` (batch, time) of bool.
        Outputs: a list of n_layers + 1 arrays (batch, frames, d_model), after each layer and after the final normalisation. Any
        number of frames up to ``max_source_positions``.
    """
    import keras

    inputs = [keras.Input((None, config.num_mel_bins), name="frames"), keras.Input((None,), dtype="bool", name="mask")]
    x, mask = _stem(inputs[0], inputs[1], config)
    outputs = []
    for layer in range(config.encoder_layers):
        x = _transformer_layer(x, mask, config, name=f"layers.{layer}")
        outputs.append(x)
    outputs.append(_norm(x, "layer_norm"))
    return keras.Model(inputs, outputs, name="whisper_encoder")


def attended(model: keras.Model, layer: int) -> Any:
    """Return the tensor (batch, frames, d_model) of a layer's attended values; layers count from 1."""
    return model.get_layer(f"layers.{layer - 1}.self_attn.out_proj").input


def load_weights(model: keras.Model, folder: Path) -> None:
    """Load the weights of a folder into an encoder or a part of one.

    Parameters
    ----------
    model : keras.Model
        From :func:`build_encoder`.
    folder : Path
        With ``model.safetensors``.

    Raises
    ------
    ChampionError
        If a tensor is missing or has another shape than the model's; the model then stays unchanged.
    """
    tensors = read_tensors(folder)
    targets = list(_named_variables(model))
    for name, variable, axes in targets:
        if name not in tensors:
            raise ChampionError(f"{folder} must hold the tensor {PREFIX}{name}; use weights that fit its config.json.")
        needed = tuple(variable.shape[axis] for axis in axes)
        if tensors[name].shape != needed:
            raise ChampionError(
                f"Tensor {PREFIX}{name} of {folder} must have shape {needed}, got {tensors[name].shape}; "
                f"use weights that fit its config.json."
            )
    for name, variable, axes in targets:
        variable.assign(tensors[name].transpose(axes))


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

    layers: NDArray[np.float32]
    attended: NDArray[np.float32]


class WhisperEncoder:
    """A frozen encoder that turns clips into the frames of every layer.

    Parameters
    ----------
    folder : Path
        With ``model.safetensors`` and ``config.json``; see :meth:`features.whisper.published.PublishedEncoder.find`.

    Attributes
    ----------
    config : WhisperConfig
        Sizes.
    model : keras.Model
        The whole encoder.
    """

    def __init__(self, folder: Path) -> None:
        import keras
        import tensorflow as tf

        self.config = WhisperConfig.read(folder)
        self.model = build_encoder(self.config)
        load_weights(self.model, folder)
        # The signature makes TensorFlow trace once for all lengths.
        signature = [tf.TensorSpec((None, None, self.config.num_mel_bins)), tf.TensorSpec((None, None), tf.bool)]
        gathered = [attended(self.model, layer) for layer in range(1, self.config.encoder_layers + 1)]
        everything = keras.Model(self.model.inputs, [*self.model.outputs, *gathered])
        self._run = tf.function(lambda x, mask: tf.stack(everything([x, mask]), axis=1), input_signature=signature)

    def encode(self, samples: NDArray[np.float32], *, range_decades: float = RANGE_DECADES) -> Encoding:
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
        x = log_mel(samples, n_mels=self.config.num_mel_bins, range_decades=range_decades).T[None]
        frames = self._run(x, np.ones(x.shape[:2], bool)).numpy()[0]
        n_layers = self.config.encoder_layers
        return Encoding(frames[: n_layers + 1], frames[n_layers + 1 :])


def _stem(log_mel: Any, mask: Any, config: WhisperConfig) -> tuple[Any, Any]:
    """Return layer 0's frames and their mask: two convolutions, the second of stride 2, and positions."""
    from keras import layers, ops

    x = _gelu(layers.Conv1D(config.d_model, 3, padding="same", name="conv1")(log_mel))
    x = x * ops.expand_dims(ops.cast(mask, x.dtype), -1)
    # Explicit padding: "same" would pad an even number of frames on the right only.
    x = layers.ZeroPadding1D(1)(x)
    x = _gelu(layers.Conv1D(config.d_model, 3, strides=2, name="conv2")(x))
    mask = mask[:, ::2]
    position = ops.cumsum(ops.ones_like(mask, dtype="int32"), axis=1) - 1
    table = layers.Embedding(config.max_source_positions, config.d_model, trainable=False, name="embed_positions")
    return x + table(position), mask


def _transformer_layer(x: Any, mask: Any, config: WhisperConfig, *, name: str) -> Any:
    from keras import layers, ops

    def dense(units: int, part: str, **options: Any) -> Any:
        return layers.Dense(units, name=f"{name}.{part}", **options)

    def heads(projected: Any) -> Any:
        return layers.Reshape((-1, config.encoder_attention_heads, config.d_model // config.encoder_attention_heads))(projected)

    h = _norm(x, f"{name}.self_attn_layer_norm")
    query = heads(dense(config.d_model, "self_attn.q_proj")(h))
    key = heads(dense(config.d_model, "self_attn.k_proj", use_bias=False)(h))
    value = heads(dense(config.d_model, "self_attn.v_proj")(h))
    attended = ops.dot_product_attention(query, key, value, mask=ops.expand_dims(mask, (1, 2)))
    x = x + dense(config.d_model, "self_attn.out_proj")(layers.Reshape((-1, config.d_model))(attended))
    h = _gelu(dense(config.encoder_ffn_dim, "fc1")(_norm(x, f"{name}.final_layer_norm")))
    return x + dense(config.d_model, "fc2")(h)


def _norm(x: Any, name: str) -> Any:
    from keras import layers

    return layers.LayerNormalization(epsilon=NORM_EPSILON, name=name)(x)


def _gelu(x: Any) -> Any:
    from keras import ops

    return ops.gelu(x, approximate=False)


def _named_variables(model: keras.Model) -> Iterator[tuple[str, Any, list[int]]]:
    """Yield each variable with its tensor's name and the order of axes that turns one into the other."""
    for layer in model.layers:
        for attribute, suffix in TENSOR_OF_VARIABLE.items():
            variable = getattr(layer, attribute, None)
            if variable is not None:
                axes = list(range(len(variable.shape)))
                yield f"{layer.name}.{suffix}", variable, axes[::-1] if attribute == "kernel" else axes
