from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from emotune.errors import PredictionsError, UnknownKeyError
from page import board, render_tables
from page.engine import Engine


def test_the_table_is_the_leaderboard_best_first(engine: Engine) -> None:
    table = board.show_table(engine)
    assert list(table) == ["linear", "random_forest", "conv1d", "dummy"]
    uar = engine.board.set_index("family")["uar"]
    assert {family: cells["UAR, %"].value for family, cells in table.items()} == uar.to_dict()
    assert table["linear"]["UAR, %"].text == f"{100 * uar['linear']:.1f}"


def test_what_was_not_measured_is_a_dash_and_a_column_of_dashes_is_left_out(engine: Engine) -> None:
    table = board.show_table(engine)
    assert table["dummy"]["Random split would claim, %"].text == "–"
    assert table["dummy"]["Random split would claim, %"].value is None
    assert "MB" not in table["linear"]


def test_the_drawings_are_of_the_family_asked_for(engine: Engine) -> None:
    linear, forest = board.draw(engine, "linear"), board.draw(engine, "random_forest")
    assert linear.confusion != forest.confusion
    assert linear.intervals == forest.intervals
    assert linear.f1["angry"] == engine.board.set_index("family").loc["linear", "f1_angry"]
    assert linear.random_split.svg.startswith("<svg")


def test_an_unknown_family_is_refused_with_those_there_are(engine: Engine) -> None:
    with pytest.raises(UnknownKeyError, match="linear, random_forest, conv1d, dummy"):
        board.draw(engine, "svm")


def test_the_columns_that_are_shown_at_first_are_among_those_measured(engine: Engine) -> None:
    measured, shown = board.columns(engine)
    assert "Macro F1, %" in measured
    assert set(shown) < set(measured)


def test_what_longer_runs_measure_is_drawn_from_their_files(copied_results: Path) -> None:
    before = board.draw(Engine(copied_results), "linear")
    assert (before.suite.svg, before.known_speaker.svg) == ("", "")
    (copied_results / "robustness.csv").write_text("family,perturbation,uar\nlinear,babble,0.5\nlinear,all,0.4\n")
    (copied_results / "adaptation.csv").write_text("family,known,uar_none,uar\nlinear,random,0.5,0.8\nlinear,1 random,0.5,0.7\n")
    after = board.draw(Engine(copied_results), "linear")
    assert "six voices at 10 dB" in after.suite.svg
    assert "earlier clips of the speaker" in after.known_speaker.svg
    assert after.known_by_corpus.svg == ""


def test_what_a_known_voice_gives_is_drawn_for_each_corpus_of_a_family(copied_results: Path) -> None:
    rows = [
        f"{family},{subset},{known},0.5,{uar}"
        for family in ("linear", "conv1d")
        for subset in ("all", "corpus emodb", "corpus urdu")
        for known, uar in (("random", 0.8), ("1 random", 0.6))
    ]
    (copied_results / "adaptation.csv").write_text("\n".join(["family,subset,known,uar_none,uar", *rows]) + "\n")
    drawn = board.draw(Engine(copied_results), "conv1d").known_by_corpus.svg
    assert {"emodb", "urdu"} <= set(re.findall("emodb|urdu|all", drawn))
    assert "1D CNN on each corpus" in drawn


def test_records_are_plain_values(engine: Engine) -> None:
    first = board.records(engine)[0]
    assert (first["family"], first["rank"]) == ("linear", 1)
    assert first["model_mb"] is None


def test_a_result_without_a_leaderboard_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match=r"run search/run\.py"):
        board.show_table(Engine(tmp_path))


def test_without_predictions_there_is_no_confusion_matrix(copied_results: Path) -> None:
    (copied_results / "predictions.csv").unlink()
    drawn = board.draw(Engine(copied_results), "linear")
    assert drawn.confusion.svg == ""
    assert "predictions.csv must be a table" in render_tables.figures(drawn)
    assert str(copied_results) not in render_tables.figures(drawn)


@pytest.mark.parametrize("is_within_a_line", [False, True])
def test_no_confusion_matrix_is_drawn_from_a_part_of_the_clips(copied_results: Path, is_within_a_line: bool) -> None:
    lines = (copied_results / "predictions.csv").read_text().splitlines(keepends=True)
    n_clips = len(lines) // 4
    run = json.loads((copied_results / "run.json").read_text())
    (copied_results / "run.json").write_text(json.dumps({**run, "n_clips": n_clips}))
    assert board.draw(Engine(copied_results), "linear").confusion.svg
    cut = lines[: 1 + n_clips] if is_within_a_line else lines[:30]
    (copied_results / "predictions.csv").write_text("".join(cut).rstrip()[: -9 if is_within_a_line else None])
    drawn = board.draw(Engine(copied_results), "linear")
    assert drawn.confusion.svg == ""
    said = "Probabilities must lie in 0-1" if is_within_a_line else f"for each of {n_clips} clips, got 29"
    assert said in render_tables.figures(drawn)
