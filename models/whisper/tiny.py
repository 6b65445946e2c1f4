"""Whisper: small heads on layers of Whisper tiny.en's encoder."""

from __future__ import annotations

from typing import ClassVar

from models.family import Config
from models.whisper.family import LINEAR_DEFAULTS, EncoderFamily

INITIAL_TUNED_TRIAL: Config = {
    "head": "tuned",
    "original_share": 0.6,
    "n_tuning_epochs": 8,
    "tuning_rate": 1e-4,
    "low_rank": 8,
    "label_smoothing": 0.1,
    "mixup": 0.2,
    "time_mask": 1,
    "head_dropout": 0.4,
}
"""Parameters of the second trial that differ from the defaults."""


class Whisper(EncoderFamily):
    """Heads on selected layers of the encoder; the search chooses the layers and the head, and may fine-tune one layer."""

    key = "whisper"
    title = "Whisper tiny"
    description = "A small head on layers of Whisper tiny.en's encoder, pretrained on 680 000 hours of other speech."
    input_kind = "whisper"
    heads = {"linear": ("linear",), "network": ("network",), "tuned": ("linear", "layer")}
    defaults: ClassVar[Config] = {**LINEAR_DEFAULTS, "penalty": 100.0}

    @property
    def initial_trials(self) -> tuple[Config, ...]:
        """The defaults, then fine-tuning."""
        return (self.defaults, {**self.defaults, **INITIAL_TUNED_TRIAL})
