"""Near-duplicates: one recording in two files that differ in level, codec, sample rate or the silence around it.

Method
------
Candidates have nearly the same envelopes between the moments at which 1 % and 99 % of the energy have passed; neither level nor
silence around the speech moves these. All envelopes are compared by matrix products in blocks. A candidate is confirmed if the
waveforms below 1 kHz correlate over all lags. Two utterances of one sentence by one speaker have similar envelopes, but their
waveforms do not correlate.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from audio.clip import SAMPLE_RATE_HZ, Clip
from corpora.corpus import in_words

DECIMATION = 8
RATE_HZ = SAMPLE_RATE_HZ // DECIMATION
LOW_HZ, HIGH_HZ = 150.0, 950.0
FRAME, HOP = 64, 16
BANDS_HZ = (150.0, 300.0, 450.0, 600.0, 800.0, 950.0)
ENERGY_PASSED = (0.01, 0.99)
FLOOR_DB = -40.0
N_POINTS = 48
MIN_SECONDS = 0.2
BLOCK = 1024
N_NEIGHBOURS = 3
MIN_LOW_BAND = 1e-3
MIN_ENVELOPE_SIMILARITY = 0.75
"""Whispered, clipped or much shortened copies may fall below it; codecs, levels, rates and silence hardly change the envelope."""

MIN_WAVEFORM_CORRELATION = 0.8
"""Copies of RAVDESS, EmoDB, EMOVO, URDU and nEMO as MP3, Ogg or at 8 kHz reach 0.96; of their own clips, candidates that are
different recordings reach 0.56 at most. EMOVO has one recording under two names (tri-f3-n1 and tri-f3-n2, 0.98)."""


@dataclass(frozen=True, eq=False)
class NearDuplicate:
    """Two clips that hold the same recording.

    Attributes
    ----------
    first, second : Clip
        The clips, in the order in which they were given.
    correlation : float
        Largest magnitude of the correlation of their waveforms over all lags, in [0, 1].
    """

    first: Clip
    second: Clip
    correlation: float

    @property
    def is_across_speakers(self) -> bool:
        """Whether the recording stands under two speakers."""
        return self.first.speaker != self.second.speaker

    @property
    def is_across_emotions(self) -> bool:
        """Whether the recording stands under two emotions."""
        return self.first.emotion != self.second.emotion

    def __str__(self) -> str:
        return f"{in_words(self.first)} and {in_words(self.second)}"


def find_near_duplicates(clips: Sequence[Clip]) -> tuple[NearDuplicate, ...]:
    """Find clips that hold the same recording, though not the same samples.

    Parameters
    ----------
    clips : sequence of Clip
        Clips without exact duplicates. Clips shorter than :data:`MIN_SECONDS` are left out.

    Returns
    -------
    tuple of NearDuplicate
        Every pair once, in the order of the clips; of more than :data:`N_NEIGHBOURS` copies of one recording, some pairs.
    """
    usable = [clip for clip in clips if clip.duration_seconds >= MIN_SECONDS]
    if len(usable) < 2:
        return ()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waveforms = list(pool.map(_low_band, usable))
        envelopes = np.stack(list(pool.map(_envelope, waveforms)))
        pairs = sorted(_candidates(envelopes))
        correlations = list(pool.map(lambda pair: _correlation(waveforms[pair[0]], waveforms[pair[1]]), pairs))
    return tuple(
        NearDuplicate(usable[i], usable[j], correlation)
        for (i, j), correlation in zip(pairs, correlations, strict=True)
        if correlation >= MIN_WAVEFORM_CORRELATION
    )


def _low_band(clip: Clip) -> NDArray[np.float32]:
    """Return the sound between :data:`LOW_HZ` and :data:`HIGH_HZ`, where codecs change little, at :data:`RATE_HZ` and unit energy."""
    n = DECIMATION * fft.next_fast_len(-(-len(clip.samples) // DECIMATION), real=True)
    spectrum = fft.rfft(clip.samples, n)[: n // DECIMATION // 2 + 1]
    hz = np.arange(len(spectrum)) * (SAMPLE_RATE_HZ / n)
    spectrum[(hz < LOW_HZ) | (hz > HIGH_HZ)] = 0
    waveform = np.asarray(fft.irfft(spectrum, n // DECIMATION), dtype=np.float32)
    norm = np.linalg.norm(waveform)
    if norm < MIN_LOW_BAND * np.linalg.norm(clip.samples) / np.sqrt(DECIMATION):
        return np.zeros_like(waveform)
    return waveform / np.float32(norm)


def _envelope(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of each band at :data:`N_POINTS` moments of the speech, centred, at unit length [shape=(n,)]."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(waveform, FRAME), FRAME)[::HOP]
    power = np.square(np.abs(fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1)))
    hz = fft.rfftfreq(FRAME, 1 / RATE_HZ)
    bands = np.stack([power[:, (hz >= low) & (hz < high)].sum(axis=1) for low, high in pairwise(BANDS_HZ)])
    passed = np.cumsum(bands.sum(axis=0))
    if passed[-1] <= 0:
        return np.zeros(bands.shape[0] * N_POINTS, dtype=np.float32)
    moments = np.arange(bands.shape[1])
    start, end = np.interp(ENERGY_PASSED, passed / passed[-1], moments)
    levels_db = np.maximum(10 * np.log10(bands / bands.max() + 1e-12), FLOOR_DB)
    points = np.linspace(start, end, N_POINTS)
    sampled = np.concatenate([np.interp(points, moments, band) for band in levels_db])
    centred = sampled - sampled.mean()
    return (centred / (np.linalg.norm(centred) or 1.0)).astype(np.float32)


def _candidates(envelopes: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Yield pairs (i < j) of envelopes that are alike, with at most :data:`N_NEIGHBOURS` for each clip."""
    n = len(envelopes)
    n_neighbours = min(N_NEIGHBOURS, n - 1)
    seen: set[tuple[int, int]] = set()
    for begin in range(0, n, BLOCK):
        similar = envelopes[begin : begin + BLOCK] @ envelopes.T
        rows = np.arange(len(similar))
        similar[rows, begin + rows] = -1.0
        nearest = np.argpartition(similar, -n_neighbours, axis=1)[:, -n_neighbours:]
        for row, neighbours in enumerate(nearest):
            for other in neighbours[similar[row, neighbours] >= MIN_ENVELOPE_SIMILARITY]:
                i, j = sorted((begin + row, int(other)))
                if (i, j) not in seen:
                    seen.add((i, j))
                    yield i, j


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the largest magnitude of the correlation of two waveforms of unit energy over all lags, in half samples."""
    n = fft.next_fast_len(len(first) + len(second) - 1, real=True)
    product = fft.rfft(first, n) * np.conj(fft.rfft(second, n))
    lags = fft.irfft(product, 2 * n) * 2
    return float(min(1.0, np.abs(lags).max()))
