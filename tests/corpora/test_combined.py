"""Several corpora as one: nobody and nothing is confused, and emotions are chosen in the open."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora import CORPORA
from corpora.choose import choose_corpus
from corpora.combined import ALL, COMMON, Combined, choose_emotions, keep_emotions, taught_by_others
from corpora.corpus import Reading
from emotune.errors import CorpusError, UnknownKeyError
from evaluation.folds import folds_over_corpora

Write = Callable[..., Path]


@pytest.fixture
def two(tmp_path: Path, write: Write) -> Reading:
    """Two folders of own recordings with a speaker of the same name: a has anger, joy and calm, b has anger, joy and boredom."""
    for folder, emotions in {"a": ("angry", "happy", "calm"), "b": ("angry", "happy", "boredom")}.items():
        for emotion in emotions:
            for speaker in ("01", "02"):
                write(f"{folder}/{emotion}/{speaker}/one.wav")
    return choose_corpus(f"{tmp_path / 'a'}+{tmp_path / 'b'}").read()


def test_speakers_of_the_same_name_stay_apart(two: Reading) -> None:
    assert set(two.speakers) == {"own-a/01", "own-a/02", "own-b/01", "own-b/02"}
    assert len({clip.name for clip in two.clips}) == len(two.clips) == 12


def test_emotions_in_common_are_those_of_every_corpus(two: Reading) -> None:
    assert choose_emotions(two, COMMON) == ("happy", "angry")
    assert choose_emotions(two, ALL) == ("calm", "happy", "angry", "boredom")


def test_named_emotions_are_kept_and_the_others_counted(two: Reading) -> None:
    kept = keep_emotions(two, choose_emotions(two, "angry, calm"))
    assert kept.emotions == ("calm", "angry")
    assert "6 clips of others left out: boredom (2), happy (4)" in kept.notes[-1]


def test_a_choice_is_compared_as_labels_are_written(tmp_path: Path, write: Write) -> None:
    for folder in ("Very_Happy", "nervös", "sad"):
        write(f"a/{folder}/anna/1.wav")
    reading = choose_corpus(str(tmp_path / "a")).read()
    assert choose_emotions(reading, f"very happy, {unicodedata.normalize('NFD', 'Nervös')}") == ("nervös", "very happy")


@pytest.mark.parametrize("choice", ["rage,angry", "angry", "", "angry,angry"])
def test_a_choice_that_cannot_be_made_is_refused_with_the_emotions_that_there_are(two: Reading, choice: str) -> None:
    with pytest.raises(CorpusError, match="two or more of calm, happy, angry, boredom"):
        choose_emotions(two, choice)


def test_names_that_two_own_corpora_have_are_said(two: Reading, tmp_path: Path, write: Write) -> None:
    assert any("taken for different people: 01, 02; if they are the same" in note for note in two.notes)
    for place in ("c/angry/01/x.wav", "d/angry/03/x.wav"):
        write(place)
    reading = choose_corpus(f"{tmp_path / 'c'}+{tmp_path / 'd'}").read()
    assert not any("different people" in note for note in reading.notes)


def test_a_single_emotion_is_refused(tmp_path: Path, write: Write) -> None:
    for place in ("a/angry/1/x.wav", "a/wut/2/x.wav"):
        write(place)
    reading = choose_corpus(str(tmp_path / "a")).read()
    with pytest.raises(CorpusError, match="must have two emotions or more to be told apart, got angry; add clips"):
        choose_emotions(reading, ALL)


def test_corpora_without_common_emotions_are_refused_with_what_each_has(tmp_path: Path, write: Write) -> None:
    for place in ("a/angry/1/x.wav", "a/happy/1/x.wav", "b/calm/1/x.wav", "b/angry/1/x.wav"):
        write(place)
    reading = choose_corpus(f"{tmp_path / 'a'}+{tmp_path / 'b'}").read()
    with pytest.raises(CorpusError, match=r"own-a: happy, angry; own-b: calm, angry"):
        choose_emotions(reading, COMMON)


def test_an_emotion_that_only_one_corpus_has_cannot_be_taught_by_others(two: Reading) -> None:
    assert taught_by_others(two) == ("happy", "angry")


def test_a_recording_in_two_corpora_is_read_once_and_said(tmp_path: Path, write: Write) -> None:
    for folder in "ab":
        write(f"{folder}/angry/1/x.wav", seed=1)
        write(f"{folder}/happy/1/y.wav")
    reading = choose_corpus(f"{tmp_path / 'a'}+{tmp_path / 'b'}").read()
    assert len(reading.clips) == 3
    assert reading.duplicates == (("own-b/angry/1/x", "own-a/angry/1/x"),)
    assert any("1 recording in two corpora, such as" in note for note in reading.notes)


def test_a_long_list_of_names_is_no_path_that_is_too_long() -> None:
    with pytest.raises(UnknownKeyError, match="nowhere"):
        choose_corpus("+".join(["synthetic"] * 40 + ["nowhere"]))


def test_a_corpus_named_twice_is_refused() -> None:
    with pytest.raises(CorpusError, match="synthetic twice"):
        choose_corpus("synthetic+synthetic")


def test_one_unknown_name_among_several_is_refused_by_name() -> None:
    with pytest.raises(UnknownKeyError, match="emodbb"):
        choose_corpus("synthetic+emodbb")


def test_a_path_with_a_plus_sign_is_a_path_alone_and_among_several(tmp_path: Path, write: Write) -> None:
    write("my+voice/angry/1/x.wav")
    write("my+voice/happy/1/y.wav")
    path = str(tmp_path / "my+voice")
    assert choose_corpus(path).title == "my+voice"
    for joined in (f"synthetic+{path}", f"{path}+synthetic"):
        assert sorted(part.key for part in choose_corpus(joined).parts) == ["own-my-voice", "synthetic"]


@pytest.mark.parametrize(
    ("one", "other", "keys"),
    [
        ("a/labels.csv", "b/labels.csv", ("own-a-labels", "own-b-labels")),
        ("a/v1.0", "a/v1.5", ("own-v1-0", "own-v1-5")),
        ("a/данные.csv", "b/资料.csv", ("own-a", "own-b")),
        ("a/данные.csv", "a/资料.csv", None),
        ("a/x/labels.csv", "b/x/labels.csv", None),
    ],
)
def test_own_recordings_of_one_name_are_told_apart(
    tmp_path: Path, write: Write, one: str, other: str, keys: tuple[str, str] | None
) -> None:
    for place in (one, other):
        if place.endswith(".csv"):
            write(f"{Path(place).parent}/{Path(place).stem}-01.wav")
            row = f"{Path(place).stem}-01.wav,angry,1\n"
            (tmp_path / place).write_text("path,emotion,speaker\n" + row, encoding="utf-8")
        else:
            write(f"{place}/angry/1/x.wav")
    corpus = choose_corpus(f"{tmp_path / one}+{tmp_path / other}")
    found = tuple(part.key for part in corpus.parts)
    assert len(set(found)) == 2
    assert found == (keys or found)
    assert {clip.corpus for clip in corpus.read().clips} == set(found)
    assert all(re.fullmatch(r"own(-[a-z0-9]+)+", key) for key in found)


def test_one_table_under_two_paths_is_named_twice(tmp_path: Path, write: Write) -> None:
    write("a/x.wav")
    (tmp_path / "a" / "labels.csv").write_text("path,emotion,speaker\nx.wav,angry,1\n")
    with pytest.raises(CorpusError, match=r"labels\.csv twice"):
        choose_corpus(f"{tmp_path / 'a' / 'labels.csv'}+{tmp_path / 'a' / '..' / 'a' / 'labels.csv'}")


def test_recordings_that_no_part_reads_are_named_once(tmp_path: Path, write: Write) -> None:
    for name in ("03-01-05-01-02-01-01", "wav/03a01Fa", "mine/1", "mine/2", "own/angry/anna/1", "own/sad/anna/1"):
        write(f"{name}.wav")
    reading = choose_corpus("ravdess+emodb", data=tmp_path).read(tmp_path)
    others = [note for note in reading.notes if "not read" in note]
    assert others == ["4 other recordings there, not read: mine/1.wav, mine/2.wav, own/angry/anna/1.wav and 1 more."]
    reading = choose_corpus(f"ravdess+emodb+{tmp_path / 'own'}", data=tmp_path).read(tmp_path)
    assert "2 other recordings there, not read: mine/1.wav, mine/2.wav." in reading.notes


def test_it_says_of_itself_what_its_parts_say() -> None:
    both = Combined([CORPORA["synthetic"], CORPORA["ravdess"]])
    assert both.key == "synthetic+ravdess"
    assert not both.is_real, "one part that is made by code makes the whole unreal"
    assert CORPORA["ravdess"].licence in both.licence
    assert set(both.published_folds) == {"ravdess"}
    assert both.published_folds["ravdess"][0][0] == "ravdess/01"


def test_actors_who_speak_and_sing_are_one_person_each_in_the_published_folds(tmp_path: Path, write: Write) -> None:
    for actor in ("01", "02", "03", "04", "18"):
        write(f"Actor_{actor}/03-01-03-01-01-01-{actor}.wav")
        if actor != "18":
            write(f"Actor_{actor}/03-02-03-01-01-01-{actor}.wav")
    both = choose_corpus("ravdess+ravdess-song", data=tmp_path)
    reading = both.read(tmp_path)
    assert len(reading.clips) == 9
    assert set(reading.speakers) == {f"ravdess/{actor}" for actor in ("01", "02", "03", "04", "18")}
    assert set(reading.speakers) <= set(both.speakers)
    folds = folds_over_corpora(reading.speakers_by_corpus, published=both.published_folds)
    assert {frozenset(fold) for fold in folds.test_speakers} >= {frozenset(("ravdess/01",)), frozenset(("ravdess/03",))}
