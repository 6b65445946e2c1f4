"""Blocks: a recording of any length, decoded piece by piece, so that no more than a piece of it is ever held."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.containers import HEAD_BYTES, Headed, corrected_head, other_kind, stated_size
from audio.decode import FORMATS, FORMATS_TEXT, is_length_guessed
from audio.ffmpeg import FfmpegError, FfmpegMissingError, stream_with_ffmpeg
from audio.limits import MAX_BLOCK_SAMPLES, MIN_MISSING_SECONDS
from audio.notes import Note, header_corrected, missing_sound
from emotune.errors import BadRecordingError

BLOCK_SECONDS = 1.0


@dataclass(frozen=True, eq=False)
class Block:
    """A piece of a recording.

    Attributes
    ----------
    frames : ndarray [shape=(n, channels), dtype=float32]
        Samples; full scale is 1 but for files of floats, which may hold anything.
    rate_hz : int
        Samples per second and channel.
    codec : str
        What they were decoded from.
    """

    frames: NDArray[np.float32]
    rate_hz: int
    codec: str


def read_blocks(path: Path, *, source: str) -> Iterator[Block]:
    """Yield a recording in pieces of about a second, through libsndfile where it can and through FFmpeg where it cannot.

    Parameters
    ----------
    path : Path
        Any file that :func:`audio.load.load` takes, of any length.
    source : str
        What errors call the recording.

    Raises
    ------
    BadRecordingError
        If the file cannot be opened, is no recording, changes its rate or channels on the way, or fails while it is decoded.
    """
    _check_kind(path, source=source)
    first: Block | None = None
    try:
        with closing(_blocks(path, source=source)) as blocks:
            for block in blocks:
                first = first or block
                if (block.rate_hz, block.frames.shape[1]) != (first.rate_hz, first.frames.shape[1]):
                    raise BadRecordingError(source, "must keep its rate and channels, but they change on the way; convert it to WAV.")
                if not np.isfinite(block.frames).all():
                    raise BadRecordingError(source, "samples must be finite, but some are NaN or Inf; export it again.")
                yield block
    except FfmpegMissingError as error:
        rule = "must be a recording that libsndfile reads, as the package av, for M4A, WebM and AMR, is missing"
        raise BadRecordingError(source, f"{rule}; install it with pip install av, or convert the recording to WAV.") from error
    except (FfmpegError, soundfile.SoundFileError, RuntimeError, OSError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise BadRecordingError(source, f"must be {FORMATS_TEXT}, but it does not decode ({reason}); convert it to WAV.") from error
    if first is None:
        raise BadRecordingError(source, "must hold sound, but has zero samples; record it again.")


def header_notes(path: Path, *, held_seconds: float) -> tuple[Note, ...]:
    """Return a note if the header of a recording that was read states another length.

    Parameters
    ----------
    path : Path
        The recording.
    held_seconds : float
        How long it is.
    """
    with path.open("rb", buffering=0) as file:
        if corrected_head(file):
            return (header_corrected(held_seconds),)
        size = stated_size(file)
    if size is None or size.promised_bytes is None or not size.held_bytes:
        return ()
    promised_seconds = held_seconds * size.promised_bytes / size.held_bytes
    is_missing = promised_seconds - held_seconds >= MIN_MISSING_SECONDS
    return (missing_sound(held_seconds, promised_seconds=promised_seconds),) if is_missing else ()


def _check_kind(path: Path, *, source: str) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadRecordingError(source, f"must be a file that can be read, but: {reason}; check the path.") from error
    if not head:
        raise BadRecordingError(source, f"must be {FORMATS_TEXT}, but its 0 bytes are not (it is empty); copy or record it again.")
    if found := other_kind(head):
        raise BadRecordingError(source, f"must be {FORMATS_TEXT}, but it is {found[0]}; {found[1]}.")


def _blocks(path: Path, *, source: str) -> Generator[Block, None, None]:
    with path.open("rb", buffering=0) as file:
        corrected = corrected_head(file)
        file.seek(0)
        try:
            # The open file, because soundfile judges names.
            sound = soundfile.SoundFile(Headed(file, *corrected) if corrected else file.fileno(), closefd=False)
        except soundfile.LibsndfileError:
            sound = None
        if sound is not None:
            with sound:
                if sound.format in FORMATS and not is_length_guessed(sound, file):
                    yield from _with_libsndfile(sound)
                    return
        file.seek(0)
        yield from _gathered(Block(*part) for part in stream_with_ffmpeg(file, source=source))


def _with_libsndfile(sound: soundfile.SoundFile) -> Iterator[Block]:
    n_frames = max(1, min(round(BLOCK_SECONDS * sound.samplerate), MAX_BLOCK_SAMPLES // sound.channels))
    n_left = sound.frames
    while n_left > 0:
        # Codecs that cannot seek need to be told the number.
        frames = sound.read(min(n_frames, n_left), dtype="float32", always_2d=True)
        if not len(frames):
            return
        n_left -= len(frames)
        yield Block(frames, sound.samplerate, sound.subtype)


def _gathered(parts: Iterator[Block]) -> Iterator[Block]:
    """Join a decoder's small pieces until they last a second."""
    held: list[Block] = []
    for part in parts:
        if held and (part.rate_hz, part.frames.shape[1]) != (held[0].rate_hz, held[0].frames.shape[1]):
            yield _joined(held)
            held = []
        held.append(part)
        if sum(len(one.frames) for one in held) >= BLOCK_SECONDS * part.rate_hz:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(parts: list[Block]) -> Block:
    return Block(np.concatenate([part.frames for part in parts]), parts[0].rate_hz, parts[0].codec)
