"""Descriptors mean what librosa's of the same name mean."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from features.analysis import Analysis
from features.descriptors import (
    DESCRIPTOR_NAMES,
    N_MFCC,
    band_ratio_db,
    descriptors,
    flatness_db,
    flux,
    rolloff_hz,
    spectral_contrast,
    spectral_moments,
    spectral_slopes_db,
    zero_crossing_rate,
)
from features.frames import HOP_SAMPLES, N_CHROMA, N_MELS, RANGE_DB, WINDOW_SAMPLES, frequencies_hz

Array = NDArray[np.float32]
LIBROSA_FRAMES = {"n_fft": WINDOW_SAMPLES, "hop_length": HOP_SAMPLES}


@pytest.fixture(scope="module", params=[0, 45, -1])
def analysis(request: pytest.FixtureRequest, synthetic_clips: tuple[Clip, ...]) -> Analysis:
    return Analysis(synthetic_clips[request.param].samples)


@pytest.fixture(scope="module")
def magnitude(analysis: Analysis) -> Array:
    """librosa's magnitude spectrum of the same stretch of audio, (257, n_frames)."""
    return np.abs(librosa.stft(analysis.samples, pad_mode="reflect", **LIBROSA_FRAMES))


def test_frames_are_librosas_centred_frames(analysis: Analysis, magnitude: Array) -> None:
    assert analysis.power.shape == magnitude.T.shape
    np.testing.assert_allclose(analysis.magnitude, magnitude.T, atol=1e-4)


def test_log_mel_and_mfcc_are_librosas_cut_at_50_db(analysis: Analysis, magnitude: Array) -> None:
    mel = librosa.feature.melspectrogram(S=magnitude**2, sr=SAMPLE_RATE_HZ, n_fft=WINDOW_SAMPLES, n_mels=N_MELS, fmin=20.0)
    log_mel = librosa.power_to_db(mel, amin=1e-10, top_db=RANGE_DB)
    np.testing.assert_allclose(analysis.log_mel, log_mel.T, atol=0.02)
    np.testing.assert_allclose(analysis.mfcc[:, :N_MFCC], librosa.feature.mfcc(S=log_mel, n_mfcc=N_MFCC).T, atol=0.05)


def test_chroma_is_librosas_at_standard_tuning(analysis: Analysis, magnitude: Array) -> None:
    chroma = librosa.feature.chroma_stft(S=magnitude**2, sr=SAMPLE_RATE_HZ, n_fft=WINDOW_SAMPLES, n_chroma=N_CHROMA, tuning=0.0)
    np.testing.assert_allclose(analysis.chroma, chroma.T, atol=1e-3)


def test_level_is_librosas_rms_in_decibels(analysis: Analysis) -> None:
    rms = librosa.feature.rms(y=analysis.samples, frame_length=WINDOW_SAMPLES, hop_length=HOP_SAMPLES, pad_mode="reflect")[0]
    expected = librosa.amplitude_to_db(rms, top_db=RANGE_DB)
    np.testing.assert_allclose(analysis.level_db, expected, atol=0.01)


def test_centroid_and_bandwidth_are_librosas(analysis: Analysis, magnitude: Array) -> None:
    centroid, bandwidth = spectral_moments(analysis.magnitude)
    np.testing.assert_allclose(centroid, librosa.feature.spectral_centroid(S=magnitude, sr=SAMPLE_RATE_HZ)[0], rtol=1e-3)
    np.testing.assert_allclose(bandwidth, librosa.feature.spectral_bandwidth(S=magnitude, sr=SAMPLE_RATE_HZ)[0], rtol=1e-3)


@pytest.mark.parametrize("fraction", [0.25, 0.85])
def test_rolloff_is_librosas(fraction: float, analysis: Analysis, magnitude: Array) -> None:
    expected = librosa.feature.spectral_rolloff(S=magnitude, sr=SAMPLE_RATE_HZ, roll_percent=fraction)[0]
    found = rolloff_hz(analysis.magnitude, fraction=fraction)
    assert np.mean(found == expected) > 0.99  # a threshold met exactly may fall to either bin
    np.testing.assert_allclose(found, expected, atol=1.01 * frequencies_hz()[1])


def test_flatness_is_librosas_in_decibels(analysis: Analysis, magnitude: Array) -> None:
    flatness = librosa.feature.spectral_flatness(S=magnitude)[0]
    np.testing.assert_allclose(flatness_db(analysis.power), 10 * np.log10(flatness), atol=0.02)


def test_zero_crossing_rate_is_librosas_but_for_the_first_sample_of_a_frame(analysis: Analysis) -> None:
    crossings = librosa.zero_crossings(np.ascontiguousarray(analysis.windows), pad=False, axis=1)
    np.testing.assert_allclose(zero_crossing_rate(analysis.windows), crossings.sum(axis=1) / (WINDOW_SAMPLES - 1), atol=1e-6)


def test_a_tone_has_its_frequency_as_centroid_and_rate_of_crossings() -> None:
    tone = Analysis(np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ).astype(np.float32))
    inner = slice(3, -3)
    centroid, bandwidth = spectral_moments(tone.magnitude)
    np.testing.assert_allclose(centroid[inner], 1000, atol=2)
    assert bandwidth[inner].max() < 60
    np.testing.assert_allclose(zero_crossing_rate(tone.windows)[inner] * SAMPLE_RATE_HZ / 2, 1000, rtol=0.02)
    np.testing.assert_allclose(flux(tone.magnitude)[inner], 0, atol=1e-3)


def test_white_noise_is_flat_and_a_tone_is_not() -> None:
    flat = np.ones((4, len(frequencies_hz())), np.float32)
    peaky = np.where(np.arange(len(frequencies_hz())) == 30, 1.0, 1e-6).astype(np.float32)[None]
    np.testing.assert_allclose(flatness_db(flat), 0, atol=1e-5)
    assert flatness_db(peaky)[0] < -30
    np.testing.assert_allclose(spectral_contrast(flat), 0, atol=1e-5)
    assert spectral_contrast(peaky).max() == pytest.approx(60, abs=0.1)


def test_slopes_and_band_ratios_of_a_spectrum_that_falls_by_6_db_per_khz() -> None:
    power = (10 ** (-0.6 * frequencies_hz()[None] / 1000)).astype(np.float32)
    for slope in spectral_slopes_db(power):
        assert slope[0] == pytest.approx(-6, abs=0.01)
    assert band_ratio_db(power, low_hz=(0, 2000), high_hz=(2000, 5000), peak=True)[0] == pytest.approx(12, abs=0.01)
    alpha_ratio_db = band_ratio_db(power, low_hz=(50, 1000), high_hz=(1000, 5000), peak=False)
    f = frequencies_hz()
    low, high = (10 ** (-0.6 * f[(f >= a) & (f < b)] / 1000) for a, b in ((50, 1000), (1000, 5000)))
    assert alpha_ratio_db[0] == pytest.approx(10 * np.log10(low.sum() / high.sum()), abs=0.01)


def test_flux_is_the_distance_of_neighbouring_spectra_whatever_their_level() -> None:
    magnitude = np.zeros((4, len(frequencies_hz())), np.float32)
    magnitude[[0, 1, 2, 3], [10, 10, 20, 20]] = [1, 5, 5, 0.1]
    np.testing.assert_allclose(flux(magnitude), [0, 0, np.sqrt(2), 0], atol=1e-6)


def test_every_descriptor_has_a_name_and_its_column(analysis: Analysis) -> None:
    table = descriptors(analysis)
    assert table.shape == (len(analysis.power), len(DESCRIPTOR_NAMES))
    assert table.dtype == np.float32
    assert len(set(DESCRIPTOR_NAMES)) == len(DESCRIPTOR_NAMES)
    column = dict(zip(DESCRIPTOR_NAMES, table.T, strict=True))
    np.testing.assert_array_equal(column["mfcc3"], analysis.mfcc[:, 3])
    np.testing.assert_array_equal(column["chroma11"], analysis.chroma[:, 11])
    np.testing.assert_array_equal(column["level_db"], analysis.level_db)
    np.testing.assert_array_equal(column["centroid_hz"], spectral_moments(analysis.magnitude)[0])
    np.testing.assert_array_equal(column["flatness_db"], flatness_db(analysis.limited_power))
    np.testing.assert_array_equal(column["rolloff85_hz"], rolloff_hz(analysis.magnitude, fraction=0.85))
    np.testing.assert_array_equal(column["f0_semitones"], analysis.voice.f0_semitones)


def test_digital_silence_has_no_extreme_descriptors(analysis: Analysis) -> None:
    silent = slice(len(analysis.power) + 10, len(analysis.power) + 40)
    table = descriptors(Analysis(np.concatenate([analysis.samples, np.zeros(8000, np.float32), analysis.samples])))
    column = dict(zip(DESCRIPTOR_NAMES, table[silent].T, strict=True))
    for name in ("flatness_db", "slope_low_db", "hammarberg_db", "contrast3"):
        np.testing.assert_allclose(column[name], 0, atol=1e-3)
    assert np.abs([column["alpha_ratio_db"], column["logmel0"] - column["logmel31"]]).max() < 10
