"""Rows for each corpus and language, and across corpora."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from leaderboard import table
from leaderboard.cross_corpus import COLUMNS, cross_corpus_row, grid
from leaderboard.subsets import among_its_emotions, subset_rows
from metrics.predictions import emotions_in, read_predictions
from metrics.scores import uar


@pytest.fixture(scope="module")
def of_two_corpora(predictions: pd.DataFrame) -> pd.DataFrame:
    """The first four speakers are of corpus a and lack surprise; the others of b; a speaks German, b Italian."""
    is_a = predictions["speaker"] <= "04"
    table = predictions.assign(corpus=np.where(is_a, "a", "b"), language=np.where(is_a, "de", "it"))
    return table[~(is_a & (table["emotion"] == "surprised"))].reset_index(drop=True)


def test_clips_of_one_corpus_have_no_subsets(predictions: pd.DataFrame) -> None:
    assert subset_rows(predictions).empty


def test_each_corpus_and_language_has_a_row_for_each_family(of_two_corpora: pd.DataFrame) -> None:
    rows = subset_rows(of_two_corpora)
    assert sorted(set(rows["subset"])) == ["corpus a", "corpus b", "language de", "language it"]
    assert (rows.groupby("subset")["family"].nunique() == 3).all()
    assert (rows.groupby("subset")["rank"].min() == 1).all()


def test_a_subset_is_scored_among_the_emotions_that_it_has(of_two_corpora: pd.DataFrame) -> None:
    rows = among_its_emotions(of_two_corpora[(of_two_corpora["corpus"] == "a") & (of_two_corpora["family"] == "fair")])
    assert "surprised" not in emotions_in(rows)
    probabilities = rows[[f"p_{emotion}" for emotion in emotions_in(rows)]].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    truth = np.array([emotions_in(rows).index(emotion) for emotion in rows["emotion"]])
    board = subset_rows(of_two_corpora).set_index(["subset", "family"])
    assert board.loc[("corpus a", "fair"), "uar"] == round(uar(truth, probabilities), 4)


def test_a_probability_of_nothing_is_shared_by_all() -> None:
    rows = pd.DataFrame({"emotion": ["angry", "happy"], "p_happy": [0.0, 1.0], "p_angry": [0.0, 0.0], "p_sad": [1.0, 0.0]})
    np.testing.assert_array_equal(among_its_emotions(rows)[["p_happy", "p_angry"]], [[0.5, 0.5], [1, 0]])


def test_the_rows_of_all_clips_and_those_of_subsets_are_read_back_apart(tmp_path, of_two_corpora, facts) -> None:
    board = table.build_leaderboard(of_two_corpora, facts)
    table.write_results(tmp_path, board=board, predictions=of_two_corpora, subsets=subset_rows(of_two_corpora))
    assert_frame_equal(table.read_leaderboard(tmp_path / "leaderboard.csv"), board, check_exact=True)
    again = subset_rows(read_predictions(tmp_path / "predictions.csv"))
    read = table.read_subsets(tmp_path / "leaderboard.csv")
    assert_frame_equal(read[["subset", "family", "uar", "uar_ci_low"]], again[["subset", "family", "uar", "uar_ci_low"]])


def test_across_corpora_only_the_emotions_of_the_tested_clips_count() -> None:
    probabilities = np.array([[0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.0, 1.0, 0.0]])
    row = cross_corpus_row(
        probabilities, np.array([0, 0, 2]), ["s", "t", "t"], emotions=("x", "y", "z"), names=("a", "b", "linear"), seed=0
    )
    assert row is not None
    assert row["emotions"] == "x, z"
    assert row["uar"] == 0.5, "x is found twice; z has no probability left, and the earlier of two equals is taken"


def test_corpora_with_one_common_emotion_have_no_row() -> None:
    assert cross_corpus_row(np.ones((2, 1)), np.zeros(2, int), ["s", "t"], emotions=("x",), names=("a", "b", "f"), seed=0) is None


def test_the_grid_has_every_corpus_in_rows_and_columns() -> None:
    rows = [("a", "b", "linear", 4, 2, "x, y", 0.5, 0.4, 0.6), ("b", "a", "linear", 4, 2, "x, y", 0.7, 0.6, 0.8)]
    found = grid(pd.DataFrame(rows, columns=list(COLUMNS)), family="linear")
    assert list(found.index) == list(found.columns) == ["a", "b"]
    assert found.loc["a", "b"] == 0.5
    assert np.isnan(found.loc["a", "a"])
