"""Loading recordings: what is accepted comes out mono at 16 kHz, what is not is refused with path, rule and value."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from audio.load import Loaded, load
from emotune.errors import BadRecordingError
from tests.audio.sounds import TONE_HZ, noise, tone


def loudest_hz(samples: np.ndarray) -> float:
    return float(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)[np.abs(np.fft.rfft(samples)).argmax()])


def write_wav(path: Path, samples: np.ndarray) -> None:
    soundfile.write(path, samples, SAMPLE_RATE_HZ, subtype="FLOAT")


def write_cut(path: Path, *, keep: float) -> None:
    soundfile.write(path, noise(), SAMPLE_RATE_HZ)
    content = path.read_bytes()
    path.write_bytes(content[: round(keep * len(content))])


@pytest.mark.parametrize(("extension", "rate_hz"), [("wav", 8000), ("wav", 48000), ("flac", 44100), ("ogg", 22050), ("mp3", 32000)])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_any_format_rate_and_channel_count_becomes_mono_16_khz_float32(
    tmp_path: Path, extension: str, rate_hz: int, n_channels: int
) -> None:
    path = tmp_path / f"tone.{extension}"
    soundfile.write(path, tone(rate_hz=rate_hz, n_channels=n_channels), rate_hz)
    samples = load(path).samples
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) == pytest.approx(SAMPLE_RATE_HZ, rel=0.01)
    assert loudest_hz(samples) == pytest.approx(TONE_HZ, abs=2)
    assert np.abs(samples[2000:-2000]).max() == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize(("extension", "subtype"), [("wav", "FLOAT"), ("wav", "PCM_16"), ("flac", "PCM_16")])
def test_mono_at_16_khz_passes_bit_for_bit(tmp_path: Path, extension: str, subtype: str) -> None:
    path = tmp_path / f"noise.{extension}"
    written = np.round(noise() * 2**15) / np.float32(2**15)
    soundfile.write(path, written, SAMPLE_RATE_HZ, subtype=subtype)
    assert np.array_equal(load(path).samples, written)


def test_opus_in_an_ogg_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "opus.ogg"
    soundfile.write(path, tone(rate_hz=48000), 48000, format="OGG", subtype="OPUS")
    assert loudest_hz(load(path).samples) == pytest.approx(TONE_HZ, abs=2)


def test_a_streamed_wav_that_leaves_its_size_open_is_read(tmp_path: Path) -> None:
    path = tmp_path / "streamed.wav"
    soundfile.write(path, noise(), SAMPLE_RATE_HZ)
    content = bytearray(path.read_bytes())
    position = content.index(b"data") + 4
    content[position : position + 4] = b"\xff" * 4
    path.write_bytes(content)
    assert len(load(path).samples) == len(noise())


def test_a_wav_with_other_chunks_around_the_sound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chunks.wav"
    soundfile.write(path, noise(), SAMPLE_RATE_HZ)
    content = path.read_bytes()
    position = content.index(b"data")
    odd_chunk = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    path.write_bytes(content[:position] + odd_chunk + content[position:] + odd_chunk)
    assert len(load(path).samples) == len(noise())


def test_a_file_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "sound.raw"
    soundfile.write(path, noise(), SAMPLE_RATE_HZ, format="FLAC")
    assert len(load(path).samples) == len(noise())


BAD_FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("a.wav", lambda path: None, "No such file"),
    "a folder": ("a.wav", lambda path: path.mkdir(), "directory"),
    "empty": ("a.wav", lambda path: path.write_bytes(b""), "0 bytes are not"),
    "text": ("a.wav", lambda path: path.write_text("not sound"), "its 9 bytes are not"),
    "a third of a wav": ("a.wav", lambda path: write_cut(path, keep=0.33), r"promises 2\.00 s and 0\.66 s are there"),
    "a wav that lacks all sound": ("a.wav", lambda path: write_cut(path, keep=44 / 64044), r"and 0\.00 s are there"),
    "a third of a flac": ("a.flac", lambda path: write_cut(path, keep=0.33), r"promises 2\.00 s and 0\.\d\d s are there"),
    "a third of an mp3": ("a.mp3", lambda path: write_cut(path, keep=0.33), r"promises 2\.00 s and 0\.\d\d s are there"),
    "zero samples": ("a.wav", lambda path: write_wav(path, noise(0)), "zero samples"),
    "too short": ("a.wav", lambda path: write_wav(path, noise(1600)), r"at least 0\.2 s, got 0\.100 s"),
    "too long": ("a.wav", lambda path: soundfile.write(path, noise(31_000), 100), r"at most 300 s, got 310\.0 s"),
    "hardly too long": ("a.wav", lambda path: soundfile.write(path, noise(300_001), 1000), r"at most 300 s, got 300\.1 s"),
    "silent": ("a.wav", lambda path: write_wav(path, np.zeros(8000, np.float32)), "all 8000 samples are 0"),
    "NaN": (
        "a.wav",
        lambda path: write_wav(path, np.where(np.arange(8000) == 5, np.nan, noise(8000))),
        "1 of 8000 are NaN or Inf",
    ),
    "Inf": (
        "a.wav",
        lambda path: write_wav(path, np.where(np.arange(8000) > 7997, -np.inf, noise(8000))),
        "2 of 8000 are NaN or Inf",
    ),
}


@pytest.mark.parametrize(("file_name", "make", "finding"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_refused_with_its_path_the_rule_and_the_value(
    tmp_path: Path, file_name: str, make: Callable[[Path], object], finding: str
) -> None:
    path = tmp_path / file_name
    make(path)
    with pytest.raises(BadRecordingError, match=finding) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.source == str(path)


def test_a_long_file_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, noise(31_000), 100)
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(BadRecordingError, match="at most 300 s"):
        load(path)


def test_a_flac_of_open_length_is_read(tmp_path: Path) -> None:
    path = tmp_path / "open.flac"
    soundfile.write(path, noise(), SAMPLE_RATE_HZ)
    content = bytearray(path.read_bytes())
    stream_info = int.from_bytes(content[18:26], "big")
    content[18:26] = (stream_info >> 36 << 36).to_bytes(8, "big")
    path.write_bytes(content)
    assert len(load(path).samples) == len(noise())


def test_an_error_calls_the_recording_by_the_name_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(BadRecordingError, match=r"^your recording: "):
        load(tmp_path / "a.wav", name="your recording")


def test_what_is_loaded_says_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(rate_hz=44100, n_channels=2), 44100, subtype="PCM_24")
    loaded = load(path)
    assert isinstance(loaded, Loaded)
    assert (loaded.rate_hz, loaded.channels, loaded.container, loaded.codec) == (44100, 2, "WAV", "PCM_24")
    assert loaded.duration_seconds == pytest.approx(1.0)
    assert loaded.notes == ()
