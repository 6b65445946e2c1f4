"""Label words: what they become, what a person may say otherwise, and that none is dropped."""

from __future__ import annotations

import unicodedata

import pytest

from corpora.emotions import RAVDESS_EMOTIONS, in_order
from corpora.labels import EMOTION_OF_WORD, WORDS, describe_mapping, parse_map, plain, to_emotion
from emotune.errors import CorpusError


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("anger", "angry"),
        ("Angry ", "angry"),
        ("Wut", "angry"),
        ("WÜTEND", "angry"),
        ("rabbia", "angry"),
        ("Colère", "angry"),
        ("colere", "angry"),
        ("ps", "surprised"),
        ("pleasant surprise", "surprised"),
        ("Freude", "happy"),
        ("joy", "happy"),
        ("fear", "fearful"),
        ("Angst", "fearful"),
        ("грусть", "sad"),
        ("boredom", "boredom"),
        ("neutral", "neutral"),
    ],
)
def test_words_of_several_languages_stand_for_the_projects_emotions(word: str, emotion: str) -> None:
    assert to_emotion(word) == emotion


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("Contempt", "contempt"),
        ("  Mixed   Feelings", "mixed feelings"),
        ("Mixed_Feelings", "mixed feelings"),
        ("mixed-feelings", "mixed feelings"),
        ("Nervös", "nervös"),
        (unicodedata.normalize("NFD", "Nervös"), "nervös"),
        ("7", "7"),
    ],
)
def test_an_unknown_word_stays_an_emotion_of_its_own(word: str, emotion: str) -> None:
    assert to_emotion(word) == emotion


@pytest.mark.parametrize("words", [("-1", "0", "1"), ("-", "+"), ("A", "A-", "A+"), ("_", "__"), ("1-2", "12"), ("x_1", "x1", "x-1")])
def test_a_sign_is_part_of_a_label_and_keeps_it_apart(words: tuple[str, ...]) -> None:
    assert len({to_emotion(word) for word in words}) == len({plain(word) for word in words}) == len(words)
    assert all(to_emotion(word) for word in words)
    given = parse_map(",".join(f"{word}=emotion {k}" for k, word in enumerate(words)))
    assert [to_emotion(word, given=given) for word in words] == [f"emotion {k}" for k in range(len(words))]


def test_every_emotion_of_ravdess_has_words_and_no_word_stands_for_two() -> None:
    assert set(RAVDESS_EMOTIONS) <= set(WORDS)
    assert len({(plain(word), emotion) for emotion, words in WORDS.items() for word in words.split()}) == len(EMOTION_OF_WORD)


def test_emotions_are_ravdesss_in_order_and_then_others_by_name() -> None:
    assert in_order(["zeal", "angry", "boredom", "neutral", "angry"]) == ("neutral", "angry", "boredom", "zeal")


def test_a_person_may_say_otherwise() -> None:
    given = parse_map("wut=angry, X=Freude ,joy=elated")
    assert to_emotion("x", given=given) == "happy"
    assert to_emotion("Joy", given=given) == "elated"
    assert parse_map("") == {}


@pytest.mark.parametrize("text", ["wut", "wut=", "=angry", "a=happy,a=sad"])
def test_an_incomplete_or_contradictory_pair_is_refused(text: str) -> None:
    with pytest.raises(CorpusError, match="--map takes"):
        parse_map(text)


@pytest.mark.parametrize("text", ["angry=happy;sad=neutral", "a=b=c", "a=b;", "x=y,a=b c=d", "a=b\N{FULLWIDTH COMMA}c"])
def test_pairs_that_something_else_than_a_comma_divides_are_refused(text: str) -> None:
    with pytest.raises(CorpusError, match=r"--map takes pairs word=emotion by comma, got '.*', whose emotion would be '.*'; write"):
        parse_map(text)


def test_the_mapping_is_shown_once_for_checking() -> None:
    assert describe_mapping(["Wut", "neutral", "sad", "Wut"]) == (
        "Labels: Wut → angry; unchanged: neutral, sad (--map WORD=EMOTION changes this)."
    )


def test_a_numbered_label_is_one_however_a_program_writes_it() -> None:
    assert [to_emotion(word) for word in ("0", "0.0", "-1.00", "1.5", "v1.0")] == ["0", "0", "-1", "1.5", "v1.0"]
    spellings = ("5", "05", "005", "5.0", "5,0", " 5,00 ", "\N{FULLWIDTH DIGIT FIVE}")
    assert {to_emotion(word) for word in spellings} == {plain(word) for word in spellings} == {"5"}
    assert [to_emotion(word) for word in ("E05", "e5", "level_04", "50", "1.05", "0.5")] == [
        "e5",
        "e5",
        "level_4",
        "50",
        "1.05",
        "0.5",
    ]
    assert to_emotion("2.0", given=parse_map("2=angry")) == to_emotion("2", given=parse_map("2.0=angry")) == "angry"
