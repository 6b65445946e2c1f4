"""Recordings: any usual audio file becomes mono float32 at the project's sample rate with notes, or is refused with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.channels import to_mono
from audio.clip import SAMPLE_RATE_HZ
from audio.decode import decode
from audio.faults import bandwidth, clipping, peak_of, to_full_scale, without_dc
from audio.limits import check_duration
from audio.notes import Note
from audio.part import WHOLE, Part
from emotune.errors import BadRecordingError


@dataclass(frozen=True, eq=False)
class Loaded:
    """A recording, ready for features, and what was found on the way.

    Attributes
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono samples at :data:`audio.clip.SAMPLE_RATE_HZ`.
    notes : tuple of Note
        What was missing, changed or is doubtful; empty for a clean recording.
    rate_hz : int
        Samples per second and channel in the file.
    channels : int
        Channels in the file.
    container, codec : str
        Such as ``WAV`` and ``PCM_16``, or ``MP4`` and ``aac``.
    """

    samples: NDArray[np.float32]
    notes: tuple[Note, ...]
    rate_hz: int
    channels: int
    container: str
    codec: str

    @property
    def duration_seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ


def load(path: str | PathLike[str], *, name: str | None = None, part: Part = WHOLE) -> Loaded:
    """Load a recording, or a part of it, as the features want it, with notes.

    A clean mono recording at 16 kHz passes bit for bit, other rates are resampled (soxr, very high quality), and channels that agree
    are averaged. Faults that loading can undo are undone and noted: samples out of range, a constant offset, channels that are
    inverted, dead or hold other sound, headers that state too much or too little.

    Parameters
    ----------
    path : path-like
        A file of any rate and channel count: WAV, FLAC, Ogg (Vorbis, Opus), MP3, AIFF, CAF, AU, W64 through libsndfile; M4A, MP4,
        3GP (AAC, ALAC, AMR), AAC, AMR, WebM, MKA through PyAV.
    name : str, optional
        What errors call the recording; its path by default.
    part : Part
        What of it is wanted; the rest is neither judged nor limited.

    Raises
    ------
    BadRecordingError
        If the file is missing, not audio, mostly missing, without samples, shorter than 0.2 s, longer than 300 s, too large when
        decoded, digitally silent, or holds NaN or infinite samples; or if it ends before the part begins.
    """
    source = name or str(path)
    decoded = decode(Path(path), source=source, part=part)
    frames, rate_hz = decoded.frames, decoded.rate_hz
    check_duration(len(frames) / rate_hz, part=part, source=source)
    peak = peak_of(frames)
    _check_finite(frames, peak=peak, source=source)
    frames, range_notes = to_full_scale(frames, peak=peak, codec=decoded.codec)
    mono, channel_notes = to_mono(frames, rate_hz=rate_hz)
    _check_not_silent(mono, source=source)
    clipping_notes = clipping(mono)
    mono, dc_notes = without_dc(mono)
    if rate_hz == SAMPLE_RATE_HZ:
        samples = np.ascontiguousarray(mono)
    else:
        samples = np.asarray(soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ, quality="VHQ"), dtype=np.float32)
    return Loaded(
        samples=samples,
        notes=(*decoded.notes, *range_notes, *channel_notes, *dc_notes, *clipping_notes, *bandwidth(samples, source_rate_hz=rate_hz)),
        rate_hz=rate_hz,
        channels=frames.shape[1],
        container=decoded.container,
        codec=decoded.codec,
    )


def _check_not_silent(samples: NDArray[np.float32], *, source: str) -> None:
    """Refuse finite samples [shape=(n,)] that are all the same."""
    if samples[0] == samples[len(samples) // 2] and samples.min() == samples.max():
        raise BadRecordingError(
            source,
            f"must not be silent, but all {len(samples)} samples are {samples[0]:g}; check the microphone.",
        )


def _check_finite(samples: NDArray[np.float32], *, peak: float, source: str) -> None:
    """Refuse NaN and infinite samples [shape=(n,) or (n, channels)], which their largest magnitude shows."""
    if np.isfinite(peak):
        return
    is_bad = ~np.isfinite(samples.reshape(len(samples), -1)).all(axis=1)
    raise BadRecordingError(
        source, f"samples must be finite, but {np.count_nonzero(is_bad)} of {len(samples)} are NaN or Inf; export it again."
    )
