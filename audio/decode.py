"""Decoding: a file's bytes become frames of float32, through libsndfile where it can and through FFmpeg where it cannot."""

from __future__ import annotations

import io
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.containers import HEAD_BYTES, Headed, corrected_head, cut_ogg_end, has_mp3_length_tag, other_kind, stated_size
from audio.ffmpeg import FfmpegError, FfmpegMissingError, FfmpegSound, decode_with_ffmpeg
from audio.limits import MIN_MISSING_SECONDS, check_decoded_size, check_duration, check_held_share
from audio.notes import Note, NoteKind, header_corrected, missing_sound
from audio.part import WHOLE, Part
from emotune.errors import BadRecordingError

FORMATS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "AU", "NIST", "VOC", "FLAC", "OGG", "MP3")
"""What is taken from libsndfile; it also opens matrices and instruments."""
SIZED_FORMATS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "AU")
FORMATS_TEXT = "WAV, FLAC, Ogg, MP3, M4A, WebM, AMR, AIFF or another kind of audio"
RESUMABLE_FORMATS = ("FLAC", "MP3")
"""Where libsndfile may stop at a fault and FFmpeg goes on after it."""
OPEN_LENGTH = np.iinfo(np.int64).max
MP3_EARLY_SECONDS = 1.0
"""MP3 keeps bits of a frame in earlier ones, so that the beginning of a part needs what lies before it."""
SKIPPED_FRAMES = 2**16
MAX_BAD_SHARE = 0.2
"""FFmpeg also finds a little MP3 in random bytes."""
MP3_TOLERANCE_FRAMES = 2 * 1152
PACKET_SECONDS = 0.1
"""Containers of packets state their length to the end of the last packet."""
OPUS_RATE_HZ = 48_000


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded file.

    Attributes
    ----------
    frames : ndarray [shape=(n, channels), dtype=float32]
        Samples; full scale is 1 but for files of floats, which may hold anything.
    rate_hz : int
        Samples per second and channel.
    container, codec : str
        Such as ``WAV`` and ``PCM_16``, or ``MP4`` and ``aac``.
    notes : tuple of Note
        What was wrong with the file.
    """

    frames: NDArray[np.float32]
    rate_hz: int
    container: str
    codec: str
    notes: tuple[Note, ...] = ()


class _UnreadableError(Exception):
    """libsndfile cannot read a file; the message is the reason, and the header may have told the length."""

    def __init__(self, reason: str, *, promised_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.promised_seconds = promised_seconds


def decode(path: Path, *, source: str, part: Part = WHOLE) -> Decoded:
    """Decode a file or a part of it; what its header already rules out is never decoded.

    Parameters
    ----------
    path : Path
        Any file.
    source : str
        What errors call the recording.
    part : Part
        What of it is wanted; limits hold for that.

    Raises
    ------
    BadRecordingError
        If the file cannot be opened or decoded, is too long or too large, or much of it is missing.
    """
    try:
        with _opened(path, source=source) as file:
            return _decode(file, part, head=file.read(HEAD_BYTES), source=source)
    except BadRecordingError:
        raise
    except Exception as error:  # whatever a decoder raises belongs to this file
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        raise BadRecordingError(source, f"must decode, but that fails ({reason}); convert it to WAV or FLAC.") from error


def _opened(path: Path, *, source: str) -> io.FileIO:
    """Open a regular file; opening a pipe would wait for what writes to it."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise BadRecordingError(source, "must be a file, but is a device or a pipe; save the recording to a file first.")
        return path.open("rb", buffering=0)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadRecordingError(source, f"must be a file that can be read, but: {reason}; check the path.") from error


def _decode(file: io.FileIO, part: Part, *, head: bytes, source: str) -> Decoded:
    if not head:
        raise BadRecordingError(source, f"must be {FORMATS_TEXT}, but its 0 bytes are not (it is empty); copy or record it again.")
    if found := other_kind(head):
        raise BadRecordingError(source, f"must be {FORMATS_TEXT}, but it is {found[0]}; {found[1]}.")
    try:
        return _with_libsndfile(file, part, source=source)
    except _UnreadableError as error:
        first_reason, promised_seconds = str(error).rstrip("."), error.promised_seconds
    try:
        return _with_ffmpeg(file, part, promised_seconds=promised_seconds, source=source)
    except FfmpegMissingError as error:
        rule = f"must be a recording that libsndfile reads ({first_reason}), as the package av, for M4A, WebM and AMR, is missing"
        raise BadRecordingError(source, f"{rule}; install it with pip install av, or convert the recording to WAV.") from error
    except FfmpegError as error:
        reason = str(error).rstrip(".")
        if head[4:8] == b"ftyp":
            rule = f"must be a whole MP4 or M4A file, but it does not decode ({reason}); its end with the index may be missing"
            raise BadRecordingError(source, f"{rule}; copy or record it again.") from error
        n_bytes = file.seek(0, io.SEEK_END)
        rule = f"must be {FORMATS_TEXT}, but its {n_bytes} bytes are not ({first_reason}; {reason})"
        raise BadRecordingError(source, f"{rule}; convert it to WAV.") from error


def _with_libsndfile(file: io.FileIO, part: Part, *, source: str) -> Decoded:
    corrected = corrected_head(file)
    file.seek(0)
    # libsndfile gets the open file because soundfile judges names: it takes x.raw for headerless samples.
    try:
        sound = soundfile.SoundFile(Headed(file, *corrected) if corrected else file.fileno(), closefd=False)
    except soundfile.LibsndfileError as error:
        raise _UnreadableError(error.error_string) from error
    with sound:
        container, rate_hz = sound.format, sound.samplerate
        if container not in FORMATS:
            raise _UnreadableError(f"got {container}")
        is_guess = is_length_guessed(sound, file)
        if not is_guess:
            _check_begins_within(file, sound, part, source=source)
            decoded = _read(sound, part, source=source)
    if is_guess:
        return _with_ffmpeg(file, part, source=source)
    n_held = part.frames(rate_hz)[0] + len(decoded.frames)
    held_seconds = n_held / rate_hz
    promised_seconds = _promised_frames(file, sound, n_held=n_held) / rate_hz
    if container in RESUMABLE_FORMATS and part.start_seconds and not len(decoded.frames):
        raise _UnreadableError("no sound is left where the part begins", promised_seconds=promised_seconds)
    if container in RESUMABLE_FORMATS and part.end_within(promised_seconds) - held_seconds > MIN_MISSING_SECONDS:
        more = _more_with_ffmpeg(file, part, promised_seconds=promised_seconds, source=source)
        if more is not None and len(more.frames) / more.rate_hz > len(decoded.frames) / rate_hz + MIN_MISSING_SECONDS:
            return more
    notes = _missing(part, held_seconds, promised_seconds, source=source)
    if corrected:
        notes = (*notes, header_corrected(held_seconds))
    return replace(decoded, notes=notes) if notes else decoded


def is_length_guessed(sound: soundfile.SoundFile, file: io.FileIO) -> bool:
    """Tell whether libsndfile does not know where a file ends, as in MP3 without a tag; FFmpeg then reads it to its end."""
    return sound.frames == OPEN_LENGTH or (sound.format == "MP3" and not has_mp3_length_tag(file))


def _check_begins_within(file: io.FileIO, sound: soundfile.SoundFile, part: Part, *, source: str) -> None:
    """Refuse a part that begins after the end of the sound, which its header may promise."""
    held_seconds = sound.frames / sound.samplerate
    if 0 < held_seconds <= part.start_seconds:
        # Goes to another place in the file, of which nothing more is read.
        promised_seconds = _promised_frames(file, sound, n_held=sound.frames) / sound.samplerate
        part.check_begins_within(held_seconds, promised_seconds=promised_seconds, source=source)


def _read(sound: soundfile.SoundFile, part: Part, *, source: str) -> Decoded:
    """Read a file or a part of it; what stops at a fault is left to FFmpeg, as libsndfile cannot go back."""
    rate_hz = sound.samplerate
    first, stop = part.frames(rate_hz)
    n_frames = max(0, min(stop, sound.frames) - first)
    if sound.frames:
        check_duration(n_frames / rate_hz, part=part, source=source)
    check_decoded_size(n_frames, n_channels=sound.channels, rate_hz=rate_hz, source=source)
    try:
        n_early = _go_to(sound, first)
        # Codecs that cannot seek, such as GSM 6.10, need to be told the number.
        frames = sound.read(n_early + n_frames, dtype="float32", always_2d=True)[n_early:]
    except soundfile.LibsndfileError as error:
        raise _UnreadableError(error.error_string, promised_seconds=sound.frames / rate_hz) from error
    return Decoded(frames, rate_hz, sound.format, sound.subtype)


def _go_to(sound: soundfile.SoundFile, first: int) -> int:
    """Go to a frame, or a little before it where the codec needs that; return how many frames before it."""
    if sound.seekable():
        n_early = min(first, round(MP3_EARLY_SECONDS * sound.samplerate)) if sound.format == "MP3" else 0
        sound.seek(first - n_early)
        return n_early
    while first > 0 and (n_skipped := len(sound.read(min(first, SKIPPED_FRAMES), dtype="float32"))):
        first -= n_skipped
    return 0


def _promised_frames(file: io.FileIO, sound: soundfile.SoundFile, *, n_held: int) -> float:
    """Return how many frames a file should have by its header; as many as were found if the header does not say."""
    if sound.format in SIZED_FORMATS:
        size = stated_size(file)
        if size is None or size.promised_bytes is None or size.promised_bytes <= size.held_bytes:
            return n_held
        return n_held * size.promised_bytes / size.held_bytes if size.held_bytes and n_held else np.inf
    if sound.format == "OGG":
        position = cut_ogg_end(file) or 0
        return max(n_held, position * sound.samplerate / OPUS_RATE_HZ if sound.subtype == "OPUS" else position)
    if sound.format == "MP3" and sound.frames - n_held <= MP3_TOLERANCE_FRAMES:
        return n_held
    return max(sound.frames, n_held)


def _more_with_ffmpeg(file: io.FileIO, part: Part, *, promised_seconds: float, source: str) -> Decoded | None:
    """Decode with FFmpeg what libsndfile decodes in part; None if that fails too."""
    try:
        return _with_ffmpeg(file, part, promised_seconds=promised_seconds, source=source)
    except (FfmpegMissingError, FfmpegError, BadRecordingError):
        return None


def _with_ffmpeg(file: io.FileIO, part: Part, *, source: str, promised_seconds: float | None = None) -> Decoded:
    file.seek(0)
    sound: FfmpegSound = decode_with_ffmpeg(file, part, promised_seconds=promised_seconds, source=source)
    if promised_seconds is None and sound.n_bad_parts > MAX_BAD_SHARE * sound.n_parts:
        raise FfmpegError(f"{sound.n_bad_parts} of its {sound.n_parts} parts do not decode")
    held_seconds = part.start_seconds + len(sound.frames) / sound.rate_hz
    size = stated_size(file)
    held_share = size.held_bytes / size.promised_bytes if size and size.promised_bytes and size.held_bytes else 1.0
    promised_seconds = promised_seconds or sound.promised_seconds or held_seconds / held_share
    notes = _missing(part, held_seconds, promised_seconds, source=source, tolerance_seconds=PACKET_SECONDS)
    if sound.n_bad_parts:
        text = f"{sound.n_bad_parts} of {sound.n_parts} parts of the file are damaged and were left out."
        notes = (*notes, Note(NoteKind.DAMAGED_PARTS, text))
    return Decoded(sound.frames, sound.rate_hz, sound.container, sound.codec, notes)


def _missing(
    part: Part, held_seconds: float, promised_seconds: float, *, source: str, tolerance_seconds: float = MIN_MISSING_SECONDS
) -> tuple[Note, ...]:
    """Refuse a recording of which much is missing; note it if a little is. Both times count from the recording's start."""
    check_held_share(held_seconds, promised_seconds=promised_seconds, part=part, source=source)
    end = part.end_seconds
    missing_seconds = (promised_seconds if end is None else end) - held_seconds
    if missing_seconds < tolerance_seconds:
        return ()
    if end is None:
        return (missing_sound(held_seconds, promised_seconds=promised_seconds),)
    there = f"the part ends at {end:g} s, the recording at {held_seconds:.2f} s"
    return (Note(NoteKind.MISSING_SOUND, f"{missing_seconds:.2f} s are missing: {there}."),)
