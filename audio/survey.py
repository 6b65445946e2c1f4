"""Survey: a first pass over a long recording, which tells its length and which voice is on which channel.

The rules are those of :mod:`audio.channels`, with one difference: channels that do not correlate hold the same sound from another
place if their *levels* rise and fall together, and else, if they have the contrast of speech, another voice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.blocks import read_blocks
from audio.channels import BLOCK_SECONDS, MAX_WEAKER_DB, MIN_CORRELATION, POWER_FLOOR, floored_levels_db, has_speech_contrast, name_of
from audio.clip import SAMPLE_RATE_HZ
from audio.faults import NARROW_RATE_HZ, to_full_scale
from audio.limits import MIN_SECONDS
from audio.notes import Note, NoteKind
from emotune.errors import BadRecordingError

MIN_LEVEL_CORRELATION = 0.5


@dataclass(frozen=True, eq=False)
class Track:
    """A voice of a recording: the channels that carry it, and how they become one.

    Attributes
    ----------
    name : str
        ``left``, ``right``, ``number 3``; empty where the recording has one voice.
    weights : ndarray [shape=(channels,), dtype=float32]
        The track is the sum of the channels, each times its weight.
    """

    name: str
    weights: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Survey:
    """What a long recording is like.

    Attributes
    ----------
    duration_seconds : float
        Its length.
    tracks : tuple of Track
        Its voices, as far as channels tell them apart.
    notes : tuple of Note
        What was found or changed.
    """

    duration_seconds: float
    tracks: tuple[Track, ...]
    notes: tuple[Note, ...]


def survey(path: Path, *, source: str, max_seconds: float | None = None) -> Survey:
    """Read a recording once, piece by piece.

    Parameters
    ----------
    path : Path
        Any recording.
    source : str
        What errors call it.
    max_seconds : float, optional
        The longest that is allowed; without it there is no limit.

    Raises
    ------
    BadRecordingError
        If it cannot be read, is silent or has not an allowed length.
    """
    n_frames, peak, rate_hz, codec = 0, 0.0, 1, ""
    sums: NDArray[np.float64] | float = 0.0
    products: NDArray[np.float64] | float = 0.0
    powers: list[NDArray[np.float64]] = []
    for block in read_blocks(path, source=source):
        rate_hz, codec = block.rate_hz, block.codec
        n_frames += len(block.frames)
        if max_seconds is not None and n_frames > max_seconds * rate_hz:
            rule = f"must last at most {max_seconds / 60:.0f} min, got more; cut it, or use python app.py --file, which has no limit."
            raise BadRecordingError(source, rule)
        peak = max(peak, float(np.abs(block.frames).max()))
        wide = block.frames.astype(np.float64)
        sums, products = sums + wide.sum(axis=0), products + wide.T @ wide
        powers.append(_powers(block.frames, rate_hz=rate_hz))
    duration = n_frames / rate_hz
    if duration < MIN_SECONDS:
        raise BadRecordingError(source, f"must last at least {MIN_SECONDS} s, got {duration:.3f} s; record a little longer.")
    means = np.asarray(sums) / n_frames
    covariance = np.asarray(products) / n_frames - np.outer(means, means)
    if not (np.diag(covariance) > 1e-14 * max(peak, 1e-3) ** 2).any():
        raise BadRecordingError(source, "must not be silent, but all its samples are the same; check the microphone.")
    scaled, scale_notes = to_full_scale(np.full((1, 1), peak, dtype=np.float32), peak=peak, codec=codec)
    tracks, channel_notes = _tracks(covariance, np.concatenate(powers, axis=1))
    scale = np.float32(scaled[0, 0] / peak)
    tracks = tuple(Track(track.name, track.weights * scale) for track in tracks)
    return Survey(duration, tracks, (*scale_notes, *channel_notes, *_rate_notes(rate_hz)))


def read_tracks(path: Path, tracks: tuple[Track, ...], *, source: str) -> Iterator[list[NDArray[np.float32]]]:
    """Yield the tracks of a recording in pieces of about a second, each mono at ``SAMPLE_RATE_HZ``.

    Raises
    ------
    BadRecordingError
        If it cannot be read.
    """
    weights = np.stack([track.weights for track in tracks], axis=1)
    resampler: soxr.ResampleStream | None = None
    for block in read_blocks(path, source=source):
        mixed = np.clip(block.frames @ weights, -1, 1)
        if block.rate_hz != SAMPLE_RATE_HZ:
            resampler = resampler or soxr.ResampleStream(block.rate_hz, SAMPLE_RATE_HZ, len(tracks), dtype="float32", quality="HQ")
            mixed = resampler.resample_chunk(mixed)
        yield [np.ascontiguousarray(mixed[:, k]) for k in range(len(tracks))]
    if resampler is not None:
        mixed = resampler.resample_chunk(np.zeros((0, len(tracks)), dtype=np.float32), last=True)
        yield [np.ascontiguousarray(mixed[:, k]) for k in range(len(tracks))]


def _powers(frames: NDArray[np.float32], *, rate_hz: int) -> NDArray[np.float64]:
    """Return the mean square of every 20 ms of each channel, (channels, n)."""
    n = max(1, min(round(BLOCK_SECONDS * rate_hz), len(frames)))
    whole = frames[: len(frames) // n * n].reshape(-1, n, frames.shape[1])
    return np.asarray(np.var(whole, axis=1, dtype=np.float64)).T


def _tracks(covariance: NDArray[np.float64], powers: NDArray[np.float64]) -> tuple[tuple[Track, ...], tuple[Note, ...]]:
    n_channels = len(covariance)
    levels_db = floored_levels_db(powers)
    level_db = np.quantile(levels_db, 0.99, axis=1)
    left = [int(k) for k in np.argsort(-level_db, kind="stable") if level_db[k] >= level_db.max() - MAX_WEAKER_DB]
    groups: list[dict[int, float]] = []
    n_left_out = n_channels - len(left)
    deviations = np.sqrt(np.maximum(np.diag(covariance), POWER_FLOOR))
    for channel in left:
        for group in groups:
            reference = next(iter(group))
            correlation = covariance[reference, channel] / (deviations[reference] * deviations[channel])
            if abs(correlation) >= MIN_CORRELATION:
                group[channel] = float(np.sign(correlation))
                break
            if _rise_together(levels_db[reference], levels_db[channel]) or not has_speech_contrast(levels_db[channel]):
                n_left_out += 1
                break
        else:
            groups.append({channel: 1.0})
    groups.sort(key=lambda group: min(group))
    tracks = tuple(
        Track(name_of(min(group), n_channels=n_channels) if len(groups) > 1 else "", _weights(group, n_channels)) for group in groups
    )
    return tracks, _notes(tracks, n_left_out=n_left_out, is_turned=any(sign < 0 for group in groups for sign in group.values()))


def _weights(group: dict[int, float], n_channels: int) -> NDArray[np.float32]:
    return np.array([group.get(k, 0.0) / len(group) for k in range(n_channels)], dtype=np.float32)


def _rise_together(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    if a.std() == 0 or b.std() == 0:
        return False
    return float(np.corrcoef(a, b)[0, 1]) >= MIN_LEVEL_CORRELATION


def _notes(tracks: tuple[Track, ...], *, n_left_out: int, is_turned: bool) -> tuple[Note, ...]:
    notes = []
    if len(tracks) > 1:
        names = " and ".join(track.name for track in tracks)
        notes.append(Note(NoteKind.TWO_VOICES, f"Different voices speak on the channels {names}; each is answered apart."))
    if is_turned:
        notes.append(Note(NoteKind.CHANNEL_INVERTED, "The polarity of a channel is inverted; it was turned over before averaging."))
    if n_left_out:
        text = "A channel that is much weaker or holds the same sound from another place was left out."
        notes.append(Note(NoteKind.CHANNEL_CHOSEN, text))
    return tuple(notes)


def _rate_notes(rate_hz: int) -> tuple[Note, ...]:
    if rate_hz > NARROW_RATE_HZ:
        return ()
    text = f"Sampled at {rate_hz / 1000:g} kHz, as telephones do. The models learnt from speech up to 8 kHz; trust them less."
    return (Note(NoteKind.NARROW_BAND, text),)
