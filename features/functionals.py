"""Functionals: one vector per clip of statistics over time of low-level descriptors, in the tradition of ComParE and eGeMAPS.

The vector holds statistics of the descriptors and their first deltas over the whole clip, of MFCC second deltas, and of the
descriptors over voiced frames alone; then pitch and level steps between frames, durations of voiced segments, and the modulation
spectrum of the level.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from features.analysis import Analysis
from features.descriptors import DESCRIPTOR_NAMES, N_MFCC, descriptors
from features.frames import FRAMES_SPEC, HOP_SAMPLES, delta
from features.kind import InputKind, finite
from features.statistics import centre, full, spread, summarise
from features.voice import VOICE_SPEC

FRAMES_PER_SECOND = SAMPLE_RATE_HZ / HOP_SAMPLES
MODULATION_BANDS_HZ = ((1, 2), (2, 4), (4, 6), (6, 8), (8, 12), (12, 20))
SHORTEST_MODULATION_FFT = 512
MIN_VOICED_FRAMES = 5


class Functionals(InputKind):
    """The vector of named statistics that the tabular families read."""

    key = "functionals"
    title = "Functionals of low-level descriptors"
    spec = {"frames": FRAMES_SPEC, "voice": VOICE_SPEC, "version": 3}

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        tone = np.sin(np.arange(SAMPLE_RATE_HZ) * 0.08).astype(np.float32)
        return tuple(functionals(Analysis(tone)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names such as ``mfcc3.delta.std``."""
        return self._columns

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the vector, (n_columns,), float32."""
        return finite(np.array(list(functionals(analysis).values())))


def functionals(analysis: Analysis) -> dict[str, float]:
    """Return every functional of a clip by name."""
    tracks = descriptors(analysis)
    names = DESCRIPTOR_NAMES
    first = delta(tracks)
    voiced = analysis.voice.is_voiced
    inside = tracks[voiced] if voiced.sum() >= MIN_VOICED_FRAMES else tracks
    mfcc_names = tuple(f"{name}.delta2" for name in names[:N_MFCC])
    return {
        **summarise(tracks, names, full),
        **summarise(first, tuple(f"{name}.delta" for name in names), spread),
        **summarise(delta(first[:, :N_MFCC]), mfcc_names, spread),
        **summarise(inside, tuple(f"{name}.voiced" for name in names), centre),
        **_pitch(analysis, first[:, names.index("f0_semitones")]),
        **_rhythm(voiced),
        **_modulation(analysis.level_db),
    }


def _pitch(analysis: Analysis, f0_delta: NDArray[np.float32]) -> dict[str, float]:
    """Pitch over voiced frames, and the sizes of pitch and level steps between voiced frames, 10 ms apart."""
    voice = analysis.voice
    voiced = voice.is_voiced
    f0 = voice.f0_semitones[voiced] if voiced.sum() >= MIN_VOICED_FRAMES else voice.f0_semitones
    both = voiced[1:] & voiced[:-1]
    if not both.any():
        both = np.ones_like(both)
    f0_steps = np.abs(np.diff(voice.f0_semitones))[both]
    level_steps = np.abs(np.diff(analysis.level_db))[both]
    f0_bends = np.abs(np.diff(voice.f0_semitones, n=2))[both[1:] & both[:-1]] if (both[1:] & both[:-1]).any() else f0_steps
    return {
        **{f"{name}.statistics": value for name, value in summarise(f0[:, None], ("f0_voiced",), full).items()},
        "f0_slope_up_share": float((f0_delta[voiced] > 0).mean()) if voiced.any() else 0.5,
        "f0_step.mean": float(f0_steps.mean()),
        "f0_step.median": float(np.median(f0_steps)),
        "f0_step.bend": float(np.median(f0_bends)),
        "level_step.mean": float(level_steps.mean()),
        "level_step.median": float(np.median(level_steps)),
    }


def _rhythm(voiced: NDArray[np.bool_]) -> dict[str, float]:
    """Durations of voiced and unvoiced segments in seconds, and the number of voiced segments per second."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    seconds = len(voiced) / FRAMES_PER_SECOND
    on, off = (ends - starts) / FRAMES_PER_SECOND, (starts[1:] - ends[:-1]) / FRAMES_PER_SECOND
    statistics = {
        f"{name}.{statistic}": float(reduce(values)) if len(values) else 0.0
        for name, values in (("voiced_seconds", on), ("unvoiced_seconds", off))
        for statistic, reduce in (("mean", np.mean), ("std", np.std), ("max", np.max))
    }
    return {
        "log_seconds": float(np.log(seconds)),
        "voiced_share": float(voiced.mean()),
        "voiced_rate": len(on) / seconds,
        **statistics,
    }


def _modulation(level_db: NDArray[np.float32]) -> dict[str, float]:
    """Share of the loudness contour's variance in bands of modulation frequency, in dB."""
    n_fft = max(SHORTEST_MODULATION_FFT, len(level_db))
    spectrum = np.abs(np.fft.rfft(level_db - level_db.mean(), n_fft)) ** 2
    rates_hz = np.fft.rfftfreq(n_fft, 1 / FRAMES_PER_SECOND)
    total = spectrum.sum() + 1e-9
    return {
        f"modulation_{low}_{high}_hz": float(10 * np.log10(spectrum[(rates_hz >= low) & (rates_hz < high)].sum() / total + 1e-6))
        for low, high in MODULATION_BANDS_HZ
    }
