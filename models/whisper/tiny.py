"""Whisper tiny: linear heads on layers of Whisper tiny.en's encoder."""

from __future__ import annotations

from typing import ClassVar

from models.family import Config
from models.whisper.family import LINEAR_DEFAULTS, EncoderFamily


class Whisper(EncoderFamily):
    """Linear heads on the first layers of the encoder."""

    key = "whisper"
    title = "Whisper tiny"
    description = "Linear heads on layers of Whisper tiny.en's encoder, pretrained on 680 000 hours of other speech."
    input_kind = "whisper"
    most_layers = 4
    defaults: ClassVar[Config] = {**LINEAR_DEFAULTS, "n_layers": 4, "penalty": 500.0}
