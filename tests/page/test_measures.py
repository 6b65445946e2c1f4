from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.clip import SAMPLE_RATE_HZ
from page.measures import ENOUGH_VOICE_SECONDS, measure, voiced_seconds


def burst(*, seconds: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE_HZ)
    envelope = np.repeat(rng.uniform(0.01, 1, n // 800 + 1), 800)[:n]
    return (0.2 * envelope * rng.standard_normal(n)).astype(np.float32)


@settings(max_examples=15)
@given(seconds=st.floats(0.2, 3.0), seed=st.integers(0, 99), gain_db=st.floats(-20, 10))
def test_a_louder_copy_has_the_same_contrast_and_activity(seconds: float, seed: int, gain_db: float) -> None:
    samples = burst(seconds=seconds, seed=seed)
    first, second = measure(samples), measure(samples * np.float32(10 ** (gain_db / 20)))
    assert second.contrast_db == pytest.approx(first.contrast_db, abs=0.1)
    assert second.active_share == pytest.approx(first.active_share, abs=0.05)
    assert second.peak_db == pytest.approx(first.peak_db + gain_db, abs=0.1)


@settings(max_examples=15)
@given(n=st.integers(1, 2 * SAMPLE_RATE_HZ), seed=st.integers(0, 99))
def test_any_number_of_samples_is_measured_within_bounds(n: int, seed: int) -> None:
    found = measure(np.random.default_rng(seed).uniform(-1, 1, n).astype(np.float32))
    assert 0 <= found.voiced_seconds <= ENOUGH_VOICE_SECONDS
    assert 0 <= found.active_share <= 1
    assert 0 <= found.full_scale_share <= 1
    assert found.contrast_db >= 0
    assert found.speech_seconds <= max(n / SAMPLE_RATE_HZ, 0.2)


def test_a_voice_is_found_wherever_it_is(clip: np.ndarray) -> None:
    silence = np.zeros(3 * SAMPLE_RATE_HZ, dtype=np.float32)
    assert voiced_seconds(np.concatenate([silence, clip])) == voiced_seconds(clip) == ENOUGH_VOICE_SECONDS
    assert voiced_seconds(silence) == 0
    assert voiced_seconds(clip * np.float32(0.001)) == ENOUGH_VOICE_SECONDS
