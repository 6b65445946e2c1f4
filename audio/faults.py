"""Faults of the signal: range, offset, clipped peaks and bandwidth, from how a recording was made or written."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.notes import Note, NoteKind

FLOAT_CODECS = ("FLOAT", "DOUBLE", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be")
MAX_FLOAT_PEAK = 1.001
MAX_DECODED_PEAK = 2.0  # lossy codecs overshoot full scale a little
INTEGER_SCALES = (2.0**15, 2.0**23, 2.0**31)
MIN_INTEGER_PEAK = 256.0
N_PROBED = 100_000

MIN_DC_SHARE = 0.1
MIN_DC = 2.0**-14
"""RAVDESS's largest share is 0.036, EmoDB's 0.040; bad sound cards reach 0.5."""

CLIPPED_FROM = 0.999
MIN_RUN = 3
MIN_CLIPPED_SHARE = 5e-4
MIN_CLIPPED_PEAK = 2.0**-9

NARROW_RATE_HZ = 12_000
BAND_FRAME_SAMPLES = 512
MAX_BAND_FRAMES = 16
IN_BAND_HZ = (2500.0, 3400.0)
ABOVE_BAND_HZ = (4400.0, 7500.0)
MIN_BAND_DROP_DB = 36.0
"""Wide-band speech drops by at most 27 dB in RAVDESS and 32 dB in four other corpora; telephone speech by more than 40 dB."""


def to_full_scale(frames: NDArray[np.float32], *, peak: float, codec: str) -> tuple[NDArray[np.float32], tuple[Note, ...]]:
    """Bring samples that exceed full scale into [-1, 1].

    Parameters
    ----------
    frames : ndarray [shape=(n, channels), dtype=float32]
        Finite samples.
    peak : float
        Their largest magnitude.
    codec : str
        What they were decoded from; floats may hold any range.

    Returns
    -------
    frames : ndarray [shape=(n, channels), dtype=float32]
        The same array if nothing exceeds the range.
    notes : tuple of Note
        By how much the samples were scaled.
    """
    if peak <= (MAX_FLOAT_PEAK if codec in FLOAT_CODECS else MAX_DECODED_PEAK):
        return frames, ()
    probed = frames[:N_PROBED]
    is_integer = peak >= MIN_INTEGER_PEAK or (peak > 2 and np.array_equal(probed, np.rint(probed)))
    scale = next((scale for scale in INTEGER_SCALES if is_integer and peak <= scale), peak)
    bits = {2.0**15: "16-bit", 2.0**23: "24-bit", 2.0**31: "32-bit"}.get(scale)
    reason = f", as {bits} integers have it" if bits else ""
    text = f"Samples reach {peak:.4g}, where full scale is 1{reason}; they were divided by {scale:.10g}."
    return (frames / np.float64(scale)).astype(np.float32), (Note(NoteKind.OUT_OF_RANGE, text),)


def peak_of(samples: NDArray[np.float32]) -> float:
    """Return the largest magnitude; NaN or Inf if a sample is, 0 without samples."""
    if not samples.size:
        return 0.0
    highest, lowest = float(samples.max()), float(samples.min())
    return highest if np.isnan(highest) else max(highest, -lowest)


def without_dc(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[Note, ...]]:
    """Remove a notable constant offset; a small one stays, so that clean recordings keep their bits.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Finite samples.
    """
    offset = float(samples.mean())
    if abs(offset) < MIN_DC:
        return samples, ()
    mean_square = float(np.dot(samples, samples)) / len(samples)
    if offset**2 < MIN_DC_SHARE**2 * (mean_square - offset**2):
        return samples, ()
    text = f"A constant offset (DC) of {offset:+.3g} of full scale was removed."
    return samples - np.float32(offset), (Note(NoteKind.DC_OFFSET, text),)


def clipping(samples: NDArray[np.float32]) -> tuple[Note, ...]:
    """Recognise clipped peaks, at full scale or lowered afterwards: runs of samples that stay at the extreme.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Finite samples at the rate they were recorded with; resampling hides the runs.
    """
    highest, lowest = float(samples.max()), float(samples.min())
    if max(highest, -lowest) < MIN_CLIPPED_PEAK:
        return ()
    n_clipped = _n_in_runs(samples >= CLIPPED_FROM * highest) if highest > 0 else 0
    n_clipped += _n_in_runs(samples <= CLIPPED_FROM * lowest) if lowest < 0 else 0
    share = n_clipped / len(samples)
    if share < MIN_CLIPPED_SHARE:
        return ()
    peak = max(highest, -lowest)
    later = "" if peak > 0.97 else ", and the level was lowered afterwards"
    text = f"Clipped: {share:.1%} of the samples stay at the extreme of {peak:.2g}{later}. Record quieter."
    return (Note(NoteKind.CLIPPED, text),)


def _n_in_runs(hits: NDArray[np.bool_]) -> int:
    """Return how many hits stand in runs of at least three."""
    positions = np.flatnonzero(hits)
    if len(positions) < MIN_RUN:
        return 0
    runs = np.split(positions, np.flatnonzero(np.diff(positions) > 1) + 1)
    return sum(len(run) for run in runs if len(run) >= MIN_RUN)


def bandwidth(samples: NDArray[np.float32], *, source_rate_hz: int) -> tuple[Note, ...]:
    """Recognise telephone and other band-limited speech.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono samples at :data:`audio.clip.SAMPLE_RATE_HZ`.
    source_rate_hz : int
        The rate of the recording, which may itself be the limit.
    """
    if source_rate_hz <= NARROW_RATE_HZ:
        text = (
            f"Sampled at {source_rate_hz / 1000:g} kHz, as telephones do: nothing above {source_rate_hz / 2000:g} kHz is there. "
            "The models learnt from speech up to 8 kHz; trust them less."
        )
        return (Note(NoteKind.NARROW_BAND, text),)
    n_frames = len(samples) // BAND_FRAME_SAMPLES
    if n_frames == 0:
        return ()
    frames = samples[: n_frames * BAND_FRAME_SAMPLES].reshape(n_frames, BAND_FRAME_SAMPLES)
    n_loud = min(MAX_BAND_FRAMES, max(1, round(0.3 * n_frames)))
    window, in_band, above_band = _band_masks()
    loud = frames[np.argsort(np.einsum("ij,ij->i", frames, frames))[-n_loud:]]
    power = np.square(np.abs(np.fft.rfft(loud * window, axis=1))).mean(axis=0)
    levels_db = 10 * np.log10(power + 1e-20)
    drop_db = levels_db[in_band].mean() - levels_db[above_band].mean()
    if drop_db < MIN_BAND_DROP_DB:
        return ()
    text = (
        f"Band-limited, as telephone speech at 8 kHz is: the sound drops by {drop_db:.0f} dB above 4 kHz. "
        "The models learnt from speech up to 8 kHz; trust them less."
    )
    return (Note(NoteKind.NARROW_BAND, text),)


@cache
def _band_masks() -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the window of a frame, and which of its frequencies lie in the telephone's band and above it."""
    hz = np.fft.rfftfreq(BAND_FRAME_SAMPLES, 1 / SAMPLE_RATE_HZ)
    in_band, above_band = ((hz > low) & (hz < high) for low, high in (IN_BAND_HZ, ABOVE_BAND_HZ))
    return np.hanning(BAND_FRAME_SAMPLES).astype(np.float32), in_band, above_band
