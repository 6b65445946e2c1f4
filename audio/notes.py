"""Notes: what loading found or changed in a recording, for people to read before they trust an answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoteKind(StrEnum):
    """What a note is about."""

    MISSING_SOUND = "missing_sound"
    HEADER_CORRECTED = "header_corrected"
    DAMAGED_PARTS = "damaged_parts"
    OUT_OF_RANGE = "out_of_range"
    DC_OFFSET = "dc_offset"
    CHANNEL_CHOSEN = "channel_chosen"
    CHANNEL_INVERTED = "channel_inverted"
    TWO_VOICES = "two_voices"
    CLIPPED = "clipped"
    NARROW_BAND = "narrow_band"


@dataclass(frozen=True)
class Note:
    """One finding of the loader.

    Attributes
    ----------
    kind : NoteKind
        What it is about.
    text : str
        One or two sentences with the measured value.
    """

    kind: NoteKind
    text: str
