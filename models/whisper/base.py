"""Whisper base: linear heads on layers of Whisper base's encoder, which is larger than tiny.en's and multilingual."""

from __future__ import annotations

from typing import ClassVar

from models.family import Config
from models.whisper.family import LINEAR_DEFAULTS, EncoderFamily


class WhisperBase(EncoderFamily):
    """Linear heads on the first layers of the encoder; the upper two raised no inner score, and take a third of the time."""

    key = "whisper_base"
    title = "Whisper base"
    description = "Linear heads on layers of Whisper base's encoder, pretrained on 680 000 hours of speech in 97 languages."
    input_kind = "whisper_base"
    most_layers = 4
    defaults: ClassVar[Config] = {**LINEAR_DEFAULTS, "n_layers": 4, "penalty": 500.0}
