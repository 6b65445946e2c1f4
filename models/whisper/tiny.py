"""Whisper tiny: a linear head on layers of Whisper tiny.en's encoder."""

from __future__ import annotations

from typing import ClassVar

from models.family import Config
from models.whisper.family import LINEAR_DEFAULTS, EncoderFamily


class Whisper(EncoderFamily):
    """A linear head on selected layers of the encoder; the search chooses the layers, the readout and the penalty."""

    key = "whisper"
    title = "Whisper tiny"
    description = "A linear head on layers of Whisper tiny.en's encoder, pretrained on 680 000 hours of other speech."
    input_kind = "whisper"
    defaults: ClassVar[Config] = {**LINEAR_DEFAULTS, "penalty": 500.0}
