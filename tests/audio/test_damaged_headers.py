"""Headers that are wrong: the sound that is there is taken, and what is missing is said; little sound of much is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.clip import SAMPLE_RATE_HZ
from audio.load import load
from audio.notes import NoteKind
from emotune.errors import BadRecordingError
from tests.audio.sounds import kinds, noise, pcm, speech, wav_head

SOUND = speech(seconds=4.0)
DATA = pcm(SOUND)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def without_end_flag(content: bytes) -> bytes:
    start = content.rfind(b"OggS")
    page = bytearray(content[start:])
    page[5] &= ~4
    page[22:26] = bytes(4)
    page[22:26] = ogg_crc(bytes(page)).to_bytes(4, "little")
    return content[:start] + bytes(page)


@pytest.mark.parametrize("stated", [len(DATA) + 2, len(DATA) + 44, len(DATA) + 1000, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x7FFFFFDB])
def test_a_wav_whose_header_states_hardly_more_or_no_size_is_read_whole_without_a_word(tmp_path: Path, stated: int) -> None:
    loaded = load(write(tmp_path / "a.wav", wav_head(stated) + DATA))
    assert len(loaded.samples) == len(SOUND)
    assert loaded.notes == ()


@pytest.mark.parametrize(("factor", "missing"), [(1.1, "0.40 s"), (1.5, "2.00 s"), (2.0, "4.00 s")])
def test_a_wav_whose_header_promises_more_is_read_and_says_what_is_missing(tmp_path: Path, factor: float, missing: str) -> None:
    loaded = load(write(tmp_path / "a.wav", wav_head(round(factor * len(DATA) / 2) * 2) + DATA))
    assert len(loaded.samples) == len(SOUND)
    assert kinds(loaded) == [NoteKind.MISSING_SOUND]
    assert loaded.notes[0].text.startswith(f"{missing} are missing")


@pytest.mark.parametrize("stated", [0, 2, len(DATA) // 4, len(DATA) // 2])
def test_a_wav_whose_header_states_less_than_is_there_is_read_whole(tmp_path: Path, stated: int) -> None:
    loaded = load(write(tmp_path / "a.wav", wav_head(stated) + DATA))
    assert len(loaded.samples) == len(SOUND)
    assert kinds(loaded) == [NoteKind.HEADER_CORRECTED]


@pytest.mark.parametrize(
    "tail",
    [
        b"LIST\x10\x00\x00\x00" + bytes(16),
        b"TAG" + b"x" * 125,
        bytes(5000),
        b"id3 \xd0\x07\x00\x00" + b"y" * 2000,
    ],
    ids=["LIST", "ID3v1", "zeros", "id3"],
)
def test_what_follows_the_sound_of_a_wav_is_not_always_sound(tmp_path: Path, tail: bytes) -> None:
    loaded = load(write(tmp_path / "a.wav", wav_head(len(DATA)) + DATA + tail))
    assert len(loaded.samples) == len(SOUND)
    assert loaded.notes == ()


@pytest.mark.parametrize(("extension", "subtype"), [("ogg", "VORBIS"), ("ogg", "OPUS")])
def test_an_ogg_without_the_flag_that_ends_it_is_read_whole_without_a_word(tmp_path: Path, extension: str, subtype: str) -> None:
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, SOUND, SAMPLE_RATE_HZ, format="OGG", subtype=subtype)
    whole = load(path)
    loaded = load(write(path, without_end_flag(path.read_bytes())))
    assert loaded.duration_seconds == pytest.approx(whole.duration_seconds, abs=0.05)
    assert loaded.notes == ()


@pytest.mark.parametrize("keep", [0.6, 0.9, 0.995])
def test_an_ogg_that_is_cut_gives_what_is_there_and_says_what_its_cut_page_promised(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, speech(seconds=12), SAMPLE_RATE_HZ)
    content = path.read_bytes()
    loaded = load(write(path, content[: round(keep * len(content))]))
    assert 3 < loaded.duration_seconds < 12
    assert kinds(loaded) == [NoteKind.MISSING_SOUND]


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff", "au", "caf", "w64", "mp3", "rf64"])
@pytest.mark.parametrize("keep", [0.6, 0.9])
def test_a_file_that_is_cut_gives_what_is_there_and_says_what_is_missing(tmp_path: Path, extension: str, keep: float) -> None:
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, noise(4 * SAMPLE_RATE_HZ), SAMPLE_RATE_HZ, format=extension.upper())
    content = path.read_bytes()
    loaded = load(write(path, content[: round(keep * len(content))]))
    assert keep * 4 - 0.4 < loaded.duration_seconds < keep * 4 + 0.2
    assert kinds(loaded) == [NoteKind.MISSING_SOUND]
    assert f"{4 - loaded.duration_seconds:.2f} s are missing" in loaded.notes[0].text


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff", "au", "caf", "w64", "mp3", "rf64"])
def test_a_file_of_which_little_is_there_is_refused_with_both_lengths(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, noise(4 * SAMPLE_RATE_HZ), SAMPLE_RATE_HZ, format=extension.upper())
    content = path.read_bytes()
    with pytest.raises(BadRecordingError, match=r"promises 4\.\d\d s and [01]\.\d\d s are there"):
        load(write(path, content[: round(0.3 * len(content))]))


def test_an_mp3_that_does_not_say_its_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "untagged.mp3"
    quiet_then_loud = np.concatenate([np.zeros(5 * SAMPLE_RATE_HZ), SOUND, noise(5 * SAMPLE_RATE_HZ)])
    soundfile.write(path, quiet_then_loud, SAMPLE_RATE_HZ, compression_level=0.3, bitrate_mode="VARIABLE")
    write(path, path.read_bytes().replace(b"Xing", bytes(4)).replace(b"Info", bytes(4)))
    assert soundfile.info(path).frames < len(quiet_then_loud) / 2
    loaded = load(path)
    assert loaded.duration_seconds == pytest.approx(14, abs=0.3)
    assert loaded.notes == ()


@settings(max_examples=60)
@given(stated=st.integers(0, 0xFFFFFFFF), n_cut=st.integers(0, len(DATA)))
def test_whatever_a_wav_states_its_sound_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, stated: int, n_cut: int
) -> None:
    path = write(tmp_path_factory.mktemp("wav") / "a.wav", wav_head(stated) + DATA[n_cut:])
    try:
        loaded = load(path)
    except BadRecordingError:
        return
    assert len(loaded.samples) <= len(SOUND) - n_cut // 2


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "aiff", "caf"])
@settings(max_examples=25)
@given(data=st.data())
def test_a_file_with_wrong_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, extension: str, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"a.{extension}"
    soundfile.write(path, SOUND, SAMPLE_RATE_HZ)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, min(len(content), 300) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        samples = load(path).samples
    except BadRecordingError:
        return
    assert np.isfinite(samples).all()


@pytest.mark.parametrize("extension", ["mp3", "flac"])
@pytest.mark.parametrize("n_wrong", [1, 4])
def test_sound_after_a_damaged_part_is_read_too(tmp_path: Path, extension: str, n_wrong: int) -> None:
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, noise(8 * SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    content = bytearray(path.read_bytes())
    for k in range(n_wrong):
        start = len(content) // 4 + k * len(content) // 8
        content[start : start + 200] = np.random.default_rng(k).bytes(200)
    loaded = load(write(path, bytes(content)))
    assert loaded.duration_seconds > 5.5
