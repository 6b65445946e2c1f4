"""Notes: what loading found or changed in a recording, for people to read before they trust a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class NoteKind(StrEnum):
    """What a note is about."""

    COPY_READ = "copy_read"
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


def header_corrected(held_seconds: float) -> Note:
    """Note that a header states less sound than the file holds."""
    text = f"The header states less sound than the file holds; all {held_seconds:.2f} s were read."
    return Note(NoteKind.HEADER_CORRECTED, text)


def missing_sound(held_seconds: float, *, promised_seconds: float) -> Note:
    """Note that a file holds less sound than its header states."""
    lengths = f"the header promises {promised_seconds:.2f} s and {held_seconds:.2f} s are there"
    return Note(NoteKind.MISSING_SOUND, f"{promised_seconds - held_seconds:.2f} s are missing: {lengths}.")


IN_MANY: Mapping[NoteKind, str] = {
    NoteKind.COPY_READ: "the file is bad, and another one of its name was read",
    NoteKind.MISSING_SOUND: "a part of the sound is missing",
    NoteKind.HEADER_CORRECTED: "the header states less sound than the file holds, and all of it was read",
    NoteKind.DAMAGED_PARTS: "damaged parts were left out",
    NoteKind.OUT_OF_RANGE: "the samples exceeded full scale and were scaled",
    NoteKind.DC_OFFSET: "a constant offset (DC) was removed",
    NoteKind.CHANNEL_CHOSEN: "the channel that carries the voice was chosen",
    NoteKind.CHANNEL_INVERTED: "a channel with inverted polarity was turned over",
    NoteKind.TWO_VOICES: "two people seem to speak on different channels, and one was used",
    NoteKind.CLIPPED: "the sound is clipped",
    NoteKind.NARROW_BAND: "the speech is band-limited, as on the telephone",
}
"""What each kind of note says about many recordings at once, as a clause."""
