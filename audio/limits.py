"""Limits: how long a recording may be, how much memory its sound may take and how much of it may be missing."""

from __future__ import annotations

import math

from audio.part import WHOLE, Part
from emotune.errors import BadRecordingError

MIN_SECONDS = 0.2
MAX_SECONDS = 300.0
MAX_DECODED_SAMPLES = round(MAX_SECONDS) * 2 * 96_000
"""Frames times channels: 5 min of 96 kHz stereo, which is 230 MB as float32."""
MAX_BLOCK_SAMPLES = 2**20
"""Frames times channels of one piece of a recording that is decoded piece by piece."""
MIN_HELD_SHARE = 0.4
"""A file that holds less of what its header promises is refused."""
MIN_MISSING_SECONDS = 0.05
"""Less than this is a matter of how headers count, and not missing sound."""
CORRECT_PART = "correct the part's start and end"


def check_duration(seconds: float, *, part: Part = WHOLE, source: str) -> None:
    """Refuse a recording by its length.

    Parameters
    ----------
    seconds : float
        Its length in seconds.
    part : Part
        Which part of a file it is.
    source : str
        What the error calls the recording.

    Raises
    ------
    BadRecordingError
        If it is empty, shorter than 0.2 s or longer than 300 s.
    """
    if seconds <= 0:
        raise BadRecordingError(source, "must hold sound, but has zero samples; record it again.")
    if seconds < MIN_SECONDS:
        shown = math.floor(seconds * 1000) / 1000
        next_step = "record a little longer" if part == WHOLE else CORRECT_PART
        raise BadRecordingError(source, f"must last at least {MIN_SECONDS} s, got {shown:.3f} s; {next_step}.")
    check_not_too_long(seconds, part=part, source=source)


def check_not_too_long(seconds: float, *, part: Part = WHOLE, source: str) -> None:
    """Refuse a recording, or a part of one, that is longer than 300 s."""
    if seconds > MAX_SECONDS:
        shown = math.ceil(seconds * 10) / 10
        next_step = "cut it into single utterances" if part == WHOLE else CORRECT_PART
        raise BadRecordingError(source, f"must last at most {MAX_SECONDS:.0f} s, got {shown:.1f} s; {next_step}.")


def check_decoded_size(n_frames: float, *, n_channels: int, rate_hz: int, source: str) -> None:
    """Refuse a recording whose decoded sound would take too much memory.

    Parameters
    ----------
    n_frames : float
        Samples per channel.
    n_channels, rate_hz : int
        Channels, and samples per second and channel.
    source : str
        What the error calls the recording.

    Raises
    ------
    BadRecordingError
        If it has more than :data:`MAX_DECODED_SAMPLES` samples in all channels.
    """
    n_samples = n_frames * n_channels
    if n_samples > MAX_DECODED_SAMPLES:
        raise BadRecordingError(
            source,
            f"must decode to at most {MAX_DECODED_SAMPLES / 1e6:.1f} million samples (channels × rate × seconds), got "
            f"{n_channels} × {rate_hz} Hz × {n_frames / rate_hz:.1f} s = {n_samples / 1e6:.1f} million; "
            "convert it to one channel at 48 kHz or less.",
        )


def check_held_share(held_seconds: float, *, promised_seconds: float, part: Part = WHOLE, source: str) -> None:
    """Refuse a recording, or a part of one, of which much is missing.

    Parameters
    ----------
    held_seconds, promised_seconds : float
        How much sound the file holds, up to the end of the part, and how much its header states.
    part : Part
        What of it is wanted.
    source : str
        What the error calls the recording.

    Raises
    ------
    BadRecordingError
        If less than :data:`MIN_HELD_SHARE` of what is wanted is there.
    """
    if held_seconds - part.start_seconds < MIN_HELD_SHARE * (part.end_within(promised_seconds) - part.start_seconds):
        what = "its sound" if part == WHOLE else "the part"
        raise BadRecordingError(
            source,
            f"must hold at least {MIN_HELD_SHARE:.0%} of {what}, but its header promises {promised_seconds:.2f} s and "
            f"{held_seconds:.2f} s are there: it is truncated or damaged; copy or record it again.",
        )
