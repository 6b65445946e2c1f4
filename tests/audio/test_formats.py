"""Formats: what phones, computers and call recorders write is read; what is no recording is named; no decoder's error escapes."""

from __future__ import annotations

import builtins
import io
import os
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr

from audio import decode as decoding
from audio.clip import SAMPLE_RATE_HZ
from audio.limits import MAX_DECODED_SAMPLES
from audio.load import load
from audio.notes import NoteKind
from emotune.errors import BadRecordingError
from tests.audio.sounds import kinds, level_db, noise, speech, write_av

SOUND = speech(seconds=4.0)
FFMPEG_FILES = [
    ("a.m4a", "aac", 48000, None),
    ("a.m4a", "aac", 16000, None),
    ("a.m4a", "alac", 44100, None),
    ("a.mp4", "aac", 22050, None),
    ("a.3gp", "aac", 16000, None),
    ("a.aac", "aac", 44100, "adts"),
    ("a.3gp", "libopencore_amrnb", 8000, None),
    ("a.amr", "libopencore_amrnb", 8000, None),
    ("a.webm", "libopus", 48000, None),
    ("a.mka", "flac", 16000, None),
    ("a.mka", "aac", 44100, None),
    ("a.mov", "pcm_s16le", 16000, None),
    ("a.opus", "libopus", 48000, None),
    ("a.oga", "flac", 16000, "ogg"),
    ("a.ac3", "ac3", 48000, None),
]


def can_encode(codec: str) -> bool:
    try:
        av.Codec(codec, "w")
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "container"), FFMPEG_FILES, ids=[" in ".join(row[1::-1]) for row in FFMPEG_FILES]
)
def test_what_phones_and_browsers_record_is_read(tmp_path: Path, name: str, codec: str, rate_hz: int, container: str | None) -> None:
    if not can_encode(codec):
        pytest.skip(f"this build of av has no encoder {codec}")
    path = tmp_path / name
    write_av(path, SOUND, codec, rate_hz, container=container)
    loaded = load(path)
    assert loaded.duration_seconds == pytest.approx(4.0, abs=0.15)
    assert loaded.rate_hz == rate_hz
    assert level_db(loaded.samples) == pytest.approx(level_db(SOUND), abs=2)
    assert set(kinds(loaded)) <= {NoteKind.NARROW_BAND}
    assert (NoteKind.NARROW_BAND in kinds(loaded)) == (rate_hz == 8000)


@pytest.mark.parametrize("options", [{"movflags": "frag_keyframe+empty_moov"}, {"movflags": "faststart"}])
def test_mp4_is_read_in_fragments_and_when_it_is_cut(tmp_path: Path, options: dict[str, str]) -> None:
    path = tmp_path / "a.mp4"
    write_av(path, SOUND, "aac", 44100, options=options)
    assert load(path).notes == ()
    content = path.read_bytes()
    path.write_bytes(content[: round(0.7 * len(content))])
    loaded = load(path)
    assert 2 < loaded.duration_seconds < 3.5
    assert NoteKind.MISSING_SOUND in kinds(loaded)


def test_an_m4a_without_its_end_is_refused_with_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    write_av(path, SOUND, "aac", 44100)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(BadRecordingError, match=r"whole MP4 or M4A file.*index may be missing"):
        load(path)


@pytest.mark.parametrize("container", ["AIFF", "CAF", "AU", "W64", "NIST", "VOC", "RF64", "WAVEX"])
def test_what_computers_record_is_read_bit_for_bit(tmp_path: Path, container: str) -> None:
    path = tmp_path / "a.sound"
    written = np.round(noise() * 2**15) / np.float32(2**15)
    soundfile.write(path, written, SAMPLE_RATE_HZ, format=container, subtype="PCM_16")
    loaded = load(path)
    assert np.array_equal(loaded.samples, written)
    assert loaded.notes == ()


@pytest.mark.parametrize(
    "subtype",
    ["GSM610", "G721_32", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32", "IMA_ADPCM", "MS_ADPCM", "ULAW", "ALAW"],
)
def test_what_call_recorders_write_is_read_and_called_narrow(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, soxr.resample(SOUND, SAMPLE_RATE_HZ, 8000), 8000, subtype=subtype)
    loaded = load(path)
    assert loaded.codec == subtype
    assert loaded.duration_seconds == pytest.approx(4.0, abs=0.1)
    assert kinds(loaded) == [NoteKind.NARROW_BAND]
    assert "8 kHz" in loaded.notes[0].text


@pytest.mark.parametrize("error", [ValueError, RuntimeError, TypeError, MemoryError, OSError, ZeroDivisionError, AssertionError])
def test_an_error_of_any_type_belongs_to_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, SOUND, SAMPLE_RATE_HZ)

    def fail(*_: object, **__: object) -> None:
        raise error("frames must be specified")

    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    with pytest.raises(BadRecordingError, match=f"{error.__name__}: frames must be specified.*convert it to WAV"):
        load(path)


def test_without_av_the_message_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.m4a"
    write_av(path, SOUND, "aac", 44100)
    real_import = builtins.__import__

    def without_av(name: str, *arguments: object, **named: object) -> object:
        if name == "av":
            raise ImportError("No module named 'av'")
        return real_import(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without_av)
    with pytest.raises(BadRecordingError, match=r"the package av.*pip install av"):
        load(path)


def zip_bytes() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (zip_bytes(), "a ZIP archive; unpack it"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(50), "a RAR archive"),
        (b"<!DOCTYPE html><html>404</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "a playlist"),
        (bytes(100_000), "only zero bytes"),
        (b"%PDF-1.7" + bytes(100), "a PDF"),
        (b"ffconcat version 1.0\nfile a.wav\n", "bytes are not"),
        (os.urandom(20_000), "bytes are not|must"),
    ],
)
def test_what_is_no_recording_is_refused_by_what_it_is(tmp_path: Path, content: bytes, finding: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(BadRecordingError, match=finding):
        load(path)


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_never_a_recording(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(np.random.default_rng(seed).bytes(30_000))
    with pytest.raises(BadRecordingError):
        load(path)


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadRecordingError, match="device or a pipe"):
        load(tmp_path / "pipe")


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(path, "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(10):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        file.mux(stream.encode(None))
    with pytest.raises(BadRecordingError, match="must hold sound, but its streams are: video"):
        load(path)


@pytest.mark.parametrize(("n_channels", "rate_hz", "seconds"), [(8, 655_350, 30), (8, 48_000, 200), (2, 192_000, 200)])
def test_sound_that_is_large_when_decoded_is_refused_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_channels: int, rate_hz: int, seconds: int
) -> None:
    path = tmp_path / "large.flac"
    with soundfile.SoundFile(path, "w", rate_hz, n_channels, format="FLAC", subtype="PCM_16") as file:
        for _ in range(seconds):
            file.write(np.zeros((rate_hz, n_channels), np.int16))
    assert n_channels * rate_hz * seconds > MAX_DECODED_SAMPLES
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded"))
    monkeypatch.setattr(decoding, "decode_with_ffmpeg", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(BadRecordingError, match=rf"at most 57\.6 million samples.*{n_channels} × {rate_hz} Hz × {seconds}\.0 s"):
        load(path)


def test_a_long_m4a_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.m4a"
    write_av(path, np.zeros(301 * SAMPLE_RATE_HZ, np.float32), "aac", 16000)
    monkeypatch.setattr("audio.ffmpeg._Decoding.frames", lambda *_: pytest.fail("decoded"))
    with pytest.raises(BadRecordingError, match=r"at most 300 s, got 301\.\d s"):
        load(path)
