"""Channels: several become one, that carries the voice.

Conventions
-----------
A channel's *level* is the 99th percentile of the power of its blocks of 20 ms, in dB. Its *contrast* is the distance from the 20th
to the 95th percentile: speech pauses, hum and noise do not. The *reference* is the loudest channel among those whose contrast is
within 6 dB of the best.

Rules, in this order, for every channel beside the reference:

- more than 20 dB weaker in level: left out;
- correlated with it by 0.5 or more: averaged with it;
- correlated by -0.5 or less: turned over, then averaged;
- otherwise left out. If it correlates with the reference at some lag of up to 30 ms, it holds the same sound from another place;
  if it does not, but has the contrast of speech, there are two voices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.notes import Note, NoteKind

BLOCK_SECONDS = 0.02
MAX_WEAKER_DB = 20.0
DEAD_DB = 60.0
MIN_CORRELATION = 0.5
MAX_CONTRAST_GAP_DB = 6.0
MIN_SPEECH_CONTRAST_DB = 12.0
MAX_LAG_SECONDS = 0.03
MIN_SAME_SOUND_CORRELATION = 0.25
POWER_FLOOR = 1e-20


def to_mono(frames: NDArray[np.float32], *, rate_hz: int) -> tuple[NDArray[np.float32], tuple[Note, ...]]:
    """Return one channel that carries the voice.

    Parameters
    ----------
    frames : ndarray [shape=(n, channels), dtype=float32]
        Finite samples.
    rate_hz : int
        Samples per second and channel.

    Returns
    -------
    mono : ndarray [shape=(n,), dtype=float32]
        The mean of all channels if they agree; else of those that agree with the reference.
    notes : tuple of Note
        Which channels were left out or turned over, and whether there are two voices.
    """
    n_channels = frames.shape[1]
    if n_channels == 1:
        return frames[:, 0], ()
    if all(np.array_equal(frames[:, 0], frames[:, k]) for k in range(1, n_channels)):
        return frames.mean(axis=1), ()
    centred = [_centred(frames[:, k]) for k in range(n_channels)]
    block_db = _block_levels_db(centred, rate_hz=rate_hz)
    level_db = np.quantile(block_db, 0.99, axis=1)
    reference = _reference(block_db, level_db)
    is_weak = level_db < level_db[reference] - MAX_WEAKER_DB
    correlation = np.array([_correlation(centred[reference], channel) for channel in centred])
    is_weak &= np.arange(n_channels) != reference
    is_same = ~is_weak & (correlation >= MIN_CORRELATION)
    is_inverted = ~is_weak & (correlation <= -MIN_CORRELATION)
    is_other = ~is_weak & ~is_same & ~is_inverted
    if is_same.all():
        return frames.mean(axis=1), ()
    signs = np.where(is_inverted, np.float32(-1), np.float32(1))
    used = is_same | is_inverted
    mono = np.asarray((frames[:, used] * signs[used]).mean(axis=1), dtype=np.float32)
    another_voice = np.array(
        [
            bool(is_other[k])
            and has_speech_contrast(block_db[k])
            and not _is_same_sound(centred[reference], centred[k], rate_hz=rate_hz)
            for k in range(n_channels)
        ]
    )
    return mono, _notes(used, is_weak, is_inverted, is_other, another_voice, weaker_db=level_db[reference] - level_db)


def name_of(channel: int, *, n_channels: int) -> str:
    """Return what people call a channel."""
    return ("left", "right")[channel] if n_channels == 2 else f"number {channel + 1}"


def _centred(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    return channel - np.float32(channel.mean(dtype=np.float64))


def _block_levels_db(centred: list[NDArray[np.float32]], *, rate_hz: int) -> NDArray[np.float64]:
    """Return the level of every block, (channels, n_blocks), no lower than 60 dB below the loudest."""
    n = max(1, min(round(BLOCK_SECONDS * rate_hz), len(centred[0])))
    n_blocks = max(1, len(centred[0]) // n)
    power = np.array(
        [np.mean(np.square(channel[: n_blocks * n].reshape(n_blocks, n), dtype=np.float64), axis=1) for channel in centred]
    )
    return floored_levels_db(power)


def floored_levels_db(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return powers [shape=(channels, n_blocks)] in dB, no lower than 60 dB below the loudest."""
    levels = 10 * np.log10(power + POWER_FLOOR)
    return np.maximum(levels, levels.max() - DEAD_DB)


def _reference(block_db: NDArray[np.float64], level_db: NDArray[np.float64]) -> int:
    """Return the loudest channel among those that may carry the voice."""
    contrast_db = np.quantile(block_db, 0.95, axis=1) - np.quantile(block_db, 0.2, axis=1)
    is_live = level_db > level_db.max() - MAX_WEAKER_DB
    may_speak = is_live & (contrast_db >= contrast_db[is_live].max() - MAX_CONTRAST_GAP_DB)
    energy_db = 10 * np.log10(np.mean(10 ** (block_db / 10), axis=1) + POWER_FLOOR)
    return int(np.where(may_speak, energy_db, -np.inf).argmax())


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the correlation of two centred signals; 0 if one is constant."""
    scale = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(np.dot(a, b)) / scale if scale > 0 else 0.0


def _notes(
    used: NDArray[np.bool_],
    is_weak: NDArray[np.bool_],
    is_inverted: NDArray[np.bool_],
    is_other: NDArray[np.bool_],
    another_voice: NDArray[np.bool_],
    *,
    weaker_db: NDArray[np.float64],
) -> tuple[Note, ...]:
    n_channels = len(used)

    def named(mask: NDArray[np.bool_]) -> str:
        *some, last = (name_of(int(k), n_channels=n_channels) for k in np.flatnonzero(mask))
        return f"{', '.join(some)} and {last}" if some else last

    def channels(mask: NDArray[np.bool_], verb: str, verb_of_several: str) -> str:
        return f"channels {named(mask)} {verb_of_several}" if mask.sum() > 1 else f"channel {named(mask)} {verb}"

    notes = []
    if is_inverted.any():
        inverted = channels(is_inverted, "has", "have").capitalize()
        text = f"{inverted} inverted polarity, which was turned over before averaging."
        notes.append(Note(NoteKind.CHANNEL_INVERTED, text))
    if is_weak.any():
        weak = channels(is_weak, "is", "are").capitalize()
        text = f"{weak} weaker by {weaker_db[is_weak].min():.0f} dB or more and left out; used: {named(used)}."
        notes.append(Note(NoteKind.CHANNEL_CHOSEN, text))
    if another_voice.any():
        text = (
            f"Two people seem to speak on different channels; only {channels(used, 'was', 'were')} used. "
            f"To hear the other, give {channels(another_voice, 'as a file', 'as files')} of its own."
        )
        notes.append(Note(NoteKind.TWO_VOICES, text))
    elif is_other.any():
        other, voice = channels(is_other, "does not agree", "do not agree").capitalize(), channels(used, "carries", "carry")
        text = f"{other} with the others; {voice} the voice, and only that was used."
        notes.append(Note(NoteKind.CHANNEL_CHOSEN, text))
    return tuple(notes)


def has_speech_contrast(block_db: NDArray[np.float64]) -> bool:
    """Return whether the levels of a channel vary as those of speech do."""
    return float(np.quantile(block_db, 0.95) - np.quantile(block_db, 0.2)) >= MIN_SPEECH_CONTRAST_DB


def _is_same_sound(a: NDArray[np.float32], b: NDArray[np.float32], *, rate_hz: int) -> bool:
    """Return whether two centred signals correlate at any lag of up to 30 ms."""
    scale = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    n_lags = round(MAX_LAG_SECONDS * rate_hz)
    n_fft = 1 << (len(a) + n_lags).bit_length()
    products = np.fft.irfft(np.fft.rfft(a, n_fft) * np.fft.rfft(b, n_fft).conj(), n_fft)
    largest = float(np.abs(np.concatenate([products[: n_lags + 1], products[-n_lags:]])).max())
    return scale > 0 and largest >= MIN_SAME_SOUND_CORRELATION * scale
