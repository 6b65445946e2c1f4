"""Whisper layers: the frames and attended values of every layer of a pretrained speech recogniser's encoder.

The middle layers of such encoders describe prosody and voice better than the last ones, which describe words (Pepino, Riera &
Ferrer 2021, Interspeech, for wav2vec 2.0). The array holds all layers, so that a search can select some.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from features.analysis import Analysis
from features.frames import FRAMES_SPEC
from features.kind import InputKind, finite
from features.mfcc import decimate
from features.whisper.encoder import FRAME_SECONDS
from features.whisper.kept import Precision, identity, keep_encoder, n_layers_of_origin
from features.whisper.published import BASE, TINY_EN, PublishedEncoder
from features.whisper.weights import CONFIG_FILE, TENSORS_FILE, WhisperConfig, copy_encoder, read_tensors

if TYPE_CHECKING:
    from features.whisper.encoder import WhisperEncoder

FRAMES_PER_STEP = 4
PARTS = ("layer", "attended")


class WhisperLayers(InputKind):
    """Frames of every layer of an encoder, then attended values of every layer, as columns; one step averages 80 ms.

    A subclass names the published encoder. Silence before and after the speech is cut, as for every input kind.

    Parameters
    ----------
    folder : Path, optional
        Folder of the weights; without it :attr:`published` finds one when it is first needed.
    """

    published: ClassVar[PublishedEncoder]
    is_handmade = False
    libraries = ("keras", "tensorflow", "safetensors")

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[type[WhisperLayers], tuple[Path | None]]:
        # Another process does not know which folder this one was told to use.
        return type(self), (vars(self).get("folder", self._folder),)

    @cached_property
    def folder(self) -> Path:
        """Folder of the weights."""
        return self._folder or self.published.find(may_download=False)

    @cached_property
    def config(self) -> WhisperConfig:
        """Sizes of the encoder in the folder; one that a run kept may lack upper layers."""
        return WhisperConfig.read(self.folder)

    @cached_property
    def n_layers(self) -> int:
        """Transformer layers of the whole encoder; the array has columns for all of them."""
        return n_layers_of_origin(self.folder)

    @cached_property
    def spec(self) -> Mapping[str, Any]:  # type: ignore[override]
        """Everything that determines the array, including the weights."""
        encoder = _identity(self.folder, _stamp(self.folder))
        return {"frames": FRAMES_SPEC, "encoder_sha256": encoder, "frames_per_step": FRAMES_PER_STEP, "version": 2}

    @property
    def columns(self) -> tuple[str, ...]:
        """Names such as ``layer2.17`` and ``attended2.17``, layers from 1."""
        layers = range(1, self.n_layers + 1)
        return tuple(f"{part}{layer}.{k}" for part in PARTS for layer in layers for k in range(self.config.d_model))

    @property
    def n_parameters(self) -> int:
        """Number of the encoder's weights."""
        return sum(tensor.size for tensor in read_tensors(self.folder).values())

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the steps, (n_steps, 2 · n_layers · d_model), float16; a clip over 30 s is encoded in pieces of equal length.

        Layers that a run did not keep are NaN, so that no model reads them unnoticed.
        """
        samples = analysis.samples
        longest = int(self.config.max_source_positions * FRAME_SECONDS * SAMPLE_RATE_HZ)
        n_pieces = -(-len(samples) // longest)
        encoder = _encoder(self.folder, _stamp(self.folder))
        encodings = [encoder.encode(piece) for piece in np.array_split(samples, n_pieces)]
        parts = [np.concatenate([one.layers[:-1], one.attended]) for one in encodings]
        frames = np.concatenate(parts, axis=1).transpose(1, 0, 2)
        steps = finite(decimate(frames.reshape(len(frames), -1), FRAMES_PER_STEP), dtype=np.float16)
        return self._with_every_layer(steps)

    def _with_every_layer(self, steps: NDArray[Any]) -> NDArray[Any]:
        n_kept, width = self.config.encoder_layers, self.config.d_model
        if n_kept == self.n_layers:
            return steps
        every = np.full((len(steps), len(PARTS), self.n_layers, width), np.nan, steps.dtype)
        every[:, :, :n_kept] = steps.reshape(len(steps), len(PARTS), n_kept, width)
        return every.reshape(len(steps), -1)

    def keep(self, folder: Path, *, n_layers: int | None = None, precision: Precision = Precision.FLOAT16) -> None:
        """Write the encoder into a results folder.

        Parameters
        ----------
        folder : Path
            The results folder.
        n_layers : int, optional
            How many layers to keep, from the input on; without it the whole encoder is kept in float16.
        precision : Precision
            How to store those layers.
        """
        if n_layers is None:
            copy_encoder(self.folder, folder / self.key)
        else:
            keep_encoder(self.folder, folder / self.key, n_layers=n_layers, precision=precision)

    def kept_in(self, folder: Path) -> WhisperLayers:
        """Return this kind with the encoder of a results folder, or this kind itself if the folder has none."""
        return type(self)(folder / self.key) if self.kept_files(folder) else self

    def kept_files(self, folder: Path) -> tuple[Path, ...]:
        """Return the encoder's files in a results folder."""
        return tuple(path for name in (CONFIG_FILE, TENSORS_FILE) if (path := folder / self.key / name).is_file())


class WhisperTiny(WhisperLayers):
    """Layers of Whisper tiny.en: four of width 384."""

    key = TINY_EN.key
    title = "Layers of Whisper tiny.en's encoder"
    published = TINY_EN


class WhisperBase(WhisperLayers):
    """Layers of Whisper base, which is multilingual: six of width 512."""

    key = BASE.key
    title = "Layers of Whisper base's encoder"
    published = BASE


def _stamp(folder: Path) -> tuple[int, ...]:
    """Return what changes when a folder's files are written anew."""
    return tuple((folder / name).stat().st_mtime_ns if (folder / name).is_file() else 0 for name in (CONFIG_FILE, TENSORS_FILE))


@lru_cache(maxsize=4)
def _encoder(folder: Path, stamp: tuple[int, ...]) -> WhisperEncoder:
    from features.whisper.encoder import WhisperEncoder

    return WhisperEncoder(folder)


@lru_cache(maxsize=8)
def _identity(folder: Path, stamp: tuple[int, ...]) -> str:
    return identity(folder)
