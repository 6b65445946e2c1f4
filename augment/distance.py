"""Distance: a speaker who is far from the microphone, so that the room and its noise come with the voice."""

from __future__ import annotations

from augment.chain import Chain
from augment.noise import Noise
from augment.room import Room


class Distance(Chain):
    """A room and noise together."""

    key = "distance"
    title = "Distance"
    steps = ((Room(), 1.0), (Noise(), 1.0))
