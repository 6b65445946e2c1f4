"""Folders of own recordings with one subfolder an emotion."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.folders import EmotionFolders, has_emotion_folders
from corpora.own import Options
from emotune.errors import CorpusError
from tests.corpora.conftest import Write


def test_subfolders_are_emotions_and_the_next_level_names_the_speakers(tmp_path: Path, write: Write) -> None:
    for relative in ("Wut/anna/1.wav", "Wut/ben/1.wav", "bliss/anna/1.wav", "bliss/ben/deep/1.wav"):
        write(relative)
    clips = EmotionFolders(tmp_path).read().clips
    assert {(clip.name, clip.speaker, clip.emotion) for clip in clips} == {
        ("Wut/anna/1", "anna", "angry"),
        ("Wut/ben/1", "ben", "angry"),
        ("bliss/anna/1", "anna", "bliss"),
        ("bliss/ben/deep/1", "ben", "bliss"),
    }


@pytest.mark.parametrize("pattern", [r"/(\d+)_", r"/(?P<speaker>\d+)_(\w+)"])
def test_a_pattern_finds_the_speakers_in_the_names(tmp_path: Path, write: Write, pattern: str) -> None:
    for relative in ("angry/01_a.wav", "angry/02_a.wav", "sad/01_b.wav"):
        write(relative)
    corpus = EmotionFolders(tmp_path, options=Options(speaker_pattern=pattern))
    assert {clip.speaker for clip in corpus.read().clips} == {"01", "02"}


def test_names_that_the_pattern_does_not_fit_are_listed(tmp_path: Path, write: Write) -> None:
    for k in range(20):
        write(f"angry/{k:02d}_a.wav")
    write("angry/other.wav")
    reading = EmotionFolders(tmp_path, options=Options(speaker_pattern=r"/(\d+)_")).read()
    assert [name for name, _ in reading.skipped] == ["angry/other.wav"]


@pytest.mark.parametrize("pattern", ["(", "nothing"])
def test_a_pattern_that_is_none_is_refused(tmp_path: Path, write: Write, pattern: str) -> None:
    write("angry/1.wav")
    with pytest.raises(CorpusError, match="--speaker-pattern must"):
        EmotionFolders(tmp_path, options=Options(speaker_pattern=pattern))


def test_folders_around_the_emotions_are_passed_through(tmp_path: Path, write: Write) -> None:
    for relative in ("archive/data/angry/anna/1.wav", "archive/data/sad/anna/1.wav", "__MACOSX/x.wav", "archive/data/._hidden.wav"):
        write(relative)
    assert [clip.name for clip in EmotionFolders(tmp_path).read().clips] == ["angry/anna/1", "sad/anna/1"]


def test_without_speakers_a_folder_is_refused_with_every_way_on(tmp_path: Path, write: Write) -> None:
    write("angry/1.wav")
    write("sad/2.wav")
    with pytest.raises(CorpusError, match=r"worthless .*angry/anna/1\.wav.*--speaker-pattern.*TABLE\.csv.*--speakers-unknown"):
        EmotionFolders(tmp_path)
    assert not EmotionFolders(tmp_path, options=Options(speakers_unknown=True)).speakers_known


def test_emotions_may_stand_below_the_speakers(tmp_path: Path, write: Write) -> None:
    for relative in ("0001/Angry/1.wav", "0001/Sad/1.wav", "0002/Angry/deep/1.wav", "0002/bliss/1.wav", "0002/loose.wav"):
        write(relative)
    reading = EmotionFolders(tmp_path).read()
    assert {(clip.name, clip.speaker, clip.emotion) for clip in reading.clips} == {
        ("0001/Angry/1", "0001", "angry"),
        ("0001/Sad/1", "0001", "sad"),
        ("0002/Angry/deep/1", "0002", "angry"),
        ("0002/bliss/1", "0002", "bliss"),
    }
    assert any("loose.wav" in note for note in reading.notes)
    assert has_emotion_folders(tmp_path)


def test_folders_of_a_split_are_refused(tmp_path: Path, write: Write) -> None:
    for folder in ("train/angry", "test/angry", "test/sad"):
        write(f"{folder}/1.wav")
    with pytest.raises(CorpusError, match="must be emotions, got"):
        EmotionFolders(tmp_path)


def test_recordings_beside_the_folders_are_named(tmp_path: Path, write: Write) -> None:
    for relative in ("angry/anna/1.wav", "sad/anna/1.wav", "loose.wav"):
        write(relative)
    assert any("loose.wav" in note for note in EmotionFolders(tmp_path).read().notes)


def test_a_folder_without_subfolders_is_refused_with_what_lies_there(tmp_path: Path, write: Write) -> None:
    write("1.wav")
    with pytest.raises(CorpusError, match=r"one subfolder an emotion, but 1 recording lies there \(1\.wav\)"):
        EmotionFolders(tmp_path)
