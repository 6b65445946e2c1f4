"""Mixed: another voice through another microphone; several augmentations in a chain, each with its own probability."""

from __future__ import annotations

from augment.band import Band
from augment.chain import Chain
from augment.clipping import Clipping
from augment.codec import Codec
from augment.equaliser import Equaliser
from augment.noise import Noise
from augment.room import Room
from augment.speed import Speed
from augment.tempo import Tempo


class Mixed(Chain):
    """Speed, sometimes followed by another tempo, a room, noise and what a microphone does."""

    key = "mixed"
    title = "Mixed"
    uses_codecs = True
    steps = (
        *((Speed(), 1.0), (Tempo(), 0.3), (Room(), 0.3), (Noise(), 0.5)),
        *((Equaliser(), 0.3), (Band(), 0.2), (Clipping(), 0.2), (Codec(), 0.2)),
    )
