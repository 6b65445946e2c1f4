"""Whisper base: a linear head on layers of Whisper base's encoder, which is larger than tiny.en's and multilingual."""

from __future__ import annotations

from typing import ClassVar

from models.family import Config
from models.whisper.family import LINEAR_DEFAULTS, EncoderFamily


class WhisperBase(EncoderFamily):
    """A linear head on selected layers of the frozen encoder; the search chooses the layers, the readout and the penalty."""

    key = "whisper_base"
    title = "Whisper base"
    description = "A linear head on layers of Whisper base's encoder, pretrained on 680 000 hours of speech in 97 languages."
    input_kind = "whisper_base"
    defaults: ClassVar[Config] = {**LINEAR_DEFAULTS, "penalty": 1e3}
