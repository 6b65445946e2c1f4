"""Whisper base: a linear head on layers of Whisper base's encoder, which is larger than tiny.en's and multilingual."""

from __future__ import annotations

from typing import ClassVar

from models.family import Config
from models.whisper.family import EncoderFamily


class WhisperBase(EncoderFamily):
    """A linear head on selected layers of the frozen encoder; the search chooses the layers, the readout and the penalty."""

    key = "whisper_base"
    title = "Whisper base"
    description = "A linear head on layers of Whisper base's encoder, pretrained on 680 000 hours of speech in 97 languages."
    input_kind = "whisper_base"
    heads = {"linear": ("linear",)}
    statistics = ("moments", "quartiles")  # four percentiles of twelve parts would be 37 000 columns
    defaults: ClassVar[Config] = {
        "augmentation": "mixed",
        "strength": "gentle",
        "n_copies": 3,
        "layers": "middle",
        "readout": "both",
        "head": "linear",
        "statistics": "moments",
        "n_features": None,
        "n_speaker_directions": 0,
        "balanced": True,
        "copy_weight": 0.5,
        "penalty": 300.0,
    }
