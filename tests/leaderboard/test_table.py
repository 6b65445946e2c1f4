from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.metrics import balanced_accuracy_score

from emotune.errors import PredictionsError, UnknownKeyError
from leaderboard import table
from metrics.predictions import as_written, read_predictions

PROJECT = Path(__file__).parents[2]

GOLDEN_HEADER = (
    "rank,family,uar,uar_ci_low,uar_ci_high,accuracy,accuracy_ci_low,accuracy_ci_high,macro_f1,macro_f1_ci_low,macro_f1_ci_high,"
    "f1_neutral,f1_calm,f1_happy,f1_sad,f1_angry,f1_fearful,f1_disgust,f1_surprised,uar_fold_sd,log_loss,ece,"
    "random_split_accuracy,uar_noise,uar_pitch,uar_robust,uar_robust_ci_low,uar_robust_ci_high,augmentation,augmentation_gain,augmentation_gain_ci_low,augmentation_gain_ci_high,augmentation_gain_robust,augmentation_gain_robust_ci_low,augmentation_gain_robust_ci_high,tuning_uar,uar_defaults,tuning_gain,tuning_gain_ci_low,tuning_gain_ci_high,tested_on,budget,"
    "uar_adapted,uar_adapted_ci_low,uar_adapted_ci_high,uar_adapted_skewed,uar_adapted_skewed_ci_low,uar_adapted_skewed_ci_high,"
    "uar_one_neutral,uar_one_neutral_ci_low,uar_one_neutral_ci_high,uar_enrolled,uar_enrolled_ci_low,uar_enrolled_ci_high,p_vs_best,"
    "n_trials,n_pruned,n_failed,tune_seconds,fit_seconds,predict_ms_per_clip,model_mb,n_parameters,seed,run_hash"
)


@pytest.fixture(scope="module")
def board(predictions, facts):
    return table.build_leaderboard(predictions, facts)


@pytest.fixture
def results(tmp_path, board, predictions):
    table.write_results(tmp_path / "results" / "ravdess", board=board, predictions=predictions)
    return tmp_path / "results"


def test_the_header_is_the_one_that_readers_rely_on(results):
    assert (results / "ravdess" / "leaderboard.csv").read_text().splitlines()[0] == GOLDEN_HEADER


def test_the_table_is_recomputed_exactly_from_the_predictions_file(results, board, facts):
    again = table.build_leaderboard(read_predictions(results / "ravdess" / "predictions.csv"), facts)
    assert_frame_equal(again, board, check_exact=True)


def test_the_table_read_back_is_the_table_written(results, board):
    assert_frame_equal(table.read_leaderboard(results / "ravdess" / "leaderboard.csv"), board, check_exact=True)


def test_single_precision_predictions_are_recomputed_exactly_too(tmp_path, predictions, facts):
    single = predictions.astype({name: "float32" for name in predictions if name.startswith("p_")})
    board = table.build_leaderboard(single, facts)
    table.write_results(tmp_path, board=board, predictions=single)
    again = table.build_leaderboard(read_predictions(tmp_path / "predictions.csv"), facts)
    assert_frame_equal(again, board, check_exact=True)


def test_families_are_ranked_by_uar_and_by_nothing_else(predictions, facts):
    flattering = {**facts, "dummy": {"random_split_accuracy": 0.99, "tuning_uar": 0.99}}
    board = table.build_leaderboard(predictions, flattering)
    assert board["family"].tolist() == ["good", "fair", "dummy"]
    assert board["rank"].tolist() == [1, 2, 3]
    assert board["uar"].is_monotonic_decreasing


def test_families_of_equal_uar_share_their_rank(predictions):
    rows = predictions[predictions["family"] == "fair"]
    twins = pd.concat([rows, rows.assign(family="twin")])
    assert table.build_leaderboard(twins, {})["rank"].tolist() == [1, 1]


def test_uar_is_what_scikit_learn_says_of_the_predictions(predictions, board):
    rows = as_written(predictions[predictions["family"] == "fair"])
    probabilities = rows[[name for name in rows if name.startswith("p_")]]
    predicted = probabilities.idxmax(axis=1).str.removeprefix("p_")
    row = board.set_index("family").loc["fair"]
    assert row["uar"] == round(balanced_accuracy_score(rows["emotion"], predicted), 4)
    assert row["uar_ci_low"] < row["uar"] < row["uar_ci_high"]


def test_the_spread_over_folds_is_the_deviation_of_the_folds_uar(predictions, board):
    rows = predictions[predictions["family"] == "good"]
    predicted = rows[[name for name in rows if name.startswith("p_")]].idxmax(axis=1).str.removeprefix("p_")
    folds = [balanced_accuracy_score(rows["emotion"][rows["fold"] == k], predicted[rows["fold"] == k]) for k in range(4)]
    assert board.set_index("family").loc["good", "uar_fold_sd"] == pytest.approx(np.std(folds, ddof=1), abs=5e-5)


def test_a_fact_that_the_search_does_not_know_is_an_empty_cell(results, board):
    row = board.set_index("family").loc["dummy"]
    assert row[[name for name in table.FACTS if name != "seed"]].isna().all()
    assert row["seed"] == 7
    assert (results / "ravdess" / "leaderboard.csv").read_text().splitlines()[-1].endswith(",,,,,,,,,7,")


def test_a_table_without_any_fact_can_be_written_and_read(tmp_path, predictions):
    board = table.build_leaderboard(predictions, {})
    table.write_results(tmp_path, board=board, predictions=predictions)
    assert_frame_equal(table.read_leaderboard(tmp_path / "leaderboard.csv"), board)


def test_facts_are_rounded_and_whole_numbers_stay_whole(results):
    first = (results / "ravdess" / "leaderboard.csv").read_text().splitlines()[1]
    assert ",50,12,0,812.3457,3.2,4.56,1.25,46800,7,0123456789" in first


def test_the_best_family_has_no_p_value_and_every_other_has(board):
    assert board["p_vs_best"].isna().tolist() == [True, False, False]
    assert (board["p_vs_best"].dropna() < 0.05).all()


def test_a_fact_that_is_no_column_is_refused_by_name(predictions):
    with pytest.raises(UnknownKeyError, match="'n_trails'"):
        table.build_leaderboard(predictions, {"good": {"n_trails": 50}})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p.drop(columns="half"), "lack half"),
        (lambda p: p.assign(speaker=p["speaker"].where(p.index > 0)), "lack speaker"),
        (lambda p: p.iloc[1:], "good has 0 rows for 01-neutral-0.wav"),
        (lambda p: pd.concat([p, p.iloc[:1]]), "good has 2 rows for 01-neutral-0.wav"),
        (lambda p: p.drop(columns="p_calm"), "'calm' has none"),
        (lambda p: p.assign(p_calm=p["p_calm"] + 0.1), "row 0"),
        (lambda p: p.assign(p_calm="much"), "row 0"),
        (lambda p: p.assign(speaker=["09", *p["speaker"][1:]]), "one speaker, but 01-neutral-0.wav has 2"),
        (lambda p: p.assign(fold=p["fold"].where(p["clip"] != "01-neutral-0.wav", 3)), "one fold, but 01 has 2"),
    ],
)
def test_predictions_that_do_not_add_up_are_refused_with_the_reason(predictions, spoil, said):
    with pytest.raises(PredictionsError, match=said):
        table.build_leaderboard(spoil(predictions), {})


def test_a_missing_or_foreign_file_is_refused_with_its_path(tmp_path):
    (tmp_path / "leaderboard.csv").write_bytes(b"\x00\xff\xfe not a table")
    for path in (tmp_path / "leaderboard.csv", tmp_path / "absent.csv"):
        with pytest.raises(PredictionsError, match=path.name):
            table.read_leaderboard(path)


def test_all_results_are_gathered_with_their_corpus(results, predictions, facts):
    eight = table.build_leaderboard(predictions, facts)
    seven = predictions.drop(columns="p_calm")[predictions["emotion"] != "calm"].reset_index(drop=True)
    columns = [name for name in seven if name.startswith("p_")]
    seven[columns] = seven[columns].div(seven[columns].sum(axis=1), axis=0)
    table.write_results(results / "emodb", board=table.build_leaderboard(seven, facts), predictions=seven)
    table.gather(results)
    written = table.read_leaderboard(results / "leaderboard.csv")
    assert written.columns.tolist() == ["corpus", *GOLDEN_HEADER.split(",")]
    assert written["corpus"].tolist() == ["emodb"] * 3 + ["ravdess"] * 3
    assert written["f1_calm"].isna().tolist() == [True] * 3 + [False] * 3
    assert_frame_equal(written[written["corpus"] == "ravdess"].drop(columns="corpus").reset_index(drop=True), eight)


def test_gathering_from_nothing_says_what_to_run(tmp_path):
    with pytest.raises(PredictionsError, match=r"search/run\.py"):
        table.gather(tmp_path)


def test_no_unfinished_file_is_left_beside_the_results(results):
    assert sorted(path.name for path in (results / "ravdess").iterdir()) == ["leaderboard.csv", "predictions.csv"]


def test_markdown_shows_per_cent_points_and_dashes(board):
    lines = table.markdown_table(board).splitlines()
    assert len(lines) == 5
    assert {line.count("|") for line in lines} == {11}
    assert lines[2].startswith(f"| good | {100 * board['uar'][0]:.1f} [")
    assert "| 81.2 | +2.1 | +1.2 | – | 4.56 | 1.25 |" in lines[2]
    assert "| 55.0 | -0.4 |" in lines[3]
    assert lines[4].endswith("| – | – |")
