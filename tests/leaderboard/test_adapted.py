"""Knowing the speaker, on the leaderboard: figures that predictions.csv and run.json give again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from corpora.emotions import RAVDESS_EMOTIONS
from emotune.errors import PredictionsError
from evaluation import streams
from evaluation.adaptation import Adaptations
from evaluation.voices import Adaptation
from leaderboard.adapted import (
    ADAPTED_COLUMNS,
    COLUMNS,
    WORDS,
    adaptation_table,
    adapted_scores,
    of_all_clips,
    read_adaptation,
    recompute,
)
from leaderboard.subsets import subset_rows
from leaderboard.table import ADAPTED, build_leaderboard, read_leaderboard, write_results
from metrics.predictions import emotions_in
from runs.layout import RunFolder
from runs.manifest import Manifest

CONSTANTS = Adaptations(Adaptation.default(RAVDESS_EMOTIONS), dict.fromkeys(range(-1, 4), Adaptation.default(RAVDESS_EMOTIONS)))


@pytest.fixture(scope="module")
def good(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions[predictions["family"] == "good"]


@pytest.fixture(scope="module")
def table(good: pd.DataFrame) -> pd.DataFrame:
    return adaptation_table(good, CONSTANTS, seed=7)


def test_every_way_of_knowing_the_speaker_has_a_row_with_its_interval(table: pd.DataFrame) -> None:
    assert table.columns.tolist() == list(COLUMNS)
    assert table["known"].tolist() == list(WORDS)
    assert (table["uar_ci_low"] <= table["uar"]).all()
    assert (table["uar"] <= table["uar_ci_high"]).all()
    np.testing.assert_allclose(table["gain"], table["uar"] - table["uar_none"], atol=2e-4)


def test_several_corpora_have_rows_of_their_own(good: pd.DataFrame, table: pd.DataFrame) -> None:
    corpus = np.where(good["speaker"].isin(sorted(set(good["speaker"]))[::2]), "one", "two")
    found = adaptation_table(good.assign(corpus=corpus), CONSTANTS, seed=7)
    assert set(found["subset"]) == {"all", "corpus one", "corpus two"}
    assert_frame_equal(of_all_clips(found).reset_index(drop=True), table)
    assert adapted_scores(found) == adapted_scores(table)


@pytest.mark.parametrize("emotions", [["happy"], ["happy", "sad"]])
def test_a_corpus_without_neutral_clips_lacks_that_row_alone(good: pd.DataFrame, emotions: list[str]) -> None:
    of_half = good["speaker"].isin(sorted(set(good["speaker"]))[::2])
    rows = good[~of_half | good["emotion"].isin(emotions)]
    corpus = np.where(of_half[rows.index], "without", "the rest")
    found = adaptation_table(rows.assign(corpus=corpus), CONSTANTS, seed=7)
    ways = {str(subset): set(rows["known"]) for subset, rows in found.groupby("subset")}
    assert ways["all"] == ways["corpus the rest"] == set(WORDS)
    assert ways["corpus without"] == set(WORDS) - {streams.NEUTRAL}


def test_a_corpus_of_one_clip_of_an_emotion_and_speaker_has_no_row_of_what_needs_a_second(good: pd.DataFrame) -> None:
    few = sorted(set(good["speaker"]))[0]
    first = good[good["speaker"] == few].groupby("emotion")["clip"].first()
    rows = good[(good["speaker"] != few) | good["clip"].isin(first)]
    found = adaptation_table(rows.assign(corpus=np.where(rows["speaker"] == few, "few", "the rest")), CONSTANTS, seed=7)
    of_few = set(found[found["subset"] == "corpus few"]["known"])
    assert streams.ENROLLED not in of_few
    assert streams.RANDOM in of_few


def test_the_score_without_adaptation_is_that_of_the_subsets_row(good: pd.DataFrame) -> None:
    several = good.assign(corpus=np.where(good["emotion"].isin(["happy", "sad"]), "two emotions", "the rest"), language="")
    found = adaptation_table(several, CONSTANTS, seed=7)
    expected = subset_rows(several, seed=7).set_index("subset")["uar"]
    without = found[found["known"] == streams.OTHERS].set_index("subset")["uar_none"]
    assert without["corpus two emotions"] == expected["corpus two emotions"]
    assert without["corpus the rest"] == expected["corpus the rest"]


def test_the_leaderboards_columns_are_rows_of_the_table(table: pd.DataFrame) -> None:
    scores = adapted_scores(table)
    assert set(scores) == set(ADAPTED)
    assert scores["uar_enrolled"] == table.set_index("known").loc[streams.ENROLLED, "uar"]


def test_the_order_of_the_predictions_does_not_matter(good: pd.DataFrame, table: pd.DataFrame) -> None:
    assert_frame_equal(adaptation_table(good.sample(frac=1, random_state=1), CONSTANTS, seed=7), table)


def test_without_a_neutral_emotion_its_column_is_empty(good: pd.DataFrame) -> None:
    renamed = good.replace({"emotion": {"neutral": "bored", "calm": "tired"}}).rename(
        columns={"p_neutral": "p_bored", "p_calm": "p_tired"}
    )
    default = Adaptation.default(emotions_in(renamed))
    found = adapted_scores(adaptation_table(renamed, Adaptations(default, dict.fromkeys(range(-1, 4), default)), seed=0))
    board = build_leaderboard(renamed, {"good": found})
    assert board["uar_one_neutral"].isna().all()
    assert board["uar_adapted"].notna().all()


def test_a_result_from_before_it_was_measured_has_empty_columns(tmp_path: Path, predictions: pd.DataFrame) -> None:
    board = build_leaderboard(predictions, {})
    write_results(tmp_path, board=board, predictions=predictions)
    assert read_leaderboard(RunFolder(tmp_path).leaderboard)[list(ADAPTED_COLUMNS)].isna().all(axis=None)
    assert read_adaptation(RunFolder(tmp_path).adaptation).empty


def test_predictions_and_manifest_recompute_every_figure(tmp_path: Path, predictions: pd.DataFrame) -> None:
    run = RunFolder(tmp_path)
    manifest = Manifest(
        corpus="x", title="x", is_real=False, seed=7, emotions=RAVDESS_EMOTIONS, adaptation={"good": CONSTANTS.to_json()}
    )
    manifest.write(run.manifest)
    table = adaptation_table(predictions[predictions["family"] == "good"], CONSTANTS, seed=7)
    write_results(tmp_path, board=build_leaderboard(predictions, {"good": adapted_scores(table)}), predictions=predictions)
    table.to_csv(run.adaptation, index=False)
    again = recompute(run)
    assert_frame_equal(again, read_adaptation(run.adaptation))
    board = read_leaderboard(run.leaderboard).set_index("family")
    assert board.loc["good", list(ADAPTED)].to_dict() == adapted_scores(again)


def test_a_fold_without_constants_is_refused(good: pd.DataFrame) -> None:
    with pytest.raises(PredictionsError, match="fold 3 has none"):
        adaptation_table(
            good.assign(fold=good["fold"] + 1), Adaptations(CONSTANTS.shipped, {0: CONSTANTS.shipped, 1: CONSTANTS.shipped}), seed=0
        )


def test_constants_for_other_emotions_are_refused(good: pd.DataFrame) -> None:
    other = Adaptation.default(RAVDESS_EMOTIONS[::-1])
    with pytest.raises(PredictionsError, match="predicted emotions"):
        adaptation_table(good, Adaptations(other, dict.fromkeys(range(-1, 4), other)), seed=0)


def test_an_older_manifest_adapts_with_the_default_constants() -> None:
    older = Manifest(corpus="x", title="x", is_real=False, emotions=RAVDESS_EMOTIONS)
    assert older.adaptation_of("linear") == Adaptation.default(RAVDESS_EMOTIONS)
