"""Frames: the short-time analysis of a clip that the input kinds share.

Conventions
-----------
Frames are 10 ms apart. Arrays are ``(n_frames,)`` or ``(n_frames, n_bands)``, float32. Silence before and after the speech is cut
first; the threshold lies between the clip's noise floor and its peak level, so that it adapts to noisy recordings. What is left is
brought to one level, so that the gain of a recording changes no array. Decibels are limited to a range below the clip's maximum,
because what is lower is the noise of the recording.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import librosa
import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ

HOP_SAMPLES = 160
WINDOW_SAMPLES = 512
N_MELS = 64
N_CHROMA = 12
TRIM_DB = 40.0
TRIM_FRACTION = 0.35
TRIM_MARGIN_FRAMES = 10
MIN_FRAMES = 20
LEVEL_DB = -20.0
RANGE_DB = 50.0
POWER_FLOOR = 1e-10

FRAMES_SPEC = {
    "sample_rate_hz": SAMPLE_RATE_HZ,
    "hop_samples": HOP_SAMPLES,
    "window_samples": WINDOW_SAMPLES,
    "n_mels": N_MELS,
    "trim_db": TRIM_DB,
    "trim_fraction": TRIM_FRACTION,
    "level_db": LEVEL_DB,
    "range_db": RANGE_DB,
    "version": 3,
}
"""Everything that determines a frame; part of the fingerprint of every input kind that uses frames."""

Array = NDArray[np.float32]


class Frames:
    """Lazy short-time analysis: each array is computed once, on first access.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``.

    Attributes
    ----------
    samples : ndarray [shape=(m,), dtype=float32]
        The speech at one level (:func:`trim`, :func:`level`).
    """

    def __init__(self, samples: Array) -> None:
        self.samples = level(trim(samples))

    @cached_property
    def windows(self) -> Array:
        """Overlapping windows of samples, (n_frames, 512), not tapered."""
        half = WINDOW_SAMPLES // 2
        padded = np.pad(self.samples, (half, half), mode="reflect")
        return sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]

    @cached_property
    def power(self) -> Array:
        """Power spectrum, (n_frames, 257)."""
        spectrum = scipy.fft.rfft(self.windows * _hann(WINDOW_SAMPLES), axis=1)
        return spectrum.real**2 + spectrum.imag**2

    @cached_property
    def magnitude(self) -> Array:
        """Magnitude spectrum, (n_frames, 257)."""
        return np.sqrt(self.power)

    @cached_property
    def limited_power(self) -> Array:
        """Power spectrum of which no bin is more than 50 dB below the clip's maximum, (n_frames, 257)."""
        return np.maximum(self.power, self.power.max() * np.float32(10 ** (-RANGE_DB / 10)))

    @cached_property
    def mel_power(self) -> Array:
        """Mel energies, (n_frames, 64)."""
        return self.power @ _mel_filters()

    @cached_property
    def log_mel(self) -> Array:
        """Log-mel energies in dB, at most 50 dB below the clip's maximum, (n_frames, 64)."""
        return limited_db(self.mel_power)

    @cached_property
    def mfcc(self) -> Array:
        """All 64 orthonormal DCT coefficients of the log-mel energies, (n_frames, 64)."""
        return scipy.fft.dct(self.log_mel, type=2, norm="ortho", axis=1)

    @cached_property
    def chroma(self) -> Array:
        """Energy of each pitch class relative to the frame's largest, (n_frames, 12)."""
        chroma = self.power @ _chroma_filters()
        return chroma / np.maximum(chroma.max(axis=1, keepdims=True), POWER_FLOOR)

    @cached_property
    def level_db(self) -> Array:
        """Root-mean-square level in dB of full scale, at most 50 dB below the clip's maximum, (n_frames,)."""
        return limited_db(np.mean(self.windows**2, axis=1))


def trim(samples: Array) -> Array:
    """Cut the silence before and after the speech, leaving 0.1 s on both sides.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``; shorter than 0.2 s is padded with zeros to that.
    """
    shortest = MIN_FRAMES * HOP_SAMPLES
    if len(samples) < shortest:
        return np.pad(samples, (0, shortest - len(samples)))
    n_frames = len(samples) // HOP_SAMPLES
    blocks = samples[: n_frames * HOP_SAMPLES].reshape(n_frames, HOP_SAMPLES)
    level_db = 10 * np.log10(np.mean(blocks.astype(np.float64) ** 2, axis=1) + POWER_FLOOR)
    floor_db, peak_db = np.quantile(level_db, [0.05, 0.97])
    threshold_db = max(peak_db - TRIM_DB, floor_db + TRIM_FRACTION * (peak_db - floor_db))
    loud = np.flatnonzero(level_db >= threshold_db)
    if len(loud) == 0:
        return samples
    first = max(0, loud[0] - TRIM_MARGIN_FRAMES)
    last = min(n_frames, max(loud[-1] + 1 + TRIM_MARGIN_FRAMES, first + MIN_FRAMES))
    first = max(0, min(first, last - MIN_FRAMES))
    return samples[first * HOP_SAMPLES : last * HOP_SAMPLES]


def level(samples: Array) -> Array:
    """Scale to a root-mean-square level of -20 dB of full scale; what is silent stays as it is.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio; silent at a mean power of at most ``POWER_FLOOR``, which is less than a 16-bit file can hold.
    """
    power = np.mean(samples.astype(np.float64) ** 2)
    if power <= POWER_FLOOR:
        return samples
    return samples * np.float32(np.sqrt(10 ** (LEVEL_DB / 10) / power))


def limited_db(power: Array, *, range_db: float = RANGE_DB) -> Array:
    """Return powers in dB, limited to a range below their maximum.

    Parameters
    ----------
    power : ndarray [shape=(n_frames,) or (n_frames, n_bands)]
        At least one frame.
    range_db : float > 0
        Lower powers are raised to so much below the maximum.
    """
    power_db = 10 * np.log10(np.maximum(power, POWER_FLOOR)).astype(np.float32)
    return np.maximum(power_db, power_db.max() - np.float32(range_db))


def delta(track: Array, *, half_width: int = 4) -> Array:
    """Return the slope per frame, by least squares over ``2 * half_width + 1`` frames (the field's delta).

    Parameters
    ----------
    track : ndarray [shape=(n_frames,) or (n_frames, n_bands)]
        Any descriptor.
    """
    offsets = np.arange(1, half_width + 1)
    padded = np.pad(track, [(half_width, half_width)] + [(0, 0)] * (track.ndim - 1), mode="edge")
    n = len(track)
    slope = sum(k * (padded[half_width + k : half_width + k + n] - padded[half_width - k : half_width - k + n]) for k in offsets)
    return np.asarray(slope / (2 * np.sum(offsets**2)), dtype=np.float32)


@lru_cache
def frequencies_hz() -> Array:
    """Centre frequency of each bin of the power spectrum, (257,)."""
    return scipy.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ).astype(np.float32)


@lru_cache
def _hann(n: int) -> Array:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)


@lru_cache
def _mel_filters() -> Array:
    return librosa.filters.mel(sr=SAMPLE_RATE_HZ, n_fft=WINDOW_SAMPLES, n_mels=N_MELS, fmin=20.0).T


@lru_cache
def _chroma_filters() -> Array:
    return librosa.filters.chroma(sr=SAMPLE_RATE_HZ, n_fft=WINDOW_SAMPLES, n_chroma=N_CHROMA).T
