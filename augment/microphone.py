"""Microphone: what lies between a voice and a file, in the order in which it happens."""

from __future__ import annotations

from augment.band import Band
from augment.chain import Chain
from augment.clipping import Clipping
from augment.codec import Codec
from augment.distance import Distance
from augment.equaliser import Equaliser


class Microphone(Chain):
    """Coloured equalisation always; distance, a limited band, clipping and a codec sometimes."""

    key = "microphone"
    title = "Microphone"
    uses_codecs = True
    steps = ((Distance(), 0.5), (Equaliser(), 1.0), (Band(), 0.4), (Clipping(), 0.3), (Codec(), 0.4))
