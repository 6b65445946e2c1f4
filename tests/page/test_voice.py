"""A voice: what it remembers, what it forgets first, and which texts it is read from."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from emotune.errors import RequestError, UnknownKeyError
from evaluation.adaptation import MOST_CLIPS
from evaluation.voices import Knowledge
from page.engine import Engine
from page.voice import MOST_JSON_CHARACTERS, Voice, mark_of

FAMILIES = ("linear", "random_forest", "conv1d")


def sounding(position: int, n: int = 8) -> dict[str, np.ndarray]:
    """Return probabilities of every family that lean to one emotion."""
    return dict.fromkeys(FAMILIES, np.where(np.arange(n) == position, 0.65, 0.05))


@pytest.fixture
def new(engine: Engine) -> Voice:
    return Voice.new(engine)


@pytest.fixture
def taught(new: Voice) -> Voice:
    return new.with_neutral("a", sounding(4)).with_labelled("b", sounding(4), emotion="happy").with_clip("c", sounding(3))


def test_a_new_voice_changes_nothing(new: Voice) -> None:
    found = new.adapt(sounding(4))
    for family in FAMILIES:
        np.testing.assert_array_equal(found[family], sounding(4)[family])


def test_a_sentence_said_as_usual_sets_every_family_right(new: Voice) -> None:
    found = new.with_neutral("a", sounding(4)).adapt(sounding(4))
    assert {family: int(values.argmax()) for family, values in found.items()} == dict.fromkeys(FAMILIES, 0)


def test_a_clip_tells_nothing_about_itself(new: Voice) -> None:
    np.testing.assert_array_equal(new.with_neutral("a", sounding(4)).adapt(sounding(4), but="a")["linear"], sounding(4)["linear"])


def test_the_same_clip_counts_once_and_what_somebody_told_of_it_stays(new: Voice) -> None:
    once = new.with_clip("a", sounding(4))
    assert once.with_clip("a", sounding(4)) is once
    told = once.with_labelled("a", sounding(4), emotion="sad")
    assert told.n_clips() == 1
    assert told.with_clip("a", sounding(4)).clips[0].knowledge is Knowledge.LABELLED


def test_clips_of_unknown_emotion_are_forgotten_first(taught: Voice) -> None:
    voice = taught
    for k in range(MOST_CLIPS + 5):
        voice = voice.with_clip(f"x{k}", sounding(k % 8))
    assert voice.n_clips() == MOST_CLIPS
    assert voice.n_by_knowledge[Knowledge.NEUTRAL] == voice.n_by_knowledge[Knowledge.LABELLED] == 1
    assert voice.known.n_clips() == 2
    assert len(voice.to_json()) < MOST_JSON_CHARACTERS / 4


def test_a_voice_written_as_json_is_the_same_voice(taught: Voice, engine: Engine) -> None:
    read = Voice.from_json(taught.to_json(), engine)
    assert read == taught
    np.testing.assert_array_equal(read.adapt(sounding(2))["linear"], taught.adapt(sounding(2))["linear"])


def test_constants_of_a_json_are_never_taken(taught: Voice, engine: Engine) -> None:
    text = json.dumps({**json.loads(taught.to_json()), "adaptations": {"linear": {"caution": -1}}})
    assert Voice.from_json(text, engine).adaptations == Voice.new(engine).adaptations


def with_clip(**changes: Any) -> dict[str, Any]:
    return {"clips": [{"mark": "a", "knowledge": "labelled", "emotion": "sad", "logs": {"linear": [0.0] * 8}, **changes}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "something else"}, "its kind is 'something else'"),
        ({"schema": 99}, "its schema is 99, and this version reads 1"),
        ({"schema": float("inf")}, "but: "),
        ({"emotions": ["bored", "awake"]}, "got bored, awake; choose the result"),
        ({"families": {"linear": "other"}}, "told to another linear"),
        ({"families": {"psychic": "other"}}, "told to none of linear"),
        ({"clips": 3}, "but: "),
        (with_clip(emotion="bored"), "but: "),
        (with_clip(knowledge="guessed"), "but: "),
        (with_clip(logs={"linear": [0.0] * 3}), "8 logarithms"),
        (with_clip(logs={"linear": [float("nan")] * 8}), "8 logarithms"),
        (with_clip(logs={"linear": [1e9] * 8}), "8 logarithms"),
        (with_clip(logs={"linear": [10**400] * 8}), "but: "),
        (with_clip(logs=None), "but: "),
    ],
)
def test_another_text_is_refused_in_a_sentence_that_says_what_to_do(
    taught: Voice, engine: Engine, changes: dict[str, Any], words: str
) -> None:
    text = json.dumps({**json.loads(taught.to_json()), **changes})
    with pytest.raises(RequestError, match="begin a new voice") as caught:
        Voice.from_json(text, engine)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "no json", "[]", "3", "null", "{}", "[" * 100_000])
def test_a_text_that_is_no_voice_is_refused(engine: Engine, text: str) -> None:
    with pytest.raises(RequestError, match="begin a new voice"):
        Voice.from_json(text, engine)


def test_a_text_that_is_too_long_is_refused_unread(engine: Engine) -> None:
    with pytest.raises(RequestError, match="at most 2000000 characters"):
        Voice.from_json(" " * (MOST_JSON_CHARACTERS + 1), engine)


def test_a_voice_that_other_champions_were_told_begins_anew(taught: Voice, engine: Engine) -> None:
    assert Voice.of(engine, taught) is taught
    assert Voice.of(engine, replace(taught, prints={**taught.prints, "linear": "another"})).clips == ()
    assert Voice.of(engine, None).clips == ()


def test_the_constants_are_the_runs_where_it_learnt_some(engine: Engine, new: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = replace(new.adaptations["linear"], caution=3.0)
    recorded = {"linear": {"shipped": learnt.to_json(), "folds": {}}, "conv1d": {"shipped": {}}}
    monkeypatch.setattr(engine.run, "manifest", replace(engine.manifest, adaptation=recorded), raising=False)
    voice = Voice.new(engine)
    assert voice.adaptations["linear"] == learnt
    assert new.defaults == set(FAMILIES)
    assert voice.defaults == {"random_forest", "conv1d"}


def test_an_emotion_that_no_family_knows_is_refused(new: Voice) -> None:
    with pytest.raises(UnknownKeyError, match="bored"):
        new.with_labelled("a", sounding(0), emotion="bored")


def test_a_mark_is_that_of_the_sound(clip: np.ndarray) -> None:
    assert mark_of(clip) == mark_of(clip.copy())
    assert mark_of(clip) != mark_of(clip[1:])
