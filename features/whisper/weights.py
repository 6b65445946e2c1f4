"""Whisper's weights: find or download a folder, read its configuration and tensors, write a copy with the encoder alone.

Conventions
-----------
A *folder* holds ``config.json`` and ``model.safetensors`` under the names of the Hugging Face repositories; of the tensors, only
those of the encoder are read. Every tensor is rounded to float16 on the way in, so that the published float32 file and a copy
written here give the same features to the last bit.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotune.errors import ChampionError, DownloadError
from emotune.files import PROJECT_ROOT, write_bytes

ENVIRONMENT_VARIABLE = "EMOTUNE_WHISPER"
LOCAL_FOLDER = PROJECT_ROOT / "data" / "whisper-tiny.en"
REVISION = "87c7102498dcde7456f24cfd30239ca606ed9063"
DOWNLOAD_URL = f"https://huggingface.co/openai/whisper-tiny.en/resolve/{REVISION}"
CONFIG_FILE = "config.json"
TENSORS_FILE = "model.safetensors"
SHA256 = {
    CONFIG_FILE: "b5366317df280f79e6cc366f259f379674f81a8721d458acf2e00680ccb10b1d",
    TENSORS_FILE: "db59695928ded6043adaef491a53ef4e12da9611184d77c53baa691a60b958ad",
}
"""The published files at :data:`REVISION`; the tensors, decoder included, are 151 MB."""

PREFIX = "model.encoder."


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


_chosen: Path | None = None
"""Folder set by :func:`use_whisper`."""


def use_whisper(folder: Path | None) -> None:
    """Set the folder of weights that :func:`find_whisper` prefers in this process.

    Parameters
    ----------
    folder : Path or None
        A folder with ``config.json`` and ``model.safetensors``; None removes the choice. A worker process does not inherit it.
    """
    global _chosen
    _chosen = folder


def find_whisper(path: str | Path | None = None, *, may_download: bool = True) -> Path:
    """Return a folder with an encoder's weights, downloading Whisper tiny.en (151 MB) if there is none.

    Parameters
    ----------
    path : str or Path, optional
        The folder; without it that of :func:`use_whisper`, then :data:`ENVIRONMENT_VARIABLE`, then
        :data:`LOCAL_FOLDER`, then the published files.
    may_download : bool
        Whether to fetch what is not here.

    Raises
    ------
    ChampionError
        If the folder that was asked for lacks one of the two files.
    DownloadError
        If there are no weights here and the download fails, its checksum differs or it is not wanted.
    """
    asked = path or _chosen or os.environ.get(ENVIRONMENT_VARIABLE)
    if not asked:
        if _is_complete(LOCAL_FOLDER):
            return LOCAL_FOLDER
        if not may_download:
            raise DownloadError(
                f"Whisper's weights are needed, but {ENVIRONMENT_VARIABLE} names no folder and {LOCAL_FOLDER} has none; "
                f"name one with --whisper DIR."
            )
        return _download()
    folder = Path(asked).expanduser()
    if not _is_complete(folder):
        raise ChampionError(f"A Whisper folder holds {TENSORS_FILE} and {CONFIG_FILE}, but {folder} does not; name one that does.")
    return folder


def read_tensors(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Read the encoder's tensors.

    Parameters
    ----------
    folder : Path
        As :func:`find_whisper` returns it.

    Returns
    -------
    dict of str to ndarray [dtype=float32]
        Tensors without the prefix ``model.encoder.``, sorted by name, rounded to float16.

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
            tensors = {name.removeprefix(PREFIX): file.get_tensor(name).astype(np.float16) for name in names}
    except (OSError, SafetensorError) as error:
        raise ChampionError(f"{path} must be a whole safetensors file, got: {error}; fetch it again.") from error
    if not tensors:
        raise ChampionError(f"{path} must hold tensors named {PREFIX}…, but has none; use a file of a Whisper repository.")
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


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
    from safetensors.numpy import save

    halves = {PREFIX + name: np.ascontiguousarray(tensor, np.float16) for name, tensor in tensors.items()}
    write_bytes(folder / TENSORS_FILE, save(halves))
    write_bytes(folder / CONFIG_FILE, json.dumps({"model_type": "whisper", **asdict(config)}, indent=1).encode())


def copy_encoder(source: Path, target: Path) -> None:
    """Write a folder's encoder, without the decoder and in float16, to another folder."""
    write_tensors(target, read_tensors(source), config=WhisperConfig.read(source))


def encoder_digest(folder: Path) -> str:
    """Return the SHA-256 of an encoder's names and float16 numbers: its identity, whatever file they came in."""
    digest = hashlib.sha256()
    for name, tensor in read_tensors(folder).items():
        digest.update(f"{name}{tensor.shape}".encode())
        digest.update(tensor.astype(np.float16).tobytes())
    return digest.hexdigest()


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in SHA256)


def _download() -> Path:
    import pooch

    try:
        for name, sha256 in SHA256.items():
            pooch.retrieve(f"{DOWNLOAD_URL}/{name}", known_hash=f"sha256:{sha256}", fname=name, path=LOCAL_FOLDER)
    except (OSError, ValueError) as error:
        reason = "its checksum differs" if isinstance(error, ValueError) else type(error).__name__
        raise DownloadError(
            f"Whisper's weights are needed, but {ENVIRONMENT_VARIABLE} names no folder, {LOCAL_FOLDER} has none and the download "
            f"from {DOWNLOAD_URL} failed ({reason}); fetch {CONFIG_FILE} and {TENSORS_FILE} from there into that folder."
        ) from error
    return LOCAL_FOLDER
