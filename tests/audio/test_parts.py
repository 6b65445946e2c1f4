"""Parts: some seconds of a recording are what they are within the whole, with the whole's corrections and its own limits."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from audio.ffmpeg import decode_with_ffmpeg
from audio.load import load
from audio.notes import NoteKind
from audio.part import Part
from emotune.errors import BadRecordingError
from tests.audio.sounds import kinds, noise, pcm, tone, wav_head, write_av

SECONDS = 6
SOUND = tone(seconds=SECONDS)[:, 0]


@pytest.mark.parametrize("part", [Part(0.0, 1.0), Part(2.345, 4.0), Part(5.0)], ids=str)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {}),
        ("a.flac", {}),
        ("a.mp3", {"compression_level": 0.9}),
        ("a.ogg", {}),
        ("gsm.wav", {"subtype": "GSM610"}),
        ("nms.wav", {"subtype": "NMS_ADPCM_32"}),
    ],
)
def test_a_part_has_the_samples_that_it_has_within_the_whole(tmp_path: Path, name: str, options: dict[str, str], part: Part) -> None:
    path = tmp_path / name
    soundfile.write(path, SOUND, SAMPLE_RATE_HZ, **options)
    check_is_within(path, part)


@pytest.mark.parametrize("part", [Part(0.0, 1.0), Part(2.345, 4.0), Part(5.0)], ids=str)
def test_so_has_a_part_of_what_a_phone_records(tmp_path: Path, part: Part) -> None:
    path = tmp_path / "a.m4a"
    write_av(path, SOUND, "aac", SAMPLE_RATE_HZ)
    check_is_within(path, part)


def check_is_within(path: Path, part: Part) -> None:
    whole, loaded = load(path), load(path, part=part)
    first, stop = part.frames(SAMPLE_RATE_HZ)
    np.testing.assert_allclose(loaded.samples, whole.samples[first:stop], atol=1e-6)
    assert (loaded.container, loaded.codec, loaded.notes) == (whole.container, whole.codec, whole.notes)


def test_limits_are_those_of_the_part(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.tile(SOUND, 60), SAMPLE_RATE_HZ)
    assert load(path, part=Part(350.0, 352.0)).duration_seconds == 2
    with pytest.raises(BadRecordingError, match="at most 300 s"):
        load(path)
    for part in (Part(0.5), Part(10.0, 350.0)):
        with pytest.raises(BadRecordingError, match="at most 300 s"):
            load(path, part=part)
    with pytest.raises(BadRecordingError, match=r"at least 0\.2 s"):
        load(path, part=Part(1.0, 1.1))


def test_a_part_of_a_long_recording_from_a_phone_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.m4a"
    write_av(path, np.tile(SOUND, 51), "aac", SAMPLE_RATE_HZ)
    assert load(path, part=Part(303.0, 305.0)).duration_seconds == 2
    with path.open("rb") as file:  # the many parts of a talk take the time of the talk, not of its square
        n_packets = decode_with_ffmpeg(file, Part(303.0, 305.0), source="long.m4a").n_parts
    assert n_packets < 4 * SAMPLE_RATE_HZ / 1024
    with pytest.raises(BadRecordingError, match="at most 300 s"):
        load(path, part=Part(1.0, 305.0))


def test_a_header_that_promises_gigabytes_is_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, SOUND, SAMPLE_RATE_HZ)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the upper bits of the 36 that count the samples
    path.write_bytes(content)
    with pytest.raises(BadRecordingError, match="at most 300 s"):
        load(path, part=Part(0.5))


def test_memory_that_is_not_there_is_the_fault_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 256 GiB")

    path = tmp_path / "a.wav"
    soundfile.write(path, SOUND, SAMPLE_RATE_HZ)
    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    with pytest.raises(BadRecordingError, match="MemoryError: Unable to allocate 256 GiB"):
        load(path, part=Part(0.5))


def test_sound_beyond_what_the_header_states_is_in_its_parts_too(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    path.write_bytes(wav_head(2 * SAMPLE_RATE_HZ) + pcm(SOUND))
    whole = load(path)
    assert whole.duration_seconds == SECONDS
    for part in (Part(2.0, 3.0), Part(0.5, 3.0)):
        loaded = load(path, part=part)
        assert np.array_equal(loaded.samples, whole.samples[slice(*part.frames(SAMPLE_RATE_HZ))])
        assert kinds(loaded) == [NoteKind.HEADER_CORRECTED]


@pytest.mark.parametrize("name", ["a.wav", "a.m4a"])
def test_a_part_that_begins_where_the_recording_has_ended_is_refused_with_both_times(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_av(path, SOUND, "aac" if name.endswith("m4a") else "pcm_s16le", SAMPLE_RATE_HZ)
    with pytest.raises(BadRecordingError, match=r"starts at 100 s, and the recording ends at 6\.\d\d s; correct its start"):
        load(path, part=Part(100.0, 101.0))


def test_what_is_missing_of_a_part_is_noted_and_much_of_it_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(wav_head(2 * 10 * SAMPLE_RATE_HZ) + pcm(SOUND))
    assert load(path, part=Part(1.0, 3.0)).notes == ()
    assert [note.text for note in load(path, part=Part(3.0, 7.0)).notes] == [
        "1.00 s are missing: the part ends at 7 s, the recording at 6.00 s."
    ]
    assert [note.text for note in load(path, part=Part(1.0)).notes] == [
        "4.00 s are missing: the header promises 10.00 s and 6.00 s are there."
    ]
    with pytest.raises(BadRecordingError, match=r"40% of the part, but its header promises 10\.00 s and 6\.00 s are there"):
        load(path, part=Part(5.5, 20.0))


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.w64", "a.flac", "a.mp3", "a.ogg", "a.mka"])
def test_a_part_of_what_is_cut_off_is_the_fault_of_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sound = noise(8 * SAMPLE_RATE_HZ)
    if name == "a.mka":
        write_av(path, sound, "flac", SAMPLE_RATE_HZ)
    else:
        soundfile.write(path, sound, SAMPLE_RATE_HZ)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    held_seconds = load(path).duration_seconds
    start = round(held_seconds + 0.2, 2)
    lengths = r"of the \d\.\d\d s that its header promises (\d\.\d\d) s are there: it is truncated or damaged; copy"
    with pytest.raises(BadRecordingError, match=rf"starts at {start:g} s, and {lengths}") as refused:
        load(path, part=Part(start, 7.0))
    (said_seconds,) = re.findall(lengths, str(refused.value))
    assert float(said_seconds) == pytest.approx(held_seconds, abs=0.05)
    with pytest.raises(BadRecordingError, match=r"starts at 20 s, and the recording ends at \d\.\d\d s; correct its start"):
        load(path, part=Part(20.0, 21.0))


def test_a_part_beside_the_recording_is_corrected_and_not_recorded_again(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, SOUND, SAMPLE_RATE_HZ)
    for part in (Part(5.99, 9.0), Part(1.0, 1.1)):
        with pytest.raises(BadRecordingError, match=r"at least 0\.2 s, got 0\.\d+ s; correct the part's start and end"):
            load(path, part=part)


def test_a_part_that_exceeds_full_scale_a_little_as_the_whole_does_is_not_scaled(tmp_path: Path) -> None:
    path = tmp_path / "loud.ogg"
    soundfile.write(path, np.clip(4 * noise(SECONDS * SAMPLE_RATE_HZ), -1, 1), SAMPLE_RATE_HZ)
    whole = load(path)
    assert np.abs(whole.samples).max() > 1
    assert np.array_equal(load(path, part=Part(1.0, 3.0)).samples, whole.samples[SAMPLE_RATE_HZ : 3 * SAMPLE_RATE_HZ])
