"""Folders of own recordings with one subfolder an emotion."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from corpora.folders import EmotionFolders
from corpora.labels import parse_map
from corpora.own import Options
from emotune.errors import CorpusError
from tests.audio.sounds import speech, write_av
from tests.corpora.conftest import Write


def test_subfolders_are_emotions_and_the_next_level_names_the_speakers(tmp_path: Path, write: Write) -> None:
    for relative in ("Wut/anna/1.wav", "Wut/ben/1.wav", "sad/anna/1.wav", "bliss/anna/1.wav", "bliss/ben/deep/1.wav"):
        write(relative)
    clips = EmotionFolders(tmp_path).read().clips
    assert {(clip.name, clip.speaker, clip.emotion) for clip in clips} == {
        ("Wut/anna/1", "anna", "angry"),
        ("Wut/ben/1", "ben", "angry"),
        ("sad/anna/1", "anna", "sad"),
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


def test_a_group_that_a_name_leaves_out_is_no_speaker(tmp_path: Path, write: Write) -> None:
    for relative in ("angry/x1_a.wav", "sad/b.wav"):
        write(relative)
    pattern = r"/(?:x(\d))?"
    with pytest.raises(CorpusError, match=r"needs its speaker, but none is known for 1 recording of .* \(sad/b\)"):
        EmotionFolders(tmp_path, options=Options(speaker_pattern=pattern))
    assert len(EmotionFolders(tmp_path, options=Options(speaker_pattern=pattern, speakers_unknown=True)).recordings) == 2


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


def test_folders_of_a_split_are_refused(tmp_path: Path, write: Write) -> None:
    for folder in ("train/angry", "test/angry", "test/sad"):
        write(f"{folder}/1.wav")
    with pytest.raises(CorpusError, match="must be emotions and people, got test, train"):
        EmotionFolders(tmp_path)
    by_name = EmotionFolders(tmp_path, options=Options(speaker_pattern=r"(\d)\.wav"))
    assert {(clip.speaker, clip.emotion) for clip in by_name.read().clips} == {("1", "angry"), ("1", "sad")}


def test_parts_of_a_split_are_no_people(tmp_path: Path, write: Write) -> None:
    for folder in ("angry/train", "angry/test", "sad/test"):
        write(f"{folder}/1.wav")
    with pytest.raises(CorpusError, match="must be emotions and people, got test, train"):
        EmotionFolders(tmp_path)


@pytest.mark.parametrize(
    "parts",
    [
        ("fold1", "fold2", "fold3", "fold4"),
        ("part1", "part2"),
        ("Part_01", "Part_02"),
        ("train_set", "test_set", "val_set"),
        ("training-set", "held out set"),
        ("trainset", "testset"),
        ("split 1", "split 2"),
        ("cv0", "cv1"),
    ],
)
@pytest.mark.parametrize("pattern", ["{part}/{emotion}/1.wav", "{emotion}/{part}/1.wav"])
def test_numbered_parts_and_sets_are_no_people_unless_it_is_said(
    tmp_path: Path, write: Write, parts: tuple[str, ...], pattern: str
) -> None:
    for part in parts:
        for emotion in ("angry", "sad"):
            write(pattern.format(part=part, emotion=emotion))
    with pytest.raises(
        CorpusError, match=r"must be emotions and people, got .*--speaker-pattern '\S+' if these are people"
    ) as refused:
        EmotionFolders(tmp_path)
    (way,) = re.findall(r"--speaker-pattern '(\S+)'", str(refused.value))
    assert set(EmotionFolders(tmp_path, options=Options(speaker_pattern=way)).speakers) == set(parts)


@pytest.mark.parametrize(
    "people", [("session1", "session2"), ("P1", "P2"), ("Folda", "Partha"), ("Valentin", "Devi"), ("test1", "anna")]
)
def test_names_that_begin_like_parts_may_be_people(tmp_path: Path, write: Write, people: tuple[str, ...]) -> None:
    for person in people:
        for emotion in ("angry", "sad"):
            write(f"{person}/{emotion}/1.wav")
    assert set(EmotionFolders(tmp_path).speakers) == set(people)


@pytest.mark.parametrize("speakers", [("anna", "bert", "cleo", "dan"), ("Joy", "anna")])
def test_the_level_with_more_words_of_emotions_names_them(tmp_path: Path, write: Write, speakers: tuple[str, ...]) -> None:
    emotions = ("angry", "sad", "excited", "relaxed")[: len(speakers)]
    for speaker in speakers:
        for emotion in emotions:
            write(f"below/{speaker}/{emotion}/1.wav")
            write(f"above/{emotion}/{speaker}/1.wav")
    for folder in ("below", "above"):
        corpus = EmotionFolders(tmp_path / folder)
        assert set(corpus.emotions) == set(emotions)
        assert set(corpus.speakers) == set(speakers)


@pytest.mark.parametrize("people", [("anna", "bert", "joy", "max"), ("Ira", "bert"), ("Felice", "anna", "Jo"), ("ang", "bo")])
@pytest.mark.parametrize("pattern", ["{emotion}/{person}/1.wav", "{person}/{emotion}/1.wav"])
def test_people_with_the_name_of_an_emotion_are_no_emotions(
    tmp_path: Path, write: Write, people: tuple[str, ...], pattern: str
) -> None:
    emotions = ("excited", "relaxed", "tense")
    for person in people:
        for emotion in emotions:
            write(pattern.format(emotion=emotion, person=person))
    with pytest.raises(CorpusError, match=r"nothing tells whether .* or .* are; .*--map .*angry/anna/1\.wav.*TABLE"):
        EmotionFolders(tmp_path)
    corpus = EmotionFolders(tmp_path, options=Options(label_map=parse_map("tense=tense")))
    assert (corpus.emotions, set(corpus.speakers)) == (emotions, set(people))


def test_where_no_word_is_known_a_person_says_which_level_names_the_emotions(tmp_path: Path, write: Write) -> None:
    for relative in ("anna/stressed/1.wav", "anna/relaxed/1.wav", "bert/stressed/1.wav"):
        write(relative)
    with pytest.raises(CorpusError, match=r"whether anna, bert or relaxed, stressed are; .*--map .*angry/anna/1\.wav.*TABLE"):
        EmotionFolders(tmp_path)
    assert EmotionFolders(tmp_path, options=Options(label_map=parse_map("stressed=stressed"))).emotions == ("relaxed", "stressed")
    assert EmotionFolders(tmp_path, options=Options(label_map=parse_map("stressed=angry"))).emotions == ("angry", "relaxed")


@pytest.mark.parametrize("pattern", ["{session}/{emotion}/{person}", "{emotion}/{session}/{person}", "{emotion}/{person}/{session}"])
def test_where_two_levels_could_be_people_it_is_asked_which(tmp_path: Path, write: Write, pattern: str) -> None:
    for emotion in ("angry", "sad"):
        for session in ("2023", "2024"):
            for person in ("anna", "bert"):
                write(f"{pattern.format(emotion=emotion, session=session, person=person)}/1.wav")
    with pytest.raises(CorpusError, match="several could be; give --speaker-pattern '") as refused:
        EmotionFolders(tmp_path)
    ways = dict(re.findall(r"'(\S+)' if they are (\w+)", str(refused.value)))
    assert set(ways.values()) == {"anna", "2023"}
    for way, first in ways.items():
        assert min(EmotionFolders(tmp_path, options=Options(speaker_pattern=way)).speakers) == first
    assert not EmotionFolders(tmp_path, options=Options(speakers_unknown=True)).speakers_known


@pytest.mark.parametrize("options", [Options(), Options(speaker_pattern="^([^/]+)/"), Options(speakers_unknown=True)])
def test_folders_of_people_alone_are_no_emotions(tmp_path: Path, write: Write, options: Options) -> None:
    for relative in ("anna/angry_1.wav", "anna/sad_1.wav", "bert/angry_1.wav"):
        write(relative)
    with pytest.raises(
        CorpusError, match=r"must be words of emotions, but anna, bert may be people .*--map .*angry/anna/1\.wav.*TABLE"
    ):
        EmotionFolders(tmp_path, options=options)


def test_one_word_that_a_person_explains_tells_that_folders_are_emotions(tmp_path: Path, write: Write) -> None:
    for relative in ("stressed/1_a.wav", "relaxed/1_a.wav", "relaxed/2_b.wav"):
        write(relative)
    options = Options(label_map=parse_map("stressed=stressed"), speaker_pattern=r"/(\d)")
    corpus = EmotionFolders(tmp_path, options=options)
    assert (corpus.emotions, set(corpus.speakers)) == (("relaxed", "stressed"), {"1", "2"})


def test_people_of_whom_recordings_lie_in_several_folders_tell_that_these_are_emotions(tmp_path: Path, write: Write) -> None:
    for relative in ("stressed/1_a.wav", "relaxed/1_a.wav", "relaxed/2_b.wav"):
        write(relative)
    corpus = EmotionFolders(tmp_path, options=Options(speaker_pattern=r"/(\d)"))
    assert (corpus.emotions, set(corpus.speakers)) == (("relaxed", "stressed"), {"1", "2"})


def test_a_folder_of_nobody_is_no_speaker(tmp_path: Path, write: Write) -> None:
    for relative in ("angry/anna/1.wav", "sad/unknown/1.wav"):
        write(relative)
    with pytest.raises(CorpusError, match=r"none is known for 1 recording of .* \(sad/unknown/1\)"):
        EmotionFolders(tmp_path)


def test_names_that_are_not_utf_8_are_taken_for_windows_1252_and_named(tmp_path: Path, write: Write) -> None:
    good = write("angry/anna/1.wav")
    folder = os.path.join(os.fsencode(tmp_path), b"w\xfctend", b"j\xfcrgen")
    os.makedirs(folder)
    for name in (b"gr\xfc\xdfe.wav", "grüße.wav".encode()):
        shutil.copy(good, os.path.join(folder, name))
    corpus = EmotionFolders(tmp_path)
    assert {(one.name, one.speaker, one.emotion) for one in corpus.recordings} == {
        ("angry/anna/1", "anna", "angry"),
        ("wütend/jürgen/grüße", "jürgen", "angry"),
        ("wütend/jürgen/grüße.wav", "jürgen", "angry"),
    }
    reading = corpus.read()
    assert any("The paths of 2 recordings are not UTF-8" in note and "wütend/jürgen/grüße" in note for note in reading.notes)
    for text in (*reading.notes, *(clip.name for clip in reading.clips), *map(str, reading.skipped)):
        text.encode()


def test_recordings_beside_the_folders_are_named(tmp_path: Path, write: Write) -> None:
    for relative in ("angry/anna/1.wav", "sad/anna/1.wav", "loose.wav"):
        write(relative)
    assert any("loose.wav" in note for note in EmotionFolders(tmp_path).read().notes)


def test_a_folder_without_subfolders_is_refused_with_what_lies_there(tmp_path: Path, write: Write) -> None:
    write("1.wav")
    with pytest.raises(CorpusError, match=r"one subfolder an emotion, but 1 recording lies there \(1\.wav\)"):
        EmotionFolders(tmp_path)


@pytest.mark.parametrize(
    ("suffix", "codec", "container"),
    [
        *((suffix, "aac", "3gp") for suffix in ("3gpp", "3ga", "3GPP")),
        ("3g2", "aac", "3g2"),
        *((suffix, "aac", "ipod") for suffix in ("m4b", "m4r")),
        *((suffix, "aac", "mov") for suffix in ("mov", "qta")),
        *((suffix, "libopus", "matroska") for suffix in ("mkv", "weba")),
        *((suffix, "mp2", "mp2") for suffix in ("mp2", "mpga")),
        *((suffix, suffix, suffix) for suffix in ("ac3", "eac3")),
    ],
)
def test_recordings_are_read_whatever_suffix_a_device_gives_them(tmp_path: Path, suffix: str, codec: str, container: str) -> None:
    for k, emotion in enumerate(("angry", "sad")):
        folder = tmp_path / emotion / "anna"
        folder.mkdir(parents=True)
        write_av(folder / f"1.{suffix}", speech(seconds=1.0, seed=k), codec, 48_000, container=container)
    reading = EmotionFolders(tmp_path).read()
    assert [clip.name for clip in reading.clips] == ["angry/anna/1", "sad/anna/1"]
    assert not any("not read" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("suffix", "container"), [("wave", "WAV"), ("bwf", "WAV"), ("rf64", "RF64"), ("voc", "VOC"), ("sph", "NIST"), ("nist", "NIST")]
)
def test_recordings_are_read_whatever_suffix_a_program_gives_them(tmp_path: Path, suffix: str, container: str) -> None:
    for k, emotion in enumerate(("angry", "sad")):
        folder = tmp_path / emotion / "anna"
        folder.mkdir(parents=True)
        soundfile.write(folder / f"1.{suffix}", speech(seconds=1.0, seed=k), SAMPLE_RATE_HZ, format=container, subtype="PCM_16")
    assert [clip.name for clip in EmotionFolders(tmp_path).read().clips] == ["angry/anna/1", "sad/anna/1"]


def test_files_that_are_passed_over_for_their_suffix_are_counted(tmp_path: Path, write: Write) -> None:
    for relative in ("angry/anna/1.wav", "sad/anna/1.wav"):
        shutil.copy(write(relative), (tmp_path / relative).with_suffix(".rec"))
    (tmp_path / "angry" / "anna" / "2").write_bytes(b"sound")
    said = "3 files whose suffix is no recording's, not read: 2 .rec, 1 no suffix; rename what is a recording, for example to .m4a."
    assert said in EmotionFolders(tmp_path).read().notes
    for path in tmp_path.glob("*/anna/*.wav"):
        path.unlink()
    with pytest.raises(CorpusError, match=r"no recording lies there \(3 files whose suffix is no recording's, not read: 2 \.rec"):
        EmotionFolders(tmp_path)
