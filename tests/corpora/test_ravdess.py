"""RAVDESS: the real corpus where it lies, and partial or mixed copies of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from corpora.corpus import Reading
from corpora.emotions import RAVDESS_EMOTIONS
from corpora.ravdess import Ravdess
from emotune.errors import CorpusError


@pytest.fixture(scope="module")
def complete(shared_data: Path) -> Reading:
    return Ravdess().read(shared_data)


def write(path: Path, *, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.random.default_rng(seed).standard_normal(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)


def test_the_one_recording_published_under_two_names_is_dropped_once_and_named(complete: Reading) -> None:
    assert complete.skipped == ()
    assert complete.duplicates == (("Actor_07/03-01-03-01-02-02-07", "Actor_07/03-01-03-01-02-01-07"),)
    assert len(complete.clips) == 1439


def test_twelve_men_and_twelve_women_show_every_emotion_equally_often(complete: Reading) -> None:
    speakers = {(clip.speaker, clip.gender) for clip in complete.clips}
    assert speakers == {(f"{actor:02d}", "male" if actor % 2 else "female") for actor in range(1, 25)}
    published = dict.fromkeys(RAVDESS_EMOTIONS, 192) | {"neutral": 96}
    assert Counter(clip.emotion for clip in complete.clips) == published | {"happy": 191}


def test_durations_are_the_published_ones(complete: Reading) -> None:
    durations = [clip.duration_seconds for clip in complete.clips]
    assert min(durations) == pytest.approx(2.94, abs=0.01)
    assert max(durations) == pytest.approx(5.27, abs=0.01)


def test_a_part_of_the_actors_is_read_and_its_names_are_understood(tmp_path: Path) -> None:
    write(tmp_path / "Actor_02" / "03-01-06-01-02-01-02.wav", seed=1)
    write(tmp_path / "Actor_01" / "03-01-01-01-01-01-01.WAV", seed=2)
    first, second = Ravdess().read(tmp_path).clips
    assert (first.name, first.speaker, first.gender, first.emotion) == ("Actor_01/03-01-01-01-01-01-01", "01", "male", "neutral")
    assert (second.name, second.speaker, second.gender, second.emotion) == (
        "Actor_02/03-01-06-01-02-01-02",
        "02",
        "female",
        "fearful",
    )
    assert {first.language, second.language} == {"en"}


def test_songs_and_videos_beside_the_speech_are_counted_and_other_files_ignored(tmp_path: Path) -> None:
    write(tmp_path / "Actor_01" / "03-01-01-01-01-01-01.wav", seed=1)
    write(tmp_path / "Actor_01" / "03-02-01-01-01-01-01.wav", seed=2)
    (tmp_path / "Actor_01" / "01-01-01-01-01-01-01.mp4").write_text("video")
    (tmp_path / "Actor_01" / "notes.txt").write_text("notes")
    reading = Ravdess().read(tmp_path)
    assert [clip.name for clip in reading.clips] == ["Actor_01/03-01-01-01-01-01-01"]
    assert reading.skipped == ()
    assert any(note.startswith("2 other recordings there, not read: Actor_01/01-01-01-01-01-01-01.mp4") for note in reading.notes)


def test_a_second_copy_in_another_folder_is_not_read_twice(tmp_path: Path) -> None:
    for folder in ("archive", "archive/audio_speech_actors_01-24"):
        write(tmp_path / folder / "Actor_01" / "03-01-01-01-01-01-01.wav", seed=1)
    reading = Ravdess().read(tmp_path)
    assert len(reading.clips) == 1
    assert reading.duplicates == ()


def test_the_same_clip_in_two_formats_is_read_once(tmp_path: Path) -> None:
    for extension in ("wav", "mp3"):
        write(tmp_path / "Actor_01" / f"03-01-01-01-01-01-01.{extension}", seed=1)
    assert len(Ravdess().read(tmp_path).clips) == 1


def test_the_data_variable_says_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "ravdess" / "Actor_01" / "03-01-01-01-01-01-01.wav", seed=1)
    monkeypatch.setenv("EMOTUNE_DATA", str(tmp_path))
    assert len(Ravdess().read().clips) == 1


@pytest.mark.parametrize(
    "folder",
    [
        "",
        "Actor_01",
        "Actor_01/Actor_01",
        "part1/Actor_01",
        "one/two/three/four",
        "archive/audio_speech_actors_01-24/Actor_01",
        "ravdess",
    ],
)
def test_it_is_found_at_any_depth_by_its_names_alone(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "03-01-05-01-02-01-01.wav", seed=1)
    (clip,) = Ravdess().read(tmp_path).clips
    assert (clip.name, clip.speaker, clip.emotion) == ("Actor_01/03-01-05-01-02-01-01", "01", "angry")


def test_part_folders_are_joined_and_absent_actors_and_emotions_named(tmp_path: Path) -> None:
    write(tmp_path / "part1" / "Actor_01" / "03-01-05-01-02-01-01.wav", seed=1)
    write(tmp_path / "part2" / "Actor_13" / "03-01-04-01-02-01-13.wav", seed=2)
    corpus = Ravdess()
    reading = corpus.read(tmp_path)
    assert set(reading.speakers) == {"01", "13"}
    assert reading.emotions == ("sad", "angry")
    assert reading.notes[0] == (
        "No clip of neutral, calm, happy, fearful, disgust, surprised is there: chance is 50.0% for 2 emotions."
    )
    assert reading.notes[1].startswith("2 of 24 speakers are there; absent: 02, 03")
    assert corpus.title_of(reading) == "RAVDESS speech (2 of 8 emotions, 2 of 24 speakers)"


def test_what_begins_like_it_and_is_not_read_is_counted_and_named(tmp_path: Path) -> None:
    write(tmp_path / "03-01-05-01-02-01-01.wav", seed=1)
    write(tmp_path / "03-01-05-01-02-01-7.wav", seed=2)
    write(tmp_path / "03-01-05-01-02-01-01 (1).wav", seed=3)
    notes = " ".join(Ravdess().read(tmp_path).notes)
    assert (
        "2 files named nearly as RAVDESS speech names them, not read: 03-01-05-01-02-01-01 (1).wav, 03-01-05-01-02-01-7.wav" in notes
    )


def test_of_a_lossless_and_a_lossy_file_of_one_name_the_lossless_is_read(tmp_path: Path) -> None:
    for folder, extension in (("AudioMP3", "mp3"), ("AudioWAV", "wav")):
        write(tmp_path / folder / f"03-01-05-01-02-01-01.{extension}", seed=1)
    reading = Ravdess().read(tmp_path)
    assert [Path(clip.source).parent.name for clip in reading.clips] == ["AudioWAV"]
    assert "1 file with the name of another, in AudioMP3: of each name the first good one is read." in reading.notes


def test_where_a_file_is_bad_another_of_its_name_is_read_and_it_is_said(tmp_path: Path) -> None:
    name = "03-01-05-01-02-01-01.wav"
    for folder in ("a", "b", "c"):
        write(tmp_path / folder / name, seed=1)
    (tmp_path / "a" / name).write_bytes(b"")
    (tmp_path / "b" / name).write_text("not sound")
    reading = Ravdess().read(tmp_path)
    assert [Path(clip.source).parent.name for clip in reading.clips] == ["c"]
    assert reading.skipped == ()
    (note,) = reading.clip_notes["Actor_01/03-01-05-01-02-01-01"]
    assert "it is empty" in note
    assert f"Another file of that name was read: {tmp_path / 'c' / name}." in note
    (tmp_path / "c" / name).write_text("not sound")
    with pytest.raises(CorpusError, match=r"a/03-01-05-01-02-01-01\.wav: .*it is empty"):
        Ravdess().read(tmp_path)


@pytest.mark.parametrize("name", ["01-02-01-01-01", "05-01-03-01-01", "05-01-01-03-01", "05-01-01-01-34"])
def test_names_by_its_rules_with_codes_that_it_lacks_are_said_to_be_another_corpus_s(tmp_path: Path, name: str) -> None:
    write(tmp_path / "03-01-05-01-02-01-01.wav", seed=1)
    write(tmp_path / "03-01-05-01-02-01-7.wav", seed=2)
    write(tmp_path / f"03-01-{name}.wav", seed=3)
    notes = Ravdess().read(tmp_path).notes
    said = next(note for note in notes if "probably another corpus's" in note)
    assert said.startswith(f"1 file named as RAVDESS speech names them, but with codes that it does not have: 03-01-{name}.")


def test_actors_beyond_the_published_ones_are_read_and_the_way_on_is_named(tmp_path: Path) -> None:
    for actor in ("24", "25"):
        write(tmp_path / f"03-01-05-01-02-01-{actor}.wav", seed=int(actor))
    reading = Ravdess().read(tmp_path)
    assert set(reading.speakers) == {"24", "25"}
    assert any("no speaker 25" in note and "--protocol balanced" in note for note in reading.notes)
