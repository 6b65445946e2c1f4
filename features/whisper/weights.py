"""Whisper's weights: read the configuration and the tensors of a folder, write a copy with the encoder alone.

Conventions
-----------
A *folder* holds ``config.json`` and ``model.safetensors`` under the names of the Hugging Face repositories; of the tensors, only
those of the encoder are read. *Stored* tensors are as the file has them: float16, or int8 with *scales* under the tensor's name and
:data:`SCALE_SUFFIX`. What is not int8 is rounded to float16 on the way in, so that the published float32 file and a copy written
here give the same features to the last bit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotune.errors import ChampionError
from emotune.files import write_bytes

CONFIG_FILE = "config.json"
TENSORS_FILE = "model.safetensors"
PREFIX = "model.encoder."
SCALE_SUFFIX = ".scale"
BLOCK = 64
"""Inputs of an output channel that share a scale."""
ORIGIN = "kept_from"
"""Key of ``config.json`` for the :class:`Origin` of what a run keeps."""


@dataclass(frozen=True)
class WhisperConfig:
    """Sizes of an encoder, named as in ``config.json``.

    Attributes
    ----------
    d_model : int
        Numbers in a frame.
    encoder_layers, encoder_attention_heads, encoder_ffn_dim : int
        Transformer layers, heads of each, width of the feed-forward part.
    num_mel_bins : int
        Mel bands of the input.
    max_source_positions : int
        Longest input in frames of 20 ms.
    """

    d_model: int
    encoder_layers: int
    encoder_attention_heads: int
    encoder_ffn_dim: int
    num_mel_bins: int
    max_source_positions: int

    @classmethod
    def read(cls, folder: Path) -> WhisperConfig:
        """Read the sizes from a folder's ``config.json``.

        Raises
        ------
        ChampionError
            If the file is missing, not JSON or without one of the sizes.
        """
        path = folder / CONFIG_FILE
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{field.name: int(values[field.name]) for field in fields(cls)})
        except (OSError, ValueError, TypeError, KeyError) as error:
            sizes = ", ".join(field.name for field in fields(cls))
            raise ChampionError(f"{path} must be JSON with the sizes {sizes}, got {error!r}; copy the published file.") from error


@dataclass(frozen=True)
class Origin:
    """What the encoder that a run keeps was made from.

    Attributes
    ----------
    encoder_layers : int
        Transformer layers of the whole encoder.
    encoder_sha256 : str
        :func:`encoder_digest` of the whole encoder.
    kept_sha256 : str
        :func:`encoder_digest` of what was kept of it.
    """

    encoder_layers: int
    encoder_sha256: str
    kept_sha256: str


def read_origin(folder: Path) -> Origin | None:
    """Return the origin of a kept encoder; None for a whole one, or if there is no readable configuration."""
    try:
        return Origin(**json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))[ORIGIN])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_stored(folder: Path) -> dict[str, NDArray[Any]]:
    """Read the encoder's tensors as they are stored.

    Parameters
    ----------
    folder : Path
        With the two files.

    Returns
    -------
    dict of str to ndarray
        Tensors without the prefix ``model.encoder.``, sorted by name: int8 or float16.

    Raises
    ------
    ChampionError
        If the file is missing, damaged or without an encoder.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / TENSORS_FILE
    try:
        with safe_open(path, framework="np") as file:
            names = sorted(name for name in file.keys() if name.startswith(PREFIX))  # noqa: SIM118 (not a mapping)
            stored = {name.removeprefix(PREFIX): _as_stored(file.get_tensor(name)) for name in names}
    except (OSError, SafetensorError) as error:
        raise ChampionError(f"{path} must be a whole safetensors file, got: {error}; fetch it again.") from error
    if not stored:
        raise ChampionError(f"{path} must hold tensors named {PREFIX}…, but has none; use a file of a Whisper repository.")
    return stored


def read_tensors(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Read the encoder's tensors, decoded.

    Parameters
    ----------
    folder : Path
        With the two files.

    Returns
    -------
    dict of str to ndarray [dtype=float32]
        Tensors without the prefix ``model.encoder.``, sorted by name.

    Raises
    ------
    ChampionError
        If the file is missing, damaged or without an encoder, or an int8 tensor lacks scales.
    """
    stored = read_stored(folder)
    decoded = {}
    for name, tensor in stored.items():
        if tensor.dtype == np.int8:
            scale, needed = stored.get(name + SCALE_SUFFIX), scale_shape(tensor)
            if scale is None or scale.shape != needed:
                raise ChampionError(
                    f"{folder / TENSORS_FILE} must hold a scale for each output channel and block of {PREFIX}{name}, {needed}, but "
                    f"has {'none' if scale is None else scale.shape}; restore the file or refit the model."
                )
            decoded[name] = tensor * _along_inputs(scale, tensor)
        elif not name.endswith(SCALE_SUFFIX):
            decoded[name] = tensor.astype(np.float32)
    return decoded


def quantise(tensor: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Return a weight in int8 and its scales: each output channel has its own, one for every :data:`BLOCK` of its inputs.

    The largest magnitude of a block becomes 127. Blocks halve the error of one scale for a whole output channel, because a few large
    weights no longer coarsen the others.

    Parameters
    ----------
    tensor : ndarray [shape=(n_outputs, ...), dtype=float32]
        Weight of a linear layer or a convolution.

    Returns
    -------
    tensor : ndarray [shape=(n_outputs, ...), dtype=int8]
        Between -127 and 127.
    scale : ndarray [shape=(n_outputs, n_blocks), dtype=float16]
        What to multiply with; above zero.
    """
    magnitudes = np.abs(tensor).reshape(len(tensor), -1)
    largest = np.maximum.reduceat(magnitudes, np.arange(0, magnitudes.shape[1], BLOCK), axis=1)
    scale = np.maximum(largest / 127, np.finfo(np.float16).smallest_subnormal).astype(np.float16)
    return np.rint(tensor / _along_inputs(scale, tensor)).clip(-127, 127).astype(np.int8), scale


def scale_shape(tensor: NDArray[Any]) -> tuple[int, int]:
    """Return the shape of an int8 tensor's scales: output channels and blocks of inputs."""
    n_inputs = int(np.prod(tensor.shape[1:]))
    return len(tensor), -(-n_inputs // BLOCK)


def write_tensors(folder: Path, tensors: Mapping[str, NDArray[np.float32]], *, config: WhisperConfig) -> None:
    """Write a folder that :func:`read_tensors` reads, in float16 (16 MB for tiny.en).

    Parameters
    ----------
    folder : Path
        Made if needed.
    tensors : mapping of str to ndarray
        Tensors by name without the prefix.
    config : WhisperConfig
        The sizes that go with them.
    """
    write_stored(folder, {name: tensor.astype(np.float16) for name, tensor in tensors.items()}, config=config)


def write_stored(folder: Path, stored: Mapping[str, NDArray[Any]], *, config: WhisperConfig, origin: Origin | None = None) -> None:
    """Write a folder with tensors as they are to be stored; other parameters as of :func:`write_tensors`.

    Parameters
    ----------
    stored : mapping of str to ndarray
        As :func:`read_stored` returns them.
    origin : Origin, optional
        What they were made from, if they are not a whole encoder.
    """
    from safetensors.numpy import save

    settings = {"model_type": "whisper", **asdict(config), **({ORIGIN: asdict(origin)} if origin else {})}
    write_bytes(folder / TENSORS_FILE, save({PREFIX + name: np.ascontiguousarray(tensor) for name, tensor in stored.items()}))
    write_bytes(folder / CONFIG_FILE, json.dumps(settings, indent=1).encode())


def copy_encoder(source: Path, target: Path) -> None:
    """Write a folder's encoder, without the decoder and in float16, to another folder."""
    write_tensors(target, read_tensors(source), config=WhisperConfig.read(source))


def encoder_digest(folder: Path) -> str:
    """Return the SHA-256 of an encoder's names and stored numbers: its identity, whatever file they came in."""
    return digest_of(read_stored(folder))


def digest_of(stored: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of stored tensors: names, shapes and numbers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(stored.items()):
        digest.update(f"{name}{tensor.shape}".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()


def _as_stored(tensor: NDArray[Any]) -> NDArray[Any]:
    return tensor if tensor.dtype == np.int8 else tensor.astype(np.float16)


def _along_inputs(scale: NDArray[np.float16], tensor: NDArray[Any]) -> NDArray[np.float32]:
    """Return the scale of each number of a tensor."""
    n_inputs = int(np.prod(tensor.shape[1:]))
    return np.repeat(scale.astype(np.float32), BLOCK, axis=1)[:, :n_inputs].reshape(tensor.shape)
