"""Weights of pretrained encoders: whether a folder holds the encoder that its family stands on."""

from __future__ import annotations

from emotune.errors import ChampionError
from features.whisper.published import BASE, ENCODERS, TINY_EN
from features.whisper.weights import WhisperConfig
from models import Family

N_LAYERS = {TINY_EN.key: 4, BASE.key: 6}
"""Transformer layers of each published encoder; no two sizes of Whisper have as many."""


def require_size(family: Family) -> None:
    """Refuse weights of another size than those that a family stands on; its weights are here.

    Raises
    ------
    ChampionError
        With both sizes.
    """
    encoder = {one.key: one for one in ENCODERS}.get(family.input_kind)
    if encoder is None:
        return
    folder = encoder.find(may_download=False)
    wanted, found = N_LAYERS[encoder.key], WhisperConfig.read(folder)
    if found.encoder_layers != wanted:
        raise ChampionError(
            f"The encoder of Whisper {encoder.name} has {wanted} layers, but that in {folder} has {found.encoder_layers} of width "
            f"{found.d_model}; give {encoder.option} or {encoder.variable} a folder with the files of {encoder.repository}, or of a "
            "model that was trained on from it."
        )
