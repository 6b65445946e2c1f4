from pathlib import Path

import numpy as np
import pytest

from emotune.errors import BadRecordingError
from features.whisper.frontend import SPEECH_RANGE_DECADES, log_mel

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "whisper-tiny.en" / "reference.npz"


def noise(n_samples: int) -> np.ndarray:
    return np.random.default_rng(0).normal(scale=0.1, size=n_samples).astype(np.float32)


def tone(frequency_hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(16_000) / 16_000).astype(np.float32)


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference of Whisper tiny.en is not here")
@pytest.mark.parametrize(("padded", "name"), [(False, "logmel_clip"), (True, "logmel_padded")])
def test_the_log_mel_is_the_reference(padded, name):
    reference = np.load(REFERENCE)
    expected = reference[name]
    waveform = reference["waveform"]
    computed = log_mel(np.pad(waveform, (0, 480_000 - len(waveform) if padded else 0)))
    np.testing.assert_allclose(computed[:, : expected.shape[1]], expected, atol=1e-5)


@pytest.mark.parametrize(("n_samples", "n_frames"), [(400, 2), (479, 2), (480, 3), (16_000, 100), (16_159, 100)])
def test_a_frame_is_ten_milliseconds_and_an_incomplete_one_is_dropped(n_samples, n_frames):
    mel = log_mel(noise(n_samples), n_mels=40)
    assert mel.shape == (40, n_frames)
    assert mel.dtype == np.float32


def test_a_higher_tone_excites_a_higher_band():
    bands = [int(log_mel(tone(frequency)).mean(axis=1).argmax()) for frequency in (200, 1000, 4000)]
    assert bands == sorted(set(bands))


def test_a_clip_spans_at_most_eight_decades():
    assert np.ptp(log_mel(tone(1000))) == pytest.approx(8 / 4)


@pytest.mark.parametrize("range_decades", [SPEECH_RANGE_DECADES, 3.0])
def test_a_smaller_range_raises_what_lies_below_it_and_changes_nothing_else(range_decades: float) -> None:
    whole, limited = log_mel(tone(1000)), log_mel(tone(1000), range_decades=range_decades)
    np.testing.assert_array_equal(limited, np.maximum(whole, whole.max() - range_decades / 4))
    assert limited.min() > whole.min()


def test_ten_times_the_amplitude_is_two_decades_more():
    np.testing.assert_allclose(log_mel(10 * noise(8000)) - log_mel(noise(8000)), 2 / 4, atol=1e-4)


def test_digital_silence_has_a_finite_log_mel():
    np.testing.assert_allclose(log_mel(np.zeros(1600, np.float32)), (-10 + 4) / 4, rtol=1e-6)


@pytest.mark.parametrize("n_samples", [0, 1, 399])
def test_a_clip_shorter_than_a_window_is_refused_with_its_length(n_samples):
    with pytest.raises(BadRecordingError, match=f"at least 400 samples .* got {n_samples};"):
        log_mel(noise(n_samples))
