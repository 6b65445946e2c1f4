"""Faults of the signal: loading undoes what it can, names what it cannot, and is silent about clean speech."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.channels import to_mono
from audio.clip import SAMPLE_RATE_HZ
from audio.load import Loaded, load
from audio.notes import NoteKind
from emotune.errors import BadRecordingError
from tests.audio.sounds import kinds, noise, speech

SOUND = speech(seconds=5.0)


def through_file(path: Path, samples: np.ndarray, *, rate_hz: int = SAMPLE_RATE_HZ, subtype: str = "FLOAT") -> Loaded:
    soundfile.write(path / "a.wav", samples, rate_hz, subtype=subtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load(path / "a.wav")


@pytest.mark.parametrize("gain", [-1.0, -0.98, -0.5, -1.5])
def test_an_inverted_channel_is_turned_over(tmp_path: Path, gain: float) -> None:
    loaded = through_file(tmp_path, np.stack([SOUND, gain * SOUND], axis=1) * np.float32(0.5))
    assert kinds(loaded) == [NoteKind.CHANNEL_INVERTED]
    assert np.abs(np.corrcoef(loaded.samples, SOUND)[0, 1]) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(np.abs(loaded.samples), np.abs(SOUND) * (1 - gain) / 4, atol=1e-4)


@pytest.mark.parametrize("other", [np.zeros_like(SOUND), 1e-3 * noise(len(SOUND)), np.full_like(SOUND, 0.2), 0.01 * SOUND], ids=str)
@pytest.mark.parametrize("is_left", [True, False])
def test_a_dead_or_weak_channel_is_left_out(tmp_path: Path, other: np.ndarray, is_left: bool) -> None:
    pair = [other, SOUND] if is_left else [SOUND, other]
    loaded = through_file(tmp_path, np.stack(pair, axis=1))
    assert kinds(loaded) == [NoteKind.CHANNEL_CHOSEN]
    assert f"Channel {'left' if is_left else 'right'} is weaker" in loaded.notes[0].text
    np.testing.assert_array_equal(loaded.samples, SOUND)


@pytest.mark.parametrize("n_channels", [3, 6])
def test_among_many_channels_those_with_the_voice_are_averaged(n_channels: int) -> None:
    gains = [1, 0, 0.8, 0, 0, 0][:n_channels]
    mono, notes = to_mono(np.stack([SOUND * np.float32(gain) for gain in gains], axis=1), rate_hz=SAMPLE_RATE_HZ)
    np.testing.assert_allclose(mono, 0.9 * SOUND, atol=1e-6)
    assert [note.kind for note in notes] == [NoteKind.CHANNEL_CHOSEN]


@pytest.mark.parametrize("gain", [0.3, 1.0, 3.0])
def test_the_channel_with_the_voice_is_chosen_over_one_with_steady_noise(tmp_path: Path, gain: float) -> None:
    loaded = through_file(tmp_path, np.float32(0.5) * np.stack([gain * noise(len(SOUND)), SOUND], axis=1))
    assert kinds(loaded) == [NoteKind.CHANNEL_CHOSEN]
    np.testing.assert_array_equal(loaded.samples, SOUND / 2)


@pytest.mark.parametrize("seed", range(1, 6))
def test_two_people_on_two_channels_are_said_and_not_mixed(tmp_path: Path, seed: int) -> None:
    n = len(SOUND)
    turns = np.arange(n) < n * 0.6
    loaded = through_file(tmp_path, np.stack([SOUND * turns, speech(seconds=5.0, seed=seed) * ~turns], axis=1))
    assert kinds(loaded) == [NoteKind.TWO_VOICES]
    assert "Two people" in loaded.notes[0].text


@pytest.mark.parametrize("seed", range(1, 6))
def test_two_people_who_speak_at_once_are_said(tmp_path: Path, seed: int) -> None:
    pair = [SOUND, speech(seconds=5.0, seed=seed)]
    loaded = through_file(tmp_path, np.stack(pair, axis=1))
    assert kinds(loaded) == [NoteKind.TWO_VOICES]
    assert any(np.array_equal(loaded.samples, one) for one in pair)


@pytest.mark.parametrize("n_late", [5, 40, 200])
def test_one_voice_that_reaches_a_channel_late_is_not_two(tmp_path: Path, n_late: int) -> None:
    loaded = through_file(tmp_path, np.stack([SOUND, 0.8 * np.roll(SOUND, n_late)], axis=1))
    assert NoteKind.TWO_VOICES not in kinds(loaded)


@pytest.mark.parametrize("gain", [1.0, 0.6, 0.3])
def test_channels_that_agree_are_averaged_without_a_word(tmp_path: Path, gain: float) -> None:
    stereo = np.stack([SOUND, gain * SOUND + 0.003 * noise(len(SOUND))], axis=1).astype(np.float32)
    loaded = through_file(tmp_path, stereo)
    np.testing.assert_array_equal(loaded.samples, stereo.mean(axis=1))
    assert loaded.notes == ()


@pytest.mark.parametrize(
    ("scale", "subtype"), [(2**15, "FLOAT"), (2**15, "DOUBLE"), (2**23, "FLOAT"), (2**31, "DOUBLE"), (20_000, "FLOAT")]
)
def test_floats_in_the_range_of_integers_are_scaled(tmp_path: Path, scale: float, subtype: str) -> None:
    loaded = through_file(tmp_path, SOUND.astype(np.float64) * scale, subtype=subtype)
    assert kinds(loaded) == [NoteKind.OUT_OF_RANGE]
    expected = SOUND * (scale / 32768 if scale == 20000 else 1)
    np.testing.assert_allclose(loaded.samples, expected, atol=1e-5)


@pytest.mark.parametrize("peak", [1.2, 3.0, 50.0, 1e12, 1e30, 3e38])
def test_floats_beyond_any_range_are_scaled_to_their_peak_without_warnings(tmp_path: Path, peak: float) -> None:
    samples = SOUND.astype(np.float64) / np.abs(SOUND).max() * peak
    for channels in (samples, np.stack([samples, samples * 0.9], axis=1)):
        loaded = through_file(tmp_path, channels)
        assert kinds(loaded) == [NoteKind.OUT_OF_RANGE]
        assert 0.9 < np.abs(loaded.samples).max() <= 1.0001


def test_doubles_too_large_for_float32_are_refused_without_warnings(tmp_path: Path) -> None:
    with pytest.raises(BadRecordingError, match="must be finite"):
        through_file(tmp_path, SOUND.astype(np.float64) * 1e300, subtype="DOUBLE")


@pytest.mark.parametrize("offset", [0.05, -0.1, 0.2, 0.5])
@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_16"])
def test_a_constant_offset_is_removed_and_said(tmp_path: Path, offset: float, subtype: str) -> None:
    quiet = 0.4 * SOUND
    loaded = through_file(tmp_path, quiet + np.float32(offset), subtype=subtype)
    assert kinds(loaded) == [NoteKind.DC_OFFSET]
    assert f"{offset:+.2f}"[:4] in loaded.notes[0].text
    np.testing.assert_allclose(loaded.samples, quiet - quiet.mean(), atol=2e-4)


@settings(max_examples=25)
@given(offset=st.floats(-1e-4, 1e-4), gain=st.floats(0.1, 1.0))
def test_a_small_offset_keeps_its_bits(tmp_path_factory: pytest.TempPathFactory, offset: float, gain: float) -> None:
    samples = (SOUND * gain + offset).astype(np.float32)
    loaded = through_file(tmp_path_factory.mktemp("dc"), samples)
    assert loaded.samples.tobytes() == samples.tobytes()
    assert loaded.notes == ()


@pytest.mark.parametrize("gain", [5, 50])
@pytest.mark.parametrize("lowered", [1.0, 0.5, 0.1])
@pytest.mark.parametrize(("rate_hz", "subtype"), [(16000, "FLOAT"), (16000, "PCM_16"), (48000, "PCM_16")])
def test_clipping_is_recognised_also_after_lowering(tmp_path: Path, gain: float, lowered: float, rate_hz: int, subtype: str) -> None:
    samples = np.clip(soxr.resample(SOUND, SAMPLE_RATE_HZ, rate_hz) * gain, -1, 1) * lowered
    loaded = through_file(tmp_path, samples, rate_hz=rate_hz, subtype=subtype)
    assert kinds(loaded) == [NoteKind.CLIPPED]
    assert ("lowered afterwards" in loaded.notes[0].text) == (lowered < 1)


@pytest.mark.parametrize("file_rate_hz", [16000, 44100])
def test_telephone_speech_is_named_at_any_rate(tmp_path: Path, file_rate_hz: int) -> None:
    narrow = soxr.resample(soxr.resample(SOUND, SAMPLE_RATE_HZ, 8000), 8000, file_rate_hz)
    loaded = through_file(tmp_path, narrow, rate_hz=file_rate_hz, subtype="PCM_16")
    assert kinds(loaded) == [NoteKind.NARROW_BAND]
    assert "8 kHz" in loaded.notes[0].text


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "PCM_16"])
def test_eight_khz_is_named_and_nothing_else(tmp_path: Path, subtype: str) -> None:
    loaded = through_file(tmp_path, soxr.resample(SOUND, SAMPLE_RATE_HZ, 8000), rate_hz=8000, subtype=subtype)
    assert kinds(loaded) == [NoteKind.NARROW_BAND]
    assert loaded.notes[0].text.startswith("Sampled at 8 kHz")


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), level_db=st.floats(-30, 0))
def test_clean_speech_has_no_notes(tmp_path_factory: pytest.TempPathFactory, seed: int, level_db: float) -> None:
    samples = speech(seed=seed)
    samples *= np.float32(0.9 / np.abs(samples).max() * 10 ** (level_db / 20))
    assert through_file(tmp_path_factory.mktemp("clean"), samples).notes == ()
