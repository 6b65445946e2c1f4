"""Whisper layers: moments over a clip of every layer of a pretrained speech recogniser's encoder.

The middle layers of such encoders describe prosody and voice better than the last ones, which describe words (Pepino, Riera &
Ferrer 2021, Interspeech, for wav2vec 2.0). The vector holds all layers, so that a search can select some.
"""

from __future__ import annotations

import itertools
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
from features.whisper.frontend import SPEECH_RANGE_DECADES
from features.whisper.kept import Precision, identity, keep_encoder, n_layers_of_origin
from features.whisper.published import BASE, TINY_EN, PublishedEncoder
from features.whisper.weights import CONFIG_FILE, TENSORS_FILE, WhisperConfig, copy_encoder, read_tensors

if TYPE_CHECKING:
    from features.whisper.encoder import WhisperEncoder

FRAMES_PER_STEP = 4
MOMENTS = ("mean", "std")
PARTS = ("layer", "attended")


class WhisperLayers(InputKind):
    """Mean and standard deviation over the clip of every layer's frames and attended values.

    Both are taken over steps, which average 80 ms. A subclass names the published encoder. Silence before and after the speech is
    cut, as for every input kind.

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
        """Transformer layers of the whole encoder; the vector has columns for all of them."""
        return n_layers_of_origin(self.folder)

    @cached_property
    def spec(self) -> Mapping[str, Any]:  # type: ignore[override]
        """Everything that determines the array, including the weights."""
        encoder = _identity(self.folder, _stamp(self.folder))
        return {
            "frames": FRAMES_SPEC,
            "encoder_sha256": encoder,
            "range_decades": SPEECH_RANGE_DECADES,
            "frames_per_step": FRAMES_PER_STEP,
            "version": 3,
        }

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the vector before it is flattened: (moments, parts, layers, width)."""
        return len(MOMENTS), len(PARTS), self.n_layers, self.config.d_model

    @property
    def columns(self) -> tuple[str, ...]:
        """Names such as ``layer2.17.mean`` and ``attended2.17.std``, layers from 1."""
        positions = itertools.product(MOMENTS, PARTS, range(1, self.n_layers + 1), range(self.config.d_model))
        return tuple(f"{part}{layer}.{k}.{moment}" for moment, part, layer, k in positions)

    @property
    def n_parameters(self) -> int:
        """Number of the encoder's weights."""
        return sum(tensor.size for tensor in read_tensors(self.folder).values())

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the vector, flattened from :attr:`shape`, float32; a clip over 30 s is encoded in pieces of equal length.

        Layers that a run did not keep are NaN, so that no model reads them unnoticed.
        """
        samples = analysis.samples
        longest = int(self.config.max_source_positions * FRAME_SECONDS * SAMPLE_RATE_HZ)
        pieces = np.array_split(samples, -(-len(samples) // longest))
        encoder = _encoder(self.folder, _stamp(self.folder))
        encodings = [encoder.encode(piece, range_decades=SPEECH_RANGE_DECADES) for piece in pieces]
        parts = [np.concatenate([one.layers[:-1], one.attended]) for one in encodings]
        frames = np.concatenate(parts, axis=1).transpose(1, 0, 2)
        steps = decimate(frames.reshape(len(frames), -1), FRAMES_PER_STEP)
        vector = np.full(self.shape, np.nan, np.float32)
        kept = vector[:, :, : self.config.encoder_layers]
        kept[:] = finite(np.stack([steps.mean(axis=0), steps.std(axis=0)])).reshape(kept.shape)
        return vector.ravel()

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
    title = "Moments of the layers of Whisper tiny.en's encoder"
    published = TINY_EN


class WhisperBase(WhisperLayers):
    """Layers of Whisper base, which is multilingual: six of width 512."""

    key = BASE.key
    title = "Moments of the layers of Whisper base's encoder"
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
