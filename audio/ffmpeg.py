"""FFmpeg: what libsndfile cannot read is decoded by PyAV, whose wheels carry FFmpeg (AAC, ALAC, AMR, Opus in WebM, …)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from audio.limits import check_decoded_size, check_not_too_long
from audio.part import Part
from emotune.errors import BadRecordingError

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

DEMUXERS = "mov,matroska,webm,aac,amr,ac3,eac3,asf,ogg,mp3,flac,wav,w64,aiff,caf,au"
"""Playlists and the like are not among them: they would make FFmpeg open other files and addresses."""
STATING_LENGTH = {"mov", "matroska"}
"""Containers whose stated length is no guess from the bit rate."""
INDEXED = {"mov"}
"""Containers that know where each packet of sound begins."""
SEEK_SECONDS = 1.0
"""How long before a part decoding begins, so that a decoder has what it carries over from packet to packet.

Where AAC stands noise for noise, each decoding has its own."""
CONTAINER_NAMES = {"mov": "MP4", "matroska": "Matroska"}


@dataclass(frozen=True, eq=False)
class FfmpegSound:
    """What FFmpeg decoded.

    Attributes
    ----------
    frames : ndarray [shape=(n, channels), dtype=float32]
        Samples.
    rate_hz : int
        Samples per second and channel.
    container, codec : str
        Such as ``MP4`` and ``aac``.
    promised_seconds : float or None
        The length that the container states.
    n_parts, n_bad_parts : int
        Packets, and those that could not be decoded; a cut one at the end does not count.
    """

    frames: NDArray[np.float32]
    rate_hz: int
    container: str
    codec: str
    promised_seconds: float | None
    n_parts: int
    n_bad_parts: int


class FfmpegMissingError(Exception):
    """The package av is not installed."""


class FfmpegError(Exception):
    """FFmpeg cannot decode a file; the message is the reason."""


def decode_with_ffmpeg(file: BinaryIO, part: Part, *, promised_seconds: float | None = None, source: str) -> FfmpegSound:
    """Decode the first sound of a file to where the part ends, from its start, or from a little before the part if it is indexed.

    Parameters
    ----------
    file : binary file
        Any file, open for reading at its start.
    part : Part
        What of it is wanted.
    promised_seconds : float, optional
        The length that its header states, as libsndfile read it.
    source : str
        What errors call the recording.

    Raises
    ------
    FfmpegMissingError
        If PyAV is not installed.
    FfmpegError
        If FFmpeg cannot decode the file.
    BadRecordingError
        If the sound is too long or too large, or ends before the part.
    """
    with _opened(file) as container:
        return _decode(container, part, promised_before=promised_seconds, source=source)


def stream_with_ffmpeg(file: BinaryIO, *, source: str) -> Iterator[tuple[NDArray[np.float32], int, str]]:
    """Yield the first sound of a file piece by piece, whatever its length.

    Parameters
    ----------
    file : binary file
        Any file, open for reading at its start.
    source : str
        What errors call the recording.

    Yields
    ------
    frames : ndarray [shape=(n, channels), dtype=float32]
        Samples.
    rate_hz : int
        Samples per second and channel.
    codec : str
        Such as ``aac``.

    Raises
    ------
    FfmpegMissingError
        If PyAV is not installed.
    FfmpegError
        If nothing decodes.
    BadRecordingError
        If the file holds no sound.
    """
    with _opened(file) as container:
        stream = _first_sound(container, source=source)
        decoding = _Decoding(container, stream)
        n_frames = 0
        for frame in decoding.frames():
            n_frames += frame.samples
            yield _samples(frame), frame.sample_rate, stream.codec_context.name
        if not n_frames:
            raise FfmpegError(decoding.reason or "it holds no sound that decodes")


def stated_seconds(file: BinaryIO) -> float | None:
    """Return the length that a file's container states, without decoding; None where it states none or it would be a guess.

    Parameters
    ----------
    file : binary file
        Any file, open for reading at its start.

    Raises
    ------
    FfmpegMissingError
        If PyAV is not installed.
    FfmpegError
        If FFmpeg cannot open the file.
    """
    with _opened(file) as container:
        is_stated = container.format.name.partition(",")[0] in STATING_LENGTH and container.streams.audio
        return _stated_seconds(container, container.streams.audio[0]) if is_stated else None


@contextmanager
def _opened(file: BinaryIO) -> Iterator[InputContainer]:
    """Open a file; whatever a demuxer or decoder raises meanwhile belongs to it."""
    try:
        import av
    except ImportError as error:
        raise FfmpegMissingError(str(error)) from error
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "none"}
    try:
        with av.open(file, "r", options=options, metadata_errors="replace") as container:
            yield container
    except (BadRecordingError, FfmpegError):
        raise
    except Exception as error:
        raise FfmpegError(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error


def _first_sound(container: InputContainer, *, source: str) -> AudioStream:
    if not container.streams.audio:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise BadRecordingError(source, f"must hold sound, but its streams are: {kinds}; give a recording with sound.")
    return container.streams.audio[0]


def _decode(container: InputContainer, part: Part, *, promised_before: float | None, source: str) -> FfmpegSound:
    stream = _first_sound(container, source=source)
    name = container.format.name.partition(",")[0]
    promised_seconds = _stated_seconds(container, stream) if name in STATING_LENGTH else None
    if promised_seconds:
        wanted_seconds = part.end_within(promised_seconds) - part.start_seconds
        check_not_too_long(wanted_seconds, part=part, source=source)
        check_decoded_size(wanted_seconds * stream.rate, n_channels=stream.channels, rate_hz=stream.rate, source=source)
    is_sought = name in INDEXED and _seek(container, stream, part, promised_seconds=promised_seconds)
    decoding = _Decoding(container, stream)
    blocks: list[NDArray[np.float32]] = []
    n_read, n_frames, rate_hz = 0, 0, 0
    for frame in decoding.frames():
        if not rate_hz:
            rate_hz, n_read = frame.sample_rate, _n_before(frame, stream) if is_sought else 0
        first, stop = part.frames(rate_hz)
        blocks.append(_samples(frame)[max(0, first - n_read) : max(0, stop - n_read)])
        n_read += frame.samples
        n_frames += len(blocks[-1])
        if blocks[-1].shape[1] != blocks[0].shape[1] or frame.sample_rate != rate_hz:
            raise BadRecordingError(source, "must keep its rate and channels, but they change on the way; convert it to WAV.")
        check_not_too_long(n_frames / rate_hz, part=part, source=source)
        check_decoded_size(n_frames, n_channels=blocks[0].shape[1], rate_hz=rate_hz, source=source)
        if n_read >= stop:
            break
    if not blocks:
        raise FfmpegError(decoding.reason or "it holds no sound that decodes")
    if not n_frames:
        part.check_begins_within(n_read / rate_hz, promised_seconds=promised_before or promised_seconds, source=source)
    return FfmpegSound(
        frames=np.concatenate(blocks),
        rate_hz=rate_hz,
        container=CONTAINER_NAMES.get(name, name.upper()),
        codec=stream.codec_context.name,
        promised_seconds=promised_seconds,
        n_parts=decoding.n_packets,
        n_bad_parts=decoding.n_bad,
    )


class _Decoding:
    """Decoding that goes on after a packet that fails, and counts those."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self._container = container
        self._stream = stream
        self.n_packets = 0
        self.n_bad = 0
        self.reason = ""

    def frames(self) -> Iterator[AudioFrame]:
        """Yield what decodes, until the file ends or cannot be read on."""
        import av

        packets = self._container.demux(self._stream)
        is_bad = False
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, EOFError) as error:
                self.reason = str(error)
                return
            if packet is None:
                return
            self.n_bad += is_bad and packet.size > 0
            is_bad = False
            self.n_packets += 1
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                is_bad = packet.size > 0
                self.reason = str(error)
                continue
            yield from frames


def _seek(container: InputContainer, stream: AudioStream, part: Part, *, promised_seconds: float | None) -> bool:
    """Go to a little before a part that begins within the sound; return whether that was needed and possible."""
    if stream.time_base is None or not SEEK_SECONDS < part.start_seconds < (promised_seconds or 0):
        return False
    container.seek(int((part.start_seconds - SEEK_SECONDS) / stream.time_base), stream=stream)
    return True


def _n_before(frame: AudioFrame, stream: AudioStream) -> int:
    """Return how many samples of each channel come before a frame, by its time stamp."""
    if frame.pts is None or frame.time_base is None or stream.time_base is None:
        raise FfmpegError("its sound has no time stamps")
    begins = (stream.start_time or 0) * stream.time_base
    return max(0, round((frame.pts * frame.time_base - begins) * frame.sample_rate))


def _stated_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    """Return the length that a container states, in seconds."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def _samples(frame: AudioFrame) -> NDArray[np.float32]:
    """Return a frame's samples [shape=(n, channels), dtype=float32], full scale 1."""
    values: Any = frame.to_ndarray()
    values = values.T if frame.format.is_planar else values.reshape(-1, len(frame.layout.channels))
    samples: NDArray[np.float32] = values.astype(np.float32)
    if values.dtype == np.uint8:
        return (samples - np.float32(128)) / np.float32(128)
    return samples / np.float32(2.0 ** (8 * values.itemsize - 1)) if values.dtype.kind == "i" else samples
