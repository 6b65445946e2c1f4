"""Log-mel images without steady noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.clip import Clip
from augment.noise import Noise
from features.frames import Frames, limited_db, trim
from features.log_mel import KEPT_SHARE, subtract_noise

Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def speech(synthetic_clips: tuple[Clip, ...]) -> Samples:
    return trim(synthetic_clips[0].samples)


def mel_power(samples: Samples) -> NDArray[np.float32]:
    """Return the mel energies of samples that are not trimmed."""
    frames = Frames(samples)
    frames.samples = samples
    return frames.mel_power


@given(snr_db=st.floats(5, 30), seed=st.integers(0, 999))
@settings(derandomize=True, max_examples=25)
def test_white_noise_changes_the_image_less_than_the_plain_log_mel(snr_db: float, seed: int, speech: Samples) -> None:
    clean = mel_power(speech)
    noisy = mel_power(Noise().apply(speech, {"colour": "white", "snr_db": snr_db, "seed": seed}))
    plain_db = np.abs(limited_db(noisy) - limited_db(clean)).mean()
    image_db = np.abs(limited_db(subtract_noise(noisy)) - limited_db(subtract_noise(clean))).mean()
    assert image_db < 0.9 * plain_db


@given(seed=st.integers(0, 999), scale=st.floats(1e-6, 1e3))
@settings(derandomize=True, max_examples=25)
def test_a_tenth_of_every_energy_is_kept_and_none_grows(seed: int, scale: float) -> None:
    energies = np.random.default_rng(seed).exponential(scale, size=(50, 8)).astype(np.float32)
    left = subtract_noise(energies)
    assert (left <= energies).all()
    np.testing.assert_array_less(0.999 * KEPT_SHARE * energies, left)


def test_the_noise_of_a_band_is_taken_from_that_band_alone() -> None:
    energies = np.array([[1.0, 5.0]] * 5 + [[101.0, 5.0]] * 5, np.float32)
    np.testing.assert_allclose(subtract_noise(energies), [[0.1, 0.5]] * 5 + [[100.0, 0.5]] * 5, rtol=1e-5)
