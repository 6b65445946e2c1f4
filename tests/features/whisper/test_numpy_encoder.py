"""The encoder that answers gives the frames of the one that models learnt with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import erf

from audio.clip import SAMPLE_RATE_HZ
from features import INPUT_KINDS, Analysis
from features.whisper.encoder import WhisperEncoder
from features.whisper.kept import Precision, keep_encoder
from features.whisper.layers import WhisperTiny
from features.whisper.numpy_encoder import NumpyEncoder, gelu
from features.whisper.numpy_layers import NUMPY_KINDS, NumpyTiny
from features.whisper.weights import write_tensors
from tests.tiny_whisper import TINY, random_tensors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    write_tensors(folder, random_tensors(TINY), config=TINY)
    return folder


@pytest.fixture(scope="module")
def kept(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run keeps of it: the lower layer, in int8."""
    target = tmp_path_factory.mktemp("results") / WhisperTiny.key
    keep_encoder(folder, target, n_layers=1, precision=Precision.INT8)
    return target


def noise(n_samples: int) -> np.ndarray:
    return np.random.default_rng(n_samples).normal(scale=0.1, size=n_samples).astype(np.float32)


@pytest.mark.parametrize("which", ["folder", "kept"])
def test_frames_and_attended_values_are_those_of_keras(which: str, request: pytest.FixtureRequest) -> None:
    place = request.getfixturevalue(which)
    ours, keras = NumpyEncoder(place), WhisperEncoder(place)
    for n_samples in (400, 481, 8000, 2 * SAMPLE_RATE_HZ):
        found, expected = (encoder.encode(noise(n_samples)) for encoder in (ours, keras))
        np.testing.assert_allclose(found.layers, expected.layers, atol=2e-4)
        np.testing.assert_allclose(found.attended, expected.attended, atol=2e-4)


@pytest.mark.parametrize("seconds", [0.3, 2.0, 5.1])
def test_the_vector_is_that_of_the_search_also_for_a_clip_in_pieces_and_for_layers_that_were_not_kept(
    kept: Path, seconds: float
) -> None:
    analysis = Analysis(noise(int(seconds * SAMPLE_RATE_HZ)))
    found, expected = (kind(kept).extract(analysis) for kind in (NumpyTiny, WhisperTiny))
    assert np.isnan(expected).any()
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_champion_that_learnt_with_the_one_takes_the_other(kept: Path) -> None:
    assert NumpyTiny(kept).fingerprint == WhisperTiny(kept).fingerprint
    assert (
        set(NUMPY_KINDS)
        == {key for key, kind in INPUT_KINDS.items() if "tensorflow" in kind.libraries}
        == {"whisper", "whisper_base"}
    )


@given(arrays.arrays(np.float32, (11, 3), elements=st.floats(-40, 40, width=32)))
def test_the_activation_is_exact_to_the_precision_of_float32(x: np.ndarray) -> None:
    wide = x.astype(np.float64)
    np.testing.assert_allclose(gelu(x), wide * (1 + erf(wide / np.sqrt(2))) / 2, rtol=2e-6, atol=4e-7)
