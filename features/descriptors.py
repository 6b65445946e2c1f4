"""Low-level descriptors: named tracks of a clip, one value each 10 ms.

The spectral ones are defined as in librosa (McFee et al. 2015, SciPy) and tested against it; they are computed here from one shared
power spectrum. Flatness, contrast, slopes and ratios read the spectrum limited to 50 dB below the clip's maximum, so that digital
silence has no extreme values. Slope, alpha ratio and Hammarberg index follow eGeMAPS (Eyben et al. 2016, IEEE Trans. Affective
Computing 7(2)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.analysis import Analysis
from features.frames import POWER_FLOOR, frequencies_hz

N_MFCC = 26
N_BANDS = 32
N_CONTRAST_BANDS = 6
LOWEST_CONTRAST_HZ = 200.0
CONTRAST_QUANTILE = 0.02
Array = NDArray[np.float32]

DESCRIPTOR_NAMES: tuple[str, ...] = (
    *(f"mfcc{k}" for k in range(N_MFCC)),
    *(f"logmel{k}" for k in range(N_BANDS)),
    *(f"chroma{k}" for k in range(12)),
    *(f"contrast{k}" for k in range(N_CONTRAST_BANDS + 1)),
    *("level_db", "zcr", "centroid_hz", "bandwidth_hz", "rolloff25_hz", "rolloff85_hz", "flatness_db", "flux"),
    *("slope_low_db", "slope_high_db", "alpha_ratio_db", "hammarberg_db", "f0_semitones", "harmonicity_db"),
)
"""Names of the columns of :func:`descriptors`."""


def descriptors(analysis: Analysis) -> Array:
    """Return every descriptor of a clip.

    Returns
    -------
    ndarray [shape=(n_frames, len(DESCRIPTOR_NAMES)), dtype=float32]
        Columns as in :data:`DESCRIPTOR_NAMES`.
    """
    bands = analysis.log_mel.reshape(len(analysis.log_mel), N_BANDS, -1).mean(axis=2)
    harmonicity = np.clip(analysis.voice.harmonicity, 0.01, 0.999)
    columns = [
        analysis.mfcc[:, :N_MFCC],
        bands,
        analysis.chroma,
        spectral_contrast(analysis.limited_power),
        analysis.level_db,
        zero_crossing_rate(analysis.windows),
        *spectral_moments(analysis.magnitude),
        rolloff_hz(analysis.magnitude, fraction=0.25),
        rolloff_hz(analysis.magnitude, fraction=0.85),
        flatness_db(analysis.limited_power),
        flux(analysis.magnitude),
        *spectral_slopes_db(analysis.limited_power),
        band_ratio_db(analysis.limited_power, low_hz=(50, 1000), high_hz=(1000, 5000), peak=False),
        band_ratio_db(analysis.limited_power, low_hz=(0, 2000), high_hz=(2000, 5000), peak=True),
        analysis.voice.f0_semitones,
        10 * np.log10(harmonicity / (1 - harmonicity)),
    ]
    return np.concatenate([c if c.ndim == 2 else c[:, None] for c in columns], axis=1).astype(np.float32)


def zero_crossing_rate(windows: Array) -> Array:
    """Fraction of neighbouring samples that differ in sign, (n_frames,)."""
    return np.mean(np.diff(np.signbit(windows), axis=1), axis=1, dtype=np.float32)


def spectral_moments(magnitude: Array) -> tuple[Array, Array]:
    """Centroid and bandwidth in Hz, each (n_frames,)."""
    f = frequencies_hz()
    share = magnitude / np.maximum(magnitude.sum(axis=1, keepdims=True), POWER_FLOOR)
    centroid = share @ f
    return centroid, np.sqrt(np.maximum(share @ (f * f) - centroid**2, 0))


def rolloff_hz(magnitude: Array, *, fraction: float) -> Array:
    """Frequency below which a fraction of the summed magnitude lies, in Hz, (n_frames,)."""
    cumulative = np.cumsum(magnitude, axis=1)
    return frequencies_hz()[np.argmax(cumulative >= fraction * cumulative[:, -1:], axis=1)]


def flatness_db(power: Array) -> Array:
    """Geometric over arithmetic mean of the power spectrum in dB, (n_frames,); 0 for white noise."""
    floored = np.maximum(power, POWER_FLOOR)
    return 10 * (np.log10(floored).mean(axis=1) - np.log10(floored.mean(axis=1)))


def flux(magnitude: Array) -> Array:
    """Euclidean distance between neighbouring normalised spectra, (n_frames,)."""
    shape = magnitude / np.maximum(np.linalg.norm(magnitude, axis=1, keepdims=True), POWER_FLOOR)
    return np.linalg.norm(np.diff(shape, axis=0, prepend=shape[:1]), axis=1)


def spectral_contrast(power: Array) -> Array:
    """Peaks over valleys of octave bands in dB, (n_frames, 7), after Jiang et al. (2002, ICME)."""
    edges_hz = np.concatenate([[0.0], LOWEST_CONTRAST_HZ * 2.0 ** np.arange(N_CONTRAST_BANDS), [frequencies_hz()[-1] + 1]])
    bins = np.searchsorted(frequencies_hz(), edges_hz)
    contrast = []
    for first, last in zip(bins[:-1], np.maximum(bins[1:], bins[:-1] + 2), strict=True):
        band = np.sort(power[:, first:last], axis=1)
        n = max(1, round(CONTRAST_QUANTILE * (last - first)))
        peak, valley = band[:, -n:].mean(axis=1), band[:, :n].mean(axis=1)
        contrast.append(10 * np.log10(np.maximum(peak, POWER_FLOOR) / np.maximum(valley, POWER_FLOOR)))
    return np.stack(contrast, axis=1)


def spectral_slopes_db(power: Array) -> tuple[Array, Array]:
    """Linear slope of the log spectrum in 0-500 and 500-1500 Hz, in dB per kHz, each (n_frames,)."""
    level = 10 * np.log10(np.maximum(power, POWER_FLOOR))
    slopes = []
    for low_hz, high_hz in ((0, 500), (500, 1500)):
        inside = (frequencies_hz() >= low_hz) & (frequencies_hz() < high_hz)
        f = frequencies_hz()[inside] / 1000
        centred = f - f.mean()
        slopes.append(level[:, inside] @ centred / (centred @ centred))
    return slopes[0], slopes[1]


def band_ratio_db(power: Array, *, low_hz: tuple[float, float], high_hz: tuple[float, float], peak: bool) -> Array:
    """Energy (or peak) of a low band over a high band in dB, (n_frames,)."""
    f = frequencies_hz()
    reduce = np.max if peak else np.sum
    low, high = (reduce(power[:, (f >= a) & (f < b)], axis=1) for a, b in (low_hz, high_hz))
    return 10 * np.log10(np.maximum(low, POWER_FLOOR) / np.maximum(high, POWER_FLOOR))
