"""Log-mel images."""

from __future__ import annotations

import numpy as np
import pytest

from audio.clip import Clip
from features.analysis import Analysis
from features.frames import N_MELS
from features.log_mel import FRAMES_PER_STEP, N_BANDS, RANGE_DB, LogMel


@pytest.fixture(scope="module")
def analysis(synthetic_clips: tuple[Clip, ...]) -> Analysis:
    return Analysis(synthetic_clips[0].samples)


def test_a_value_is_the_mean_of_its_frames_and_bands_in_db(analysis: Analysis) -> None:
    power_db = 10 * np.log10(np.maximum(analysis.mel_power, analysis.mel_power.max() * 10 ** (-RANGE_DB / 10)))
    pairs = N_MELS // N_BANDS
    block = power_db[FRAMES_PER_STEP : 2 * FRAMES_PER_STEP, 3 * pairs : 4 * pairs]
    np.testing.assert_allclose(LogMel().extract(analysis)[1, 3], block.mean(), atol=0.05)


def test_an_image_spans_no_more_than_its_range(analysis: Analysis) -> None:
    assert np.ptp(LogMel().extract(analysis).astype(np.float32)) <= RANGE_DB
