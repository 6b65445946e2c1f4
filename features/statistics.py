"""Statistics over time: they reduce a track of any length to a fixed number of named values.

Conventions
-----------
A statistic takes tracks ``(n_frames, n_tracks)`` and returns ``(n_tracks,)``; its name is appended to the track's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
PERCENTILES = (5, 25, 50, 75, 95)
EPSILON = 1e-6


def _moments(tracks: Array) -> dict[str, Array]:
    mean, std = tracks.mean(axis=0), tracks.std(axis=0)
    z = (tracks - mean) / np.maximum(std, EPSILON)
    squared = z * z
    return {"mean": mean, "std": std, "skew": (squared * z).mean(axis=0), "kurtosis": (squared * squared).mean(axis=0)}


def _percentiles(tracks: Array) -> dict[str, Array]:
    values = np.percentile(tracks, PERCENTILES, axis=0)
    named = {f"p{p}": v for p, v in zip(PERCENTILES, values, strict=True)}
    return {**named, "iqr": named["p75"] - named["p25"], "range": named["p95"] - named["p5"]}


def _shape(tracks: Array) -> dict[str, Array]:
    """Slope and curvature (Legendre coefficients), and the residual of the parabola."""
    t = np.linspace(-1, 1, len(tracks), dtype=np.float32)
    parabola = (3 * t**2 - 1) / 2
    parabola -= parabola.mean()  # sampled, it is not orthogonal to a constant by itself
    centred = tracks - tracks.mean(axis=0)
    slope, curvature = (basis @ centred / max(basis @ basis, EPSILON) for basis in (t, parabola))
    left = centred - np.outer(t, slope) - np.outer(parabola, curvature)
    return {"slope": slope, "curvature": curvature, "residual": left.std(axis=0)}


def _movement(tracks: Array) -> dict[str, Array]:
    """Share of rising frames, mean rise and fall, and relative positions of the extremes.

    ``lowest_at`` is the mean position of the lowest frames, because a limited track has many of them.
    """
    steps = np.diff(tracks, axis=0)
    up = steps > 0
    n = len(tracks)
    is_lowest = tracks <= tracks.min(axis=0) + EPSILON
    return {
        "rise_share": up.mean(axis=0),
        "rise": np.where(up, steps, 0).sum(axis=0) / np.maximum(up.sum(axis=0), 1),
        "fall": np.where(up, 0, steps).sum(axis=0) / np.maximum((~up).sum(axis=0), 1),
        "argmax": tracks.argmax(axis=0) / n,
        "lowest_at": np.arange(n) @ is_lowest / is_lowest.sum(axis=0) / n,
    }


def full(tracks: Array) -> dict[str, Array]:
    """Return every statistic."""
    return {**_moments(tracks), **_percentiles(tracks), **_shape(tracks), **_movement(tracks)}


def spread(tracks: Array) -> dict[str, Array]:
    """Return the statistics that are informative for a track with a mean near zero, such as a delta."""
    moments, percentiles = _moments(tracks), _percentiles(tracks)
    return {
        "std": moments["std"],
        "kurtosis": moments["kurtosis"],
        "skew": moments["skew"],
        "p5": percentiles["p5"],
        "p95": percentiles["p95"],
        "mean_abs": np.abs(tracks).mean(axis=0),
    }


def centre(tracks: Array) -> dict[str, Array]:
    """Return mean and standard deviation only."""
    return {"mean": tracks.mean(axis=0), "std": tracks.std(axis=0)}


def summarise(tracks: Array, names: tuple[str, ...], statistics: Callable[[Array], Mapping[str, Array]]) -> dict[str, float]:
    """Return every statistic of every track under ``<track>.<statistic>``.

    Parameters
    ----------
    tracks : ndarray [shape=(n_frames, n_tracks), dtype=float32]
        At least two frames.
    names : tuple of str
        A name for each track.
    statistics : callable
        :func:`full`, :func:`spread` or :func:`centre`.
    """
    return {
        f"{name}.{statistic}": value
        for statistic, values in statistics(tracks).items()
        for name, value in zip(names, values.tolist(), strict=True)
    }
