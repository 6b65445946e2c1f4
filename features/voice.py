"""Voice: fundamental frequency, voicing and harmonicity by autocorrelation.

The tracker is Boersma's (1993, Proc. Institute of Phonetic Sciences 17): the autocorrelation of a windowed frame divided by that of
the window, candidates at its peaks, and a cheapest path through them that discourages octave jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from features.frames import HOP_SAMPLES

LOWEST_F0_HZ = 65.0
HIGHEST_F0_HZ = 700.0
REFERENCE_F0_HZ = 27.5
WINDOW_SAMPLES = 800
N_CANDIDATES = 5
VOICING_THRESHOLD = 0.5
SILENCE_THRESHOLD = 0.02
OCTAVE_COST = 0.03
JUMP_COST_PER_OCTAVE = 0.35
VOICING_COST = 0.14

VOICE_SPEC = {"lowest_f0_hz": LOWEST_F0_HZ, "highest_f0_hz": HIGHEST_F0_HZ, "window_samples": WINDOW_SAMPLES, "version": 2}


@dataclass(frozen=True, eq=False)
class Voice:
    """Pitch, voicing and harmonicity of each frame.

    Attributes
    ----------
    f0_semitones : ndarray [shape=(n_frames,), dtype=float32]
        Semitones above 27.5 Hz, interpolated where unvoiced (0 where nothing is voiced).
    is_voiced : ndarray of bool [shape=(n_frames,)]
        True for voiced frames.
    harmonicity : ndarray [shape=(n_frames,), dtype=float32]
        Height of the best autocorrelation peak, in [0, 1].
    """

    f0_semitones: NDArray[np.float32]
    is_voiced: NDArray[np.bool_]
    harmonicity: NDArray[np.float32]


def track_voice(samples: NDArray[np.float32]) -> Voice:
    """Track the voice of a clip, one value each 10 ms.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``.
    """
    correlation, loudness = _autocorrelation(samples)
    lags, heights = _candidates(correlation)
    f0_hz = SAMPLE_RATE_HZ / lags
    strengths = heights - OCTAVE_COST * np.log2(HIGHEST_F0_HZ / f0_hz)
    unvoiced = VOICING_THRESHOLD + np.maximum(0, 2 - loudness / SILENCE_THRESHOLD * 2)
    path = _cheapest_path(np.log2(f0_hz), strengths, unvoiced)  # type: ignore[arg-type]
    is_voiced = path < N_CANDIDATES
    chosen = np.minimum(path, N_CANDIDATES - 1)
    rows = np.arange(len(path))
    semitones = 12 * np.log2(f0_hz[rows, chosen] / REFERENCE_F0_HZ)
    filled = np.interp(rows, rows[is_voiced], semitones[is_voiced]) if is_voiced.any() else np.zeros(len(path))
    harmonicity = np.where(is_voiced, heights[rows, chosen], heights.max(axis=1))
    return Voice(filled.astype(np.float32), is_voiced, np.clip(harmonicity, 0, 1).astype(np.float32))


def _autocorrelation(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    half = WINDOW_SAMPLES // 2
    windows = sliding_window_view(np.pad(samples, (half, half)), WINDOW_SAMPLES)[::HOP_SAMPLES]
    windows = windows - windows.mean(axis=1, keepdims=True)
    peak = np.abs(windows).max(axis=1)
    taper, taper_correlation = _taper()
    spectrum = scipy.fft.rfft(windows * taper, 2 * len(taper_correlation), axis=1)
    correlation = scipy.fft.irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, : len(taper_correlation)]
    correlation /= np.maximum(correlation[:, :1], 1e-12) * taper_correlation
    return correlation.astype(np.float32), (peak / max(float(peak.max()), 1e-9)).astype(np.float32)


@lru_cache
def _taper() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    taper = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW_SAMPLES) + 0.5) / WINDOW_SAMPLES)).astype(np.float32)
    n_fft = scipy.fft.next_fast_len(WINDOW_SAMPLES + round(SAMPLE_RATE_HZ / LOWEST_F0_HZ) + 2, real=True)
    n_fft += n_fft % 2
    correlation = scipy.fft.irfft(np.abs(scipy.fft.rfft(taper, n_fft)) ** 2)[: n_fft // 2]
    return taper, np.maximum(correlation / correlation[0], 1e-3).astype(np.float32)


def _candidates(correlation: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return lags (in samples) and heights of the highest peaks, both refined by a parabola, each (n_frames, N_CANDIDATES)."""
    first, last = round(SAMPLE_RATE_HZ / HIGHEST_F0_HZ), round(SAMPLE_RATE_HZ / LOWEST_F0_HZ)
    left, middle, right = (correlation[:, first + k : last + k] for k in (-1, 0, 1))
    height = np.where((middle > left) & (middle >= right), middle, 0)
    # Short lags win ties: prefer the higher octave among equal peaks.
    preference = height - OCTAVE_COST * np.log2(np.arange(first, last) / first)
    best = np.argpartition(-preference, N_CANDIDATES, axis=1)[:, :N_CANDIDATES]
    a, b, c = (np.take_along_axis(side, best, axis=1) for side in (left, middle, right))
    curvature = a - 2 * b + c
    shift = np.where(np.abs(curvature) > 1e-6, 0.5 * (a - c) / np.where(curvature == 0, 1, curvature), 0).clip(-0.5, 0.5)
    is_peak = np.take_along_axis(height, best, axis=1) > 0
    heights = np.where(is_peak, b - 0.25 * (a - c) * shift, 0)
    return (best + first + shift).astype(np.float32), heights


def _cheapest_path(octaves: NDArray[np.float32], strengths: NDArray[np.float32], unvoiced: NDArray[np.float32]) -> NDArray[np.intp]:
    """Viterbi over the candidates and an unvoiced state (the last); returns the state of each frame."""
    n, k = octaves.shape
    gain = np.concatenate([strengths, unvoiced[:, None]], axis=1)
    costs = np.full((n, k + 1, k + 1), VOICING_COST, dtype=np.float32)
    costs[1:, :k, :k] = JUMP_COST_PER_OCTAVE * np.abs(octaves[:-1, :, None] - octaves[1:, None, :])
    costs[:, k, k] = 0
    total, back = gain[0], np.zeros((n, k + 1), dtype=np.intp)
    for t in range(1, n):
        scores = total[:, None] - costs[t]
        back[t] = scores.argmax(axis=0)
        total = scores.max(axis=0) + gain[t]
    path = np.empty(n, dtype=np.intp)
    path[-1] = total.argmax()
    for t in range(n - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path
