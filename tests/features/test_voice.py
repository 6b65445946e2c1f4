"""The voice tracker: pitch where there is a voice, and none where there is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from features.frames import HOP_SAMPLES
from features.voice import REFERENCE_F0_HZ, track_voice

Samples = NDArray[np.float32]


def harmonic_tone(f0_hz: float | NDArray[np.float64], *, seconds: float = 0.6, tilt_db_per_octave: float = -9.0) -> Samples:
    """A tone of all harmonics below 4 kHz, falling as a voice's do."""
    n = round(seconds * SAMPLE_RATE_HZ)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(f0_hz, n)) / SAMPLE_RATE_HZ
    harmonics = range(1, int(4000 / np.max(f0_hz)) + 1)
    wave = sum(10 ** (tilt_db_per_octave * np.log2(h) / 20) * np.sin(h * phase + h) for h in harmonics)
    return (0.2 * wave / np.abs(wave).max()).astype(np.float32)


def semitones(f0_hz: float) -> float:
    return 12 * np.log2(f0_hz / REFERENCE_F0_HZ)


@given(f0_hz=st.floats(80, 600), tilt_db_per_octave=st.sampled_from([-6.0, -9.0, -15.0]))
@settings(derandomize=True, max_examples=40)
def test_the_pitch_of_a_harmonic_tone_is_found_within_half_a_semitone(f0_hz: float, tilt_db_per_octave: float) -> None:
    voice = track_voice(harmonic_tone(f0_hz, tilt_db_per_octave=tilt_db_per_octave))
    inner = slice(5, -5)
    assert voice.is_voiced[inner].all()
    np.testing.assert_allclose(voice.f0_semitones[inner], semitones(f0_hz), atol=0.5)
    assert voice.harmonicity[inner].min() > 0.9


def test_a_missing_fundamental_is_heard() -> None:
    t = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    wave = sum(np.sin(2 * np.pi * 150 * h * t) for h in (3, 4, 5, 6))
    voice = track_voice((0.1 * wave).astype(np.float32))
    np.testing.assert_allclose(voice.f0_semitones[5:-5], semitones(150), atol=0.5)


def test_a_gliding_pitch_is_followed() -> None:
    f0_hz = np.geomspace(120, 240, SAMPLE_RATE_HZ)
    voice = track_voice(harmonic_tone(f0_hz, seconds=1.0))
    expected = 12 * np.log2(f0_hz[::HOP_SAMPLES] / REFERENCE_F0_HZ)
    np.testing.assert_allclose(voice.f0_semitones[5:-6], expected[5:-5], atol=0.5)


@pytest.mark.parametrize("snr_db", [20.0, 10.0])
def test_the_pitch_is_found_in_noise_too(snr_db: float) -> None:
    tone = harmonic_tone(180.0)
    noise = np.random.default_rng(1).normal(size=len(tone)) * tone.std() * 10 ** (-snr_db / 20)
    voice = track_voice((tone + noise).astype(np.float32))
    assert np.median(np.abs(voice.f0_semitones[5:-5] - semitones(180.0))) < 0.5
    assert voice.is_voiced[5:-5].mean() > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_unvoiced(seed: int) -> None:
    voice = track_voice(np.random.default_rng(seed).normal(scale=0.1, size=SAMPLE_RATE_HZ).astype(np.float32))
    assert voice.is_voiced.mean() < 0.05


@pytest.mark.parametrize("samples", [np.zeros(3200, np.float32), np.full(3200, 0.3, np.float32)], ids=["silence", "constant"])
def test_nothing_is_voiced_where_nothing_vibrates(samples: Samples) -> None:
    voice = track_voice(samples)
    assert not voice.is_voiced[5:-5].any()
    assert np.isfinite(voice.f0_semitones).all()


def test_pauses_are_unvoiced_and_bridged_by_a_line() -> None:
    pause = np.zeros(round(0.3 * SAMPLE_RATE_HZ), np.float32)
    samples = np.concatenate([harmonic_tone(110.0, seconds=0.4), pause, harmonic_tone(220.0, seconds=0.4)])
    voice = track_voice(samples)
    middle = 55
    assert voice.is_voiced[5:35].all()
    assert not voice.is_voiced[45:65].any()
    assert voice.is_voiced[75:-5].all()
    assert semitones(110) < voice.f0_semitones[middle] < semitones(220)
    assert np.abs(np.diff(voice.f0_semitones, n=2))[45:62].max() < 1e-3


@given(gain_db=st.floats(-40, 20))
@settings(derandomize=True, max_examples=10)
def test_voicing_and_pitch_do_not_depend_on_the_gain(gain_db: float, synthetic_clips: tuple[Clip, ...]) -> None:
    samples = synthetic_clips[20].samples
    plain, scaled = track_voice(samples), track_voice(samples * np.float32(10 ** (gain_db / 20)))
    assert np.mean(plain.is_voiced == scaled.is_voiced) > 0.99
    np.testing.assert_allclose(np.median(scaled.f0_semitones), np.median(plain.f0_semitones), atol=0.05)


def test_there_is_one_value_each_10_ms_and_harmonicity_is_a_fraction(synthetic_clips: tuple[Clip, ...]) -> None:
    samples = synthetic_clips[3].samples
    voice = track_voice(samples)
    n_frames = 1 + len(samples) // HOP_SAMPLES
    assert voice.f0_semitones.shape == voice.is_voiced.shape == voice.harmonicity.shape == (n_frames,)
    assert 0 <= voice.harmonicity.min() <= voice.harmonicity.max() <= 1
