"""Colours and short names of emotions of any name and number."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from corpora.emotions import RAVDESS_EMOTIONS
from page.emotion_styles import PALETTE, colours_of, oklab, short_names

MIN_DISTANCE = 0.07
"""In OKLab; the nearest two of Okabe and Ito's colours are 0.13 apart."""


def as_lab(colours: list[str]) -> np.ndarray:
    return oklab(np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in colours], dtype=float))


@pytest.mark.parametrize("emotions", [[f"emotion {k}" for k in range(20)], [*RAVDESS_EMOTIONS, *(f"own {k}" for k in range(12))]])
def test_twenty_emotions_have_twenty_colours_that_can_be_told_apart(emotions: list[str]) -> None:
    lab = as_lab([colours_of(emotion, emotions)[0] for emotion in emotions])
    assert min(np.linalg.norm(a - b) for a, b in combinations(lab, 2)) > MIN_DISTANCE


def test_known_emotions_keep_their_colours_beside_others() -> None:
    assert [colours_of(emotion, [*RAVDESS_EMOTIONS, "bored"]) for emotion in RAVDESS_EMOTIONS] == list(PALETTE.values())


def test_colours_do_not_depend_on_the_order_of_the_emotions() -> None:
    assert colours_of("bored", ["bored", "amused"]) == colours_of("bored", ["amused", "bored"])


def test_short_names_differ_even_where_the_first_letters_do_not() -> None:
    assert short_names(["neutral", "happy", "sad"]) == {"neutral": "neu", "happy": "hap", "sad": "sad"}
    assert short_names(["amused", "amazed"]) == {"amused": "amu", "amazed": "ama"}
    assert short_names(["sad", "sadistic", "de", ""]) == {"sad": "sad", "sadistic": "sadi", "de": "de", "": ""}
    assert short_names(["anxiety", "anxious"]) == {"anxiety": "anxie", "anxious": "anxio"}
