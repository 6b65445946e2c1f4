from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from leaderboard import plots


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def make_board(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(
        {"family": ["good", "fair"], "accuracy": [0.6, 0.5], "f1_calm": [0.61, 0.5], "f1_sad": [0.59, np.nan], **columns}
    )


def test_a_confusion_matrix_shows_the_per_cent_of_each_row_in_order():
    counts = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    shown = [text for text in texts(plots.confusion(counts, ("calm", "sad", "bored"), family="f")) if text.isdigit()]
    assert shown == ["75", "25", "0", "0", "100", "0", "0", "0", "0"]


def test_an_f1_that_does_not_exist_is_a_dash():
    shown = texts(plots.f1_by_emotion(make_board()))
    assert [text for text in shown if text.isdigit() or text == "–"] == ["61", "59", "50", "–"]


def test_the_gap_of_the_random_split_is_in_points_and_only_where_it_was_measured():
    shown = texts(plots.random_split(make_board(random_split_accuracy=[0.71, np.nan])))
    assert "+11.0" in shown
    assert "good" in shown
    assert "fair" not in shown


def test_chance_is_one_in_as_many_emotions_as_there_are():
    board = make_board(uar=[0.6, 0.5], uar_ci_low=[0.5, 0.4], uar_ci_high=[0.7, 0.6])
    assert "chance 50.0" in texts(plots.intervals(board))


def test_the_hardest_and_the_easiest_speaker_are_named():
    shown = texts(plots.speakers({"good": {"anna": 0.4, "ben": 0.5, "carl": 0.9}}))
    assert {"anna", "carl"} <= set(shown)
    assert "ben" not in shown


def test_only_the_weightiest_parameters_are_shown_with_a_missing_one_as_zero():
    weights = {"A": {f"p{k:02d}": 0.5 / (k + 1) for k in range(12)}, "B": {"only_here": 0.9}}
    shown = [text for text in texts(plots.importance(weights, family="f", n_shown=3)) if text.startswith(("p", "only"))]
    assert shown == ["only_here", "p00", "p01"]


def test_the_same_figure_is_drawn_to_the_same_text():
    counts = np.eye(2, dtype=int)
    assert plots.confusion(counts, ("calm", "sad"), family="f") == plots.confusion(counts, ("calm", "sad"), family="f")


def test_halves_differ_in_more_than_colour():
    a, b = plots.HALF_STYLES.values()
    assert all(a[trait] != b[trait] for trait in ("color", "marker", "linestyle"))


def test_what_was_drawn_before_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.array([[3, 1], [2, 7]])
    monkeypatch.setattr("leaderboard.svg._drawn", {})
    first = plots.confusion(counts, ["a", "b"], family="f")
    monkeypatch.setattr("leaderboard.plots.as_svg", lambda *_, **__: "drawn again")
    assert plots.confusion(counts, ["a", "b"], family="f") == first
    assert plots.confusion(counts + 1, ["a", "b"], family="f") == "drawn again"
