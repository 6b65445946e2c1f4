"""Whisper layers: the frames and attended values of every layer of a pretrained speech recogniser's encoder.

The middle layers of such encoders describe prosody and voice better than the last ones, which describe words (Pepino, Riera &
Ferrer 2021, Interspeech, for wav2vec 2.0). The array holds all layers, so that a search can select some.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from features.analysis import Analysis
from features.frames import FRAMES_SPEC
from features.kind import InputKind, finite
from features.mfcc import decimate
from features.whisper.encoder import FRAME_SECONDS
from features.whisper.weights import (
    CONFIG_FILE,
    TENSORS_FILE,
    WhisperConfig,
    copy_encoder,
    encoder_digest,
    find_whisper,
    read_tensors,
)

if TYPE_CHECKING:
    from features.whisper.encoder import WhisperEncoder

FRAMES_PER_STEP = 4
PARTS = ("layer", "attended")
KEPT_FOLDER = "whisper"
"""Folder inside a results folder that holds the encoder for all champions."""


class WhisperLayers(InputKind):
    """Frames of every layer of the encoder, then attended values of every layer, as columns; one step averages 80 ms.

    Parameters
    ----------
    folder : Path, optional
        Folder of the weights; without it :func:`~features.whisper.weights.find_whisper` finds one when it is first needed.
    """

    key = "whisper"
    title = "Layers of Whisper's encoder"
    is_handmade = False
    libraries = ("keras", "tensorflow", "safetensors")

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[type[WhisperLayers], tuple[Path | None]]:
        # Another process does not know which folder this one was told to use.
        return WhisperLayers, (vars(self).get("folder", self._folder),)

    @cached_property
    def folder(self) -> Path:
        """Folder of the weights."""
        return self._folder or find_whisper(may_download=False)

    @cached_property
    def config(self) -> WhisperConfig:
        """Sizes of the encoder."""
        return WhisperConfig.read(self.folder)

    @cached_property
    def spec(self) -> Mapping[str, Any]:  # type: ignore[override]
        """Everything that determines the array, including the weights."""
        encoder = _digest(self.folder)
        return {"frames": FRAMES_SPEC, "encoder_sha256": encoder, "frames_per_step": FRAMES_PER_STEP, "version": 2}

    @property
    def columns(self) -> tuple[str, ...]:
        """Names such as ``layer2.17`` and ``attended2.17``, layers from 1."""
        layers = range(1, self.config.encoder_layers + 1)
        return tuple(f"{part}{layer}.{k}" for part in PARTS for layer in layers for k in range(self.config.d_model))

    @property
    def n_parameters(self) -> int:
        """Number of the encoder's weights."""
        return sum(tensor.size for tensor in read_tensors(self.folder).values())

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the steps, (n_steps, 2 · n_layers · d_model), float16; a clip over 30 s is encoded in pieces of equal length."""
        samples = analysis.samples
        longest = int(self.config.max_source_positions * FRAME_SECONDS * SAMPLE_RATE_HZ)
        n_pieces = -(-len(samples) // longest)
        encodings = [_encoder(self.folder).encode(piece) for piece in np.array_split(samples, n_pieces)]
        parts = [np.concatenate([one.layers[:-1], one.attended]) for one in encodings]
        frames = np.concatenate(parts, axis=1).transpose(1, 0, 2)
        return finite(decimate(frames.reshape(len(frames), -1), FRAMES_PER_STEP), dtype=np.float16)

    def keep(self, folder: Path) -> None:
        """Write the encoder into a results folder, in float16."""
        copy_encoder(self.folder, folder / KEPT_FOLDER)

    def kept_in(self, folder: Path) -> WhisperLayers:
        """Return this kind with the encoder of a results folder, or this kind itself if the folder has none."""
        return WhisperLayers(folder / KEPT_FOLDER) if self.kept_files(folder) else self

    def kept_files(self, folder: Path) -> tuple[Path, ...]:
        """Return the encoder's files in a results folder."""
        return tuple(path for name in (CONFIG_FILE, TENSORS_FILE) if (path := folder / KEPT_FOLDER / name).is_file())


@lru_cache(maxsize=2)
def _encoder(folder: Path) -> WhisperEncoder:
    from features.whisper.encoder import WhisperEncoder

    return WhisperEncoder(folder)


@lru_cache(maxsize=2)
def _digest(folder: Path) -> str:
    return encoder_digest(folder)
