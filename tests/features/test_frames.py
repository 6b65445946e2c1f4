"""Frames: trimming, one level, a limited range, slopes, and descriptors that survive any gain and any input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from augment.noise import Noise
from features.analysis import Analysis
from features.descriptors import descriptors, spectral_moments
from features.frames import HOP_SAMPLES, LEVEL_DB, MIN_FRAMES, RANGE_DB, TRIM_MARGIN_FRAMES, Frames, delta, level, trim

Samples = NDArray[np.float32]
MARGIN_SECONDS = TRIM_MARGIN_FRAMES * HOP_SAMPLES / SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def speech(synthetic_clips: tuple[Clip, ...]) -> Samples:
    return synthetic_clips[0].samples


def surrounded(speech: Samples, *, before_seconds: float, after_seconds: float) -> Samples:
    return np.pad(speech, (round(before_seconds * SAMPLE_RATE_HZ), round(after_seconds * SAMPLE_RATE_HZ)))


def energy_db(samples: Samples) -> float:
    return float(10 * np.log10(np.sum(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("snr_db", [None, 30.0, 15.0])
@pytest.mark.parametrize(("before_seconds", "after_seconds"), [(1.0, 0.0), (0.0, 1.5), (0.8, 0.9)])
def test_silence_around_the_speech_is_cut_and_the_speech_is_kept(
    snr_db: float | None, before_seconds: float, after_seconds: float, speech: Samples
) -> None:
    trimmed = trim(speech)
    recording = surrounded(speech, before_seconds=before_seconds, after_seconds=after_seconds)
    if snr_db is not None:
        recording = Noise().apply(recording, {"colour": "pink", "snr_db": snr_db, "seed": 1})
    cut = trim(recording)
    assert len(cut) < len(recording) - 0.7 * max(before_seconds, after_seconds) * SAMPLE_RATE_HZ
    assert len(cut) == pytest.approx(len(trimmed), abs=0.35 * SAMPLE_RATE_HZ)
    assert energy_db(cut) == pytest.approx(energy_db(speech), abs=0.5)


def test_a_margin_of_a_tenth_of_a_second_is_left_on_both_sides() -> None:
    burst = np.where(np.arange(3 * SAMPLE_RATE_HZ) // SAMPLE_RATE_HZ == 1, 0.3, 0.0).astype(np.float32)
    cut = trim(burst * np.sin(np.arange(len(burst)) * 0.3).astype(np.float32))
    assert len(cut) / SAMPLE_RATE_HZ == pytest.approx(1 + 2 * MARGIN_SECONDS, abs=0.02)


@given(gain_db=st.floats(-40, 20))
@settings(derandomize=True, max_examples=25)
def test_what_is_kept_does_not_depend_on_the_gain(gain_db: float, speech: Samples) -> None:
    recording = Noise().apply(
        surrounded(speech, before_seconds=0.5, after_seconds=0.5), {"colour": "white", "snr_db": 25.0, "seed": 1}
    )
    assert abs(len(trim(recording * np.float32(10 ** (gain_db / 20)))) - len(trim(recording))) <= HOP_SAMPLES


def test_steady_sound_and_silence_are_left_whole() -> None:
    for samples in (np.zeros(8000, np.float32), np.full(8000, 0.1, np.float32)):
        assert len(trim(samples)) == 8000


@pytest.mark.parametrize("n_samples", [0, 1, 160, 3199])
def test_what_is_shorter_than_a_fifth_of_a_second_is_padded_to_that(n_samples: int) -> None:
    samples = np.full(n_samples, 0.1, np.float32)
    padded = trim(samples)
    assert len(padded) == MIN_FRAMES * HOP_SAMPLES
    np.testing.assert_array_equal(padded[:n_samples], samples)


@given(slope=st.floats(-50, 50), offset=st.floats(-300, 300), n_frames=st.integers(12, 200), half_width=st.integers(1, 5))
@settings(derandomize=True)
def test_the_delta_of_a_line_is_its_slope(slope: float, offset: float, n_frames: int, half_width: int) -> None:
    line = (offset + slope * np.arange(n_frames)).astype(np.float32)
    inner = slice(half_width, -half_width)
    np.testing.assert_allclose(delta(line, half_width=half_width)[inner], slope, atol=2e-3)
    both = delta(np.stack([line, -line], axis=1), half_width=half_width)
    np.testing.assert_allclose(both[inner], np.tile([slope, -slope], (len(both[inner]), 1)), atol=2e-3)


def test_the_delta_of_a_constant_is_zero_everywhere() -> None:
    assert not delta(np.full((30, 2), 7.0, np.float32)).any()


@given(gain_db=st.floats(-50, 50), seed=st.integers(0, 99))
@settings(derandomize=True, max_examples=50)
def test_every_gain_is_brought_to_one_level(gain_db: float, seed: int) -> None:
    samples = np.random.default_rng(seed).normal(scale=0.1, size=4000).astype(np.float32)
    levelled = level(samples * np.float32(10 ** (gain_db / 20)))
    assert levelled.dtype == np.float32
    np.testing.assert_allclose(levelled, level(samples), rtol=1e-5)
    assert energy_db(levelled) - 10 * np.log10(len(samples)) == pytest.approx(LEVEL_DB, abs=1e-3)


@pytest.mark.parametrize("amplitude", [0.0, 1e-6])
def test_silence_stays_as_it_is(amplitude: float) -> None:
    silence = np.full(4000, amplitude, np.float32)
    np.testing.assert_array_equal(level(silence), silence)
    np.testing.assert_array_equal(Frames(silence).samples, silence)


@given(gain_db=st.floats(-25, 25))
@settings(derandomize=True, max_examples=25)
def test_no_array_depends_on_the_gain(gain_db: float) -> None:
    noise = np.random.default_rng(0).normal(scale=0.05, size=6400).astype(np.float32)
    plain, scaled = Frames(noise), Frames(noise * np.float32(10 ** (gain_db / 20)))
    np.testing.assert_allclose(spectral_moments(scaled.magnitude), spectral_moments(plain.magnitude), rtol=1e-3)
    np.testing.assert_allclose(scaled.chroma, plain.chroma, atol=1e-3)
    for name in ("log_mel", "mfcc", "level_db"):
        np.testing.assert_allclose(getattr(scaled, name), getattr(plain, name), atol=0.01)


def test_what_lies_more_than_50_db_below_the_maximum_is_raised_to_that(speech: Samples) -> None:
    frames = Frames(np.concatenate([speech, np.zeros(8000, np.float32), speech]))
    power_db = 10 * np.log10(frames.limited_power)
    for values_db in (frames.log_mel, frames.level_db, power_db):
        assert np.ptp(values_db) == pytest.approx(RANGE_DB, abs=1e-3)
    is_loud = frames.power > frames.limited_power.min()
    np.testing.assert_array_equal(frames.limited_power[is_loud], frames.power[is_loud])


@given(
    shape=st.sampled_from(["zero", "constant", "click", "noise", "tone"]),
    n_samples=st.sampled_from([1, 2, 159, 512, 3200, 3359, 7001]),
    level_db=st.integers(-140, 60),
)
@settings(derandomize=True, max_examples=80)
def test_descriptors_are_finite_whatever_comes_in(shape: str, n_samples: int, level_db: int) -> None:
    k = np.arange(n_samples)
    wave = {
        "zero": 0.0 * k,
        "constant": 1.0 + 0.0 * k,
        "click": 1.0 * (k == n_samples // 2),
        "noise": np.random.default_rng(n_samples).uniform(-1, 1, n_samples),
        "tone": np.sin(0.05 * k),
    }[shape]
    analysis = Analysis((wave * 10 ** (level_db / 20)).astype(np.float32))
    table = descriptors(analysis)
    assert np.isfinite(table).all()
    assert len(table) == len(analysis.windows) >= 11
