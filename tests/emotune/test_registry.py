"""The registry: keys of their own, in order, and helpful refusals."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from emotune.errors import EmotuneError, UnknownKeyError
from emotune.registry import Registry


@dataclass(frozen=True)
class Thing:
    key: str


ONE, TWO, THREE = Thing("one"), Thing("two"), Thing("three")


@pytest.fixture
def things() -> Registry[Thing]:
    return Registry("thing", (TWO, ONE))


def test_entries_keep_their_order_and_are_found_by_key(things: Registry[Thing]) -> None:
    things.add(THREE)
    assert list(things) == ["two", "one", "three"]
    assert list(things.values()) == [TWO, ONE, THREE]
    assert things["one"] is ONE
    assert len(things) == 3


def test_an_unknown_key_is_refused_with_the_known_ones(things: Registry[Thing]) -> None:
    with pytest.raises(UnknownKeyError, match=r"There is no thing 'four'; choose from: two, one\."):
        things["four"]
    with pytest.raises(UnknownKeyError, match=r"There is no thing 'TOW'; did you mean two\? Choose from: two, one\."):
        things["TOW"]


def test_asking_whether_a_key_is_known_raises_nothing(things: Registry[Thing]) -> None:
    assert "one" in things
    assert "four" not in things
    assert 4 not in things


@pytest.mark.parametrize("key", ["", "one"])
def test_an_empty_or_a_taken_key_is_refused(key: str, things: Registry[Thing]) -> None:
    with pytest.raises(EmotuneError, match="Every thing needs a key of its own"):
        things.add(Thing(key))
    assert list(things.values()) == [TWO, ONE]


def test_the_first_entries_are_checked_too() -> None:
    with pytest.raises(EmotuneError, match="got 'one'"):
        Registry("thing", (ONE, ONE))
