"""Measures: what a recording is like, in numbers that can be explained.

Conventions
-----------
Levels are of 10 ms blocks, in dB of full scale. The *peak level* is their 97th percentile, the *floor* their 5th.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.speech import FRAMES_A_STEP, HOP_SECONDS, WINDOW_SAMPLES, SpeechSettings, VoiceActivity
from features import Analysis
from features.frames import frequencies_hz, trim

BLOCK_SAMPLES = 160
POWER_FLOOR = 1e-10
FULL_SCALE = 0.97
ACTIVE_DB = 30.0
HELD_FRAMES = 25
HELD_SEMITONES = 0.5
HELD_LAGS = (5, 10, 15, 20, 25)
HELD_SIMILARITY = 0.95
"""Cosine of magnitude spectra; the spectra of noise reach 0.8, those of a vowel that goes on 0.9."""
HELD_FROM_HZ = 90.0
VOICE_LEVEL = 0.2
"""What the loud samples are brought to before a voice is looked for, so that quiet speech is found too."""
ENOUGH_VOICE_SECONDS = SpeechSettings().min_voiced_seconds
"""More is not measured: what is sought is whether anybody speaks."""


@dataclass(frozen=True)
class Measures:
    """What a recording is like.

    Attributes
    ----------
    speech_seconds : float
        Its length without the silence before and after.
    voiced_seconds : float
        How long a voice is found in it (:class:`audio.speech.VoiceActivity`), at most :data:`ENOUGH_VOICE_SECONDS`.
    peak_db : float
        Peak level.
    contrast_db : float
        Of the 95th percentile of the levels above the floor.
    active_share : float
        Share of blocks within 30 dB of the peak level.
    full_scale_share : float
        Share of samples at full scale.
    """

    speech_seconds: float
    voiced_seconds: float
    peak_db: float
    contrast_db: float
    active_share: float
    full_scale_share: float


def measure(samples: NDArray[np.float32]) -> Measures:
    """Measure a recording.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``.
    """
    levels = block_levels_db(samples)
    floor_db, loud_db, peak_db = np.quantile(levels, [0.05, 0.95, 0.97])
    return Measures(
        speech_seconds=len(trim(samples)) / SAMPLE_RATE_HZ,
        voiced_seconds=voiced_seconds(samples),
        peak_db=float(peak_db),
        contrast_db=float(loud_db - floor_db),
        active_share=float((levels > peak_db - ACTIVE_DB).mean()),
        full_scale_share=float((np.abs(samples) >= FULL_SCALE).mean()),
    )


def block_levels_db(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the level of each 10 ms, (n_blocks,); at least one block."""
    n_blocks = max(1, len(samples) // BLOCK_SAMPLES)
    blocks = np.resize(samples, n_blocks * BLOCK_SAMPLES).reshape(n_blocks, BLOCK_SAMPLES).astype(np.float64)
    return np.asarray(10 * np.log10(np.mean(blocks**2, axis=1) + POWER_FLOOR))


def voiced_seconds(samples: NDArray[np.float32]) -> float:
    """Return how long a voice is found at any level, at most :data:`ENOUGH_VOICE_SECONDS`; it is read until that is reached."""
    activity, found = VoiceActivity(), 0.0
    peak = float(np.sqrt(np.quantile(np.square(samples, dtype=np.float64), 0.99))) if len(samples) else 0.0
    gain = np.float32(VOICE_LEVEL / peak) if peak > 0 else np.float32(1)
    # Frames come out step by step; silence at the end completes the last one.
    padded = np.concatenate([samples, np.zeros(FRAMES_A_STEP * BLOCK_SAMPLES + WINDOW_SAMPLES, dtype=np.float32)])
    for start in range(0, len(padded), SAMPLE_RATE_HZ):
        found += float(activity.push(gain * padded[start : start + SAMPLE_RATE_HZ]).is_voiced.sum()) * HOP_SECONDS
        if found >= ENOUGH_VOICE_SECONDS:
            return ENOUGH_VOICE_SECONDS
    return found


def held_share(analysis: Analysis) -> float:
    """Return the share of a clip in which its pitch or its spectrum is held for a quarter of a second.

    Notes are held, speech glides: pitch dynamics tell singing from speaking (Ohishi, Goto, Itou & Takeda 2005, Interspeech). A chord
    or a hum has no one pitch, but its spectral lines stay.
    """
    return max(_held_pitch_share(analysis), _held_spectrum_share(analysis))


def _held_pitch_share(analysis: Analysis) -> float:
    """Return the share of windows of a quarter of a second in which the pitch stays within half a semitone."""
    voice = analysis.voice
    if len(voice.f0_semitones) < HELD_FRAMES:
        return 0.0
    spans = np.ptp(sliding_window_view(voice.f0_semitones, HELD_FRAMES), axis=1)
    voiced = sliding_window_view(voice.is_voiced, HELD_FRAMES).all(axis=1)
    return float(((spans < HELD_SEMITONES) & voiced).mean())


def _held_spectrum_share(analysis: Analysis) -> float:
    """Return the share of active frames whose magnitude spectrum stays the same for a quarter of a second."""
    lines = analysis.magnitude[:, frequencies_hz() >= HELD_FROM_HZ]
    n = len(lines) - HELD_LAGS[-1]
    if n <= 0:
        return 0.0
    is_active = analysis.level_db > np.quantile(analysis.level_db, 0.97) - ACTIVE_DB
    unit = lines / np.maximum(np.linalg.norm(lines, axis=1, keepdims=True), POWER_FLOOR)
    least = np.min([np.einsum("ij,ij->i", unit[:n], unit[lag : lag + n]) for lag in HELD_LAGS], axis=0)
    is_held = (least > HELD_SIMILARITY) & is_active[:n] & is_active[HELD_LAGS[-1] :]
    return float(is_held.sum() / max(1, is_active.sum()))
