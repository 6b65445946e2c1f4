"""Recordings: any WAV, FLAC, OGG or MP3 becomes mono float32 at the project's sample rate, or is refused with the reason."""

from __future__ import annotations

import struct
from os import SEEK_CUR, SEEK_END, PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import BadRecordingError

MIN_SECONDS = 0.2
MAX_SECONDS = 300.0
FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3")

STREAMED_WAV_BYTES = 0x7FFFF000  # writers that cannot seek back leave this or more as the size of the data chunk
MAX_OGG_PAGE_BYTES = 65_307
OGG_LAST_PAGE = 4
MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
MP3_TOLERANCE_FRAMES = 2 * 1152


def load_recording(path: str | PathLike[str], *, name: str | None = None) -> NDArray[np.float32]:
    """Load a recording as the features want it.

    Channels are averaged and other rates resampled (soxr, very high quality); mono at 16 kHz passes unchanged.

    Parameters
    ----------
    path : path-like
        A WAV, FLAC, OGG or MP3 file of any rate and channel count.
    name : str, optional
        What errors call the recording; its path by default.

    Returns
    -------
    ndarray [shape=(n,), dtype=float32]
        Mono samples at :data:`audio.clip.SAMPLE_RATE_HZ`.

    Raises
    ------
    BadRecordingError
        If the file is missing, not audio, truncated, without samples, shorter than 0.2 s, longer than 5 min, digitally
        silent, or holds NaN or infinite samples.
    """
    source = name or str(path)
    try:
        _check_whole(Path(path), source=source)
        frames, rate_hz = _decode(Path(path), source=source)
    except OSError as error:
        raise BadRecordingError(source, f"must be a file that can be read, but: {error.strerror}; check the path.") from error
    mono = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1)
    check_samples(mono, source=source, rate_hz=rate_hz)
    if rate_hz == SAMPLE_RATE_HZ:
        return np.ascontiguousarray(mono)
    return np.asarray(soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ, quality="VHQ"), dtype=np.float32)


def check_samples(samples: NDArray[np.float32], *, source: str, rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Refuse samples that no emotion can be heard in.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono samples.
    source : str
        What the error calls the recording.
    rate_hz : int
        Samples per second.

    Raises
    ------
    BadRecordingError
        If the samples are not one channel, none, too few, too many, not finite, or all the same.
    """
    if samples.ndim != 1:
        raise BadRecordingError(source, f"must be one channel of samples, got the shape {samples.shape}; average the channels.")
    _check_duration(len(samples), rate_hz=rate_hz, source=source)
    n_bad = int(np.count_nonzero(~np.isfinite(samples)))
    if n_bad:
        raise BadRecordingError(source, f"samples must be finite, but {n_bad} of {len(samples)} are NaN or Inf; export it again.")
    if np.ptp(samples) == 0:
        raise BadRecordingError(
            source,
            f"must not be silent, but all {len(samples)} samples are {samples[0]:g}; check the microphone.",
        )


def _check_duration(n_samples: int, *, rate_hz: int, source: str) -> None:
    """Refuse a recording by its length."""
    if n_samples == 0:
        raise BadRecordingError(source, "must hold sound, but has zero samples; record it again.")
    seconds = n_samples / rate_hz
    if seconds < MIN_SECONDS:
        raise BadRecordingError(source, f"must last at least {MIN_SECONDS} s, got {seconds:.3f} s; record a little longer.")
    if seconds > MAX_SECONDS:
        raise BadRecordingError(
            source, f"must last at most {MAX_SECONDS / 60:.0f} min, got {seconds / 60:.1f} min; cut it into single utterances."
        )


def _decode(path: Path, *, source: str) -> tuple[NDArray[np.float32], int]:
    """Return a file's frames [shape=(n, channels)] and rate in Hz; what its header already rules out is never decoded."""
    # libsndfile gets the open file because soundfile judges names: it takes x.raw for headerless samples.
    with path.open("rb", buffering=0) as file:
        try:
            sound = soundfile.SoundFile(file.fileno(), closefd=False)
        except soundfile.LibsndfileError as error:
            n_bytes = path.stat().st_size
            raise BadRecordingError(
                source,
                f"must be WAV, FLAC, OGG or MP3 audio, but its {n_bytes} bytes are not ({error.error_string}); convert it.",
            ) from error
        with sound:
            if sound.format not in FORMATS:
                raise BadRecordingError(source, f"must be WAV, FLAC, OGG or MP3 audio, got {sound.format}; convert it to WAV.")
            if sound.frames == np.iinfo(np.int64).max:
                raise BadRecordingError(source, "must say its length, but its header leaves it open; convert it to WAV.")
            _check_duration(sound.frames, rate_hz=sound.samplerate, source=source)
            try:
                frames = sound.read(dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise _truncated(source, f"decoding stops early ({error.error_string})") from error
            if len(frames) < sound.frames - _length_tolerance(sound.format, path):
                raise _truncated(source, f"its header says {sound.frames} frames and it has {len(frames)}")
            return frames, sound.samplerate


def _length_tolerance(container: str, path: Path) -> float:
    """Return how many frames fewer than its header says a whole file may have; without a tag an MP3's length is a guess."""
    if container != "MP3":
        return 0
    content = path.read_bytes()
    return MP3_TOLERANCE_FRAMES if any(tag in content for tag in MP3_LENGTH_TAGS) else np.inf


def _check_whole(path: Path, *, source: str) -> None:
    """Refuse a truncated WAV or OGG file, whose length libsndfile would silently take from what is left of it."""
    with path.open("rb") as file:
        magic = file.read(4)
        if magic in (b"RIFF", b"RIFX"):
            _check_wav_whole(file, order="<" if magic == b"RIFF" else ">", source=source)
        elif magic == b"OggS":
            _check_ogg_whole(file, source=source)


def _check_wav_whole(file: BinaryIO, *, order: str, source: str) -> None:
    """Compare the size of a WAV file's data chunk with what follows it."""
    n_file_bytes = file.seek(0, SEEK_END)
    file.seek(12)
    while len(head := file.read(8)) == 8:
        (n_bytes,) = struct.unpack(f"{order}I", head[4:])
        if head[:4] == b"data":
            n_left = n_file_bytes - file.tell()
            if n_left < n_bytes < STREAMED_WAV_BYTES:
                raise _truncated(source, f"its header says {n_bytes} bytes of sound and it has {n_left}")
            return
        file.seek(n_bytes + n_bytes % 2, SEEK_CUR)


def _check_ogg_whole(file: BinaryIO, *, source: str) -> None:
    """Look for the page that ends an Ogg stream, whole, at the end of the file."""
    n_file_bytes = file.seek(0, SEEK_END)
    file.seek(max(0, n_file_bytes - MAX_OGG_PAGE_BYTES))
    tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    n_segments = page[26] if len(page) > 26 else 0
    n_page_bytes = 27 + n_segments + sum(page[27 : 27 + n_segments])
    if len(page) < n_page_bytes or not page[5] & OGG_LAST_PAGE:
        raise _truncated(source, f"the last page of its Ogg stream is not among its {n_file_bytes} bytes")


def _truncated(source: str, finding: str) -> BadRecordingError:
    """Return the error for a file that ends too early."""
    return BadRecordingError(source, f"must be whole, but {finding}: it is truncated or damaged; copy or record it again.")
