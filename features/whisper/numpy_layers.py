"""Whisper layers for answers: the same moments, by an encoder in NumPy that loads at once.

A search computes them with TensorFlow (:mod:`features.whisper.layers`), whose frames these repeat to the precision of float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from features.analysis import Analysis
from features.kind import finite
from features.mfcc import decimate
from features.whisper.encoder import FRAME_SECONDS
from features.whisper.frontend import SPEECH_RANGE_DECADES
from features.whisper.layers import FRAMES_PER_STEP, WhisperBase, WhisperLayers, WhisperTiny
from features.whisper.numpy_encoder import NumpyEncoder


class NumpyLayers(WhisperLayers):
    """Whisper layers without TensorFlow."""

    @cached_property
    def _encoder(self) -> NumpyEncoder:
        return NumpyEncoder(self.folder)

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the vector that :meth:`features.whisper.layers.WhisperLayers.extract` returns."""
        n_pieces = -(-len(analysis.samples) // int(self.config.max_source_positions * FRAME_SECONDS * SAMPLE_RATE_HZ))
        pieces = np.array_split(analysis.samples, n_pieces)
        encodings = [self._encoder.encode(piece, range_decades=SPEECH_RANGE_DECADES) for piece in pieces]
        vector = np.full(self.shape, np.nan, np.float32)
        for layer in range(self.config.encoder_layers):
            for part, frames in enumerate(([one.layers[layer] for one in encodings], [one.attended[layer] for one in encodings])):
                steps = decimate(np.concatenate(frames), FRAMES_PER_STEP)
                vector[:, part, layer] = finite(np.stack([steps.mean(axis=0), steps.std(axis=0)]))
        return vector.ravel()


class NumpyTiny(NumpyLayers, WhisperTiny):
    """Layers of Whisper tiny.en without TensorFlow."""


class NumpyBase(NumpyLayers, WhisperBase):
    """Layers of Whisper base without TensorFlow."""


NUMPY_KINDS: Mapping[str, NumpyLayers] = {kind.key: kind for kind in (NumpyTiny(), NumpyBase())}
"""Input kinds that stand in for those of the same key where something answers."""
