"""What every corpus of own recordings shares: a person has one name, however it is written, and copies are asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.folders import EmotionFolders
from corpora.labels import parse_map
from corpora.own import Options
from corpora.table import Table
from tests.corpora.conftest import Write


def speakers_table(folder: Path, write: Write, speakers: list[str]) -> Table:
    """Return a table, separated by semicolons, of a recording by each of some speakers."""
    rows = [f"{write(f'{k}.wav').name};{'sad' if k % 2 else 'angry'};{speaker}" for k, speaker in enumerate(speakers)]
    (folder / "mine.csv").write_text("\n".join(["path;emotion;speaker", *rows]), encoding="utf-8")
    return Table(folder / "mine.csv")


@pytest.mark.parametrize(
    "spellings",
    [
        ("Speaker_01", "Speaker_1", "speaker_001"),
        ("S01", "S1", "s1"),
        ("7", "7,0", "7.0", "07,00"),
        ("7", "\N{FULLWIDTH DIGIT SEVEN}", "\N{ARABIC-INDIC DIGIT SEVEN}"),
        ("Speaker_7.0", "Speaker_7"),
        ("2023-01-05", "2023-1-5"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}nna", "Anna"),
    ],
)
def test_spellings_of_one_name_are_one_person_and_said(tmp_path: Path, write: Write, spellings: tuple[str, ...]) -> None:
    corpus = speakers_table(tmp_path, write, [*spellings, "somebody else"])
    assert len(corpus.speakers) == 2
    said = "Speakers whose names differ in capitals, zeros or forms of letters alone are taken for one person"
    assert corpus.read().notes[0] == f"{said}: {' and '.join(sorted(spellings))}; name them apart if not."


@pytest.mark.parametrize(
    "speakers", [("S1", "S10", "S100"), ("1.1", "1.10", "1.01"), ("1.1.0", "1.1"), ("0", "-1", "1"), ("M1", "F1"), ("v1.0", "v10")]
)
def test_names_that_other_numbers_tell_apart_are_different_people(tmp_path: Path, write: Write, speakers: tuple[str, ...]) -> None:
    corpus = speakers_table(tmp_path, write, list(speakers))
    assert set(corpus.speakers) == set(speakers)
    assert not any("Speakers whose names" in note for note in corpus.read().notes)


@pytest.mark.parametrize(
    "copies",
    [
        ("anna", "anna (1)"),
        ("anna", "anna - Copy", "anna - Kopie"),
        ("Anna", "anna - Kopie (2)", "anna copy 2"),
        ("Kopie von anna", "anna"),
        ("S_01", "S1"),
        ("anna-lena", "anna_lena"),
    ],
)
def test_names_that_copying_or_typing_makes_are_asked_about(tmp_path: Path, write: Write, copies: tuple[str, ...]) -> None:
    for name in (*copies, "ben"):
        for emotion in ("angry", "sad"):
            write(f"{emotion}/{name}/1.wav")
    corpus = EmotionFolders(tmp_path)
    assert len(corpus.speakers) == len(copies) + 1
    (note,) = [note for note in corpus.read().notes if "are taken for different people" in note]
    assert f": {' and '.join(sorted(copies))}; give them one name if they are the same" in note


def test_numbers_in_brackets_that_tell_people_apart_are_not_asked_about(tmp_path: Path, write: Write) -> None:
    corpus = speakers_table(tmp_path, write, ["Speaker (1)", "Speaker (2)", "(3)", "(4)"])
    assert len(corpus.speakers) == 4
    assert not any("taken for" in note for note in corpus.read().notes)


def test_folders_of_emotions_that_copying_makes_are_asked_about(tmp_path: Path, write: Write) -> None:
    for emotion in ("angry", "angry (1)", "sad", "Sad - Kopie"):
        write(f"{emotion}/anna/1.wav")
    corpus = EmotionFolders(tmp_path)
    assert len(corpus.emotions) == 4
    (note,) = [note for note in corpus.read().notes if note.startswith("Emotions whose names")]
    assert ": angry and angry (1), sad and sad kopie; if they are one, say so (--map WORD=EMOTION)." in note
    corpus = EmotionFolders(tmp_path, options=Options(label_map=parse_map("angry (1)=angry,Sad - Kopie=sad")))
    assert corpus.emotions == ("sad", "angry")
    assert not any(note.startswith("Emotions whose names") for note in corpus.read().notes)


def test_a_speaker_has_the_gender_of_most_recordings_and_two_are_said(tmp_path: Path, write: Write) -> None:
    genders = {"anna": ["f", "f", "m"], "ben": ["", "male", ""], "cleo": ["", "", ""]}
    rows = [
        f"{write(f'{speaker}{k}.wav').name},{'sad' if k else 'angry'},{speaker},{gender}"
        for speaker, of_speaker in genders.items()
        for k, gender in enumerate(of_speaker)
    ]
    (tmp_path / "mine.csv").write_text("\n".join(["path,emotion,speaker,gender", *rows]))
    corpus = Table(tmp_path / "mine.csv")
    reading = corpus.read()
    assert corpus.speakers == reading.speakers == {"anna": "female", "ben": "male", "cleo": ""}
    assert {(clip.speaker, clip.gender) for clip in reading.clips} == set(corpus.speakers.items())
    said = "Speakers with two genders, of which that of more recordings is taken: anna (2 female, 1 male)"
    assert f"{said}; correct the genders, or name them apart if they are two people." in reading.notes


def test_genders_that_are_not_understood_are_said(tmp_path: Path, write: Write) -> None:
    words = ["weiblich", "Frau", "maennlich", "F", "", "unknown"]
    rows = [f"{write(f'{k}.wav').name},sad,{k},{word}" for k, word in enumerate(words)]
    (tmp_path / "mine.csv").write_text("\n".join(["path,emotion,speaker,gender", *rows]))
    corpus = Table(tmp_path / "mine.csv")
    assert list(corpus.speakers.values()) == ["", "", "", "female", "", ""]
    said = "Genders that are not understood, taken for unknown: Frau, maennlich, weiblich; write female or male."
    assert said in corpus.read().notes
