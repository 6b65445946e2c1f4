"""The list of results, and which engines stay in memory."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from emotune.errors import UnknownKeyError
from leaderboard.table import columns
from page import board, render, render_tables
from page.interface import build
from page.results import Results


def make_run(folder: Path, *, at: float = 1e9, uar: float = 0.5, **manifest: object) -> Path:
    folder.mkdir(parents=True)
    write_board(folder, {"family": "linear", "uar": uar}, {"family": "dummy", "uar": 0.9})
    (folder / "run.json").write_text(json.dumps({"title": folder.name.upper(), "is_real": True, **manifest}))
    os.utime(folder / "run.json", (at, at))
    return folder


def write_board(folder: Path, *rows: dict[str, object]) -> None:
    pd.DataFrame(rows).reindex(columns=[*columns(["angry"])]).to_csv(folder / "leaderboard.csv", index=False)


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Two complete own runs, a partial and a shipped one."""
    make_run(tmp_path / "own" / "older", at=1e9)
    make_run(tmp_path / "own" / "newer", at=2e9)
    make_run(tmp_path / "own" / "unfinished", at=3e9, is_complete=False)
    make_run(tmp_path / "shipped" / "ravdess")
    return {"own": tmp_path / "own", "shipped": tmp_path / "shipped"}


def test_the_list_begins_with_the_run_that_is_shown_then_own_ones_from_the_newest_then_shipped(places: dict[str, Path]) -> None:
    results = Results(places["own"] / "older", **places)
    assert [choice.key for choice in results.choices()] == ["own/older", "own/newer", "shipped/ravdess", "own/unfinished"]
    assert results.first == "own/older"


def test_a_run_from_elsewhere_comes_first_and_its_place_on_the_machine_is_not_shown(places: dict[str, Path], tmp_path: Path) -> None:
    results = Results(make_run(tmp_path / "elsewhere" / "mine"), **places)
    assert results.choices()[0].key == "given/mine"
    assert str(tmp_path) not in str(results.choices())


def test_a_result_is_described_by_all_that_a_person_chooses_it_by(places: dict[str, Path]) -> None:
    several = {"licence": "CC BY 4.0 + CC BY-NC-SA 4.0 + MIT", "emotions": ["happy", "wut"], "n_speakers": 12}
    folder = make_run(places["own"] / "mine", uar=0.7213, finished="2026-11-25T10:00:00+00:00", **several)
    label = Results(folder, **places).choices()[0].label
    assert label == "MINE · best UAR 72.1 % · own 2026-11-25 · 12 speakers · 2 emotions · CC BY-NC-SA 4.0"


def test_unknown_speakers_and_a_partial_run_are_said_in_the_list(places: dict[str, Path]) -> None:
    folder = make_run(places["own"] / "mine", n_speakers=12, speakers_known=False, is_complete=False)
    label = Results(folder, **places).choices()[0].label
    assert "12 speakers" not in label
    assert label == "MINE · best UAR 50.0 % · own, partial · speakers unknown · licence not stated"


def test_every_result_has_its_engine_which_is_kept(places: dict[str, Path]) -> None:
    results = Results(places["own"] / "older", **places)
    assert results.engine().corpus_title == "OLDER"
    assert results.engine("own/newer").corpus_title == "NEWER"
    assert results.engine("own/older") is results.engine()


def test_no_more_engines_than_allowed_stay_in_memory_and_the_last_used_ones_do(places: dict[str, Path]) -> None:
    results = Results(places["own"] / "older", **places, max_loaded=2)
    first, second = results.engine("own/older"), results.engine("own/newer")
    assert results.engine("own/older") is first
    results.engine("shipped/ravdess")
    assert results.engine("own/older") is first
    assert results.engine("own/newer") is not second


def test_a_run_that_was_made_again_is_loaded_again(places: dict[str, Path]) -> None:
    results = Results(places["own"] / "older", **places)
    before = results.engine()
    shutil.rmtree(places["own"] / "older")
    make_run(places["own"] / "older", at=4e9, title="ANEW")
    assert results.engine() is not before
    assert results.engine().corpus_title == "ANEW"


@pytest.mark.parametrize("key", ["own/nowhere", "../../etc", "own/../shipped/ravdess"])
def test_only_what_is_in_the_list_can_be_asked_for(places: dict[str, Path], key: str) -> None:
    with pytest.raises(UnknownKeyError, match="own/older"):
        Results(places["own"] / "older", **places).engine(key)


def test_a_run_that_appears_while_the_page_is_open_is_in_the_list(places: dict[str, Path]) -> None:
    results = Results(places["own"] / "older", **places)
    n_before = len(results.choices())
    make_run(places["own"] / "third")
    assert len(results.choices()) == n_before + 1


def test_what_else_was_measured_of_the_best_family_is_in_the_list(places: dict[str, Path]) -> None:
    folder = make_run(places["own"] / "mine")
    linear = {"family": "linear", "uar": 0.5, "uar_robust": 0.4, "uar_adapted": 0.55}
    write_board(folder, linear, {"family": "xgboost", "uar": 0.4, "uar_robust": 0.45, "uar_adapted": 0.5})
    pairs = "trained_on,tested_on,family,uar\na,b,linear,0.3\nb,a,linear,0.2\na,b,xgboost,0.9\n"
    (folder / "cross_corpus.csv").write_text(pairs)
    choice = Results(folder, **places).choices()[0]
    assert "best UAR 50.0 %, away 25.0 %, robust 40.0 %, adapted 55.0 %" in choice.label


def test_a_run_that_left_corpora_out_has_no_primary_figure(places: dict[str, Path]) -> None:
    folder = make_run(places["own"] / "mine", protocol={"tested_on": "unseen corpora"})
    summary = Results(folder, **places).choices()[0].summary
    assert (summary.primary, summary.away) == (None, 0.5)


def test_shipped_results_stand_in_their_own_order(places: dict[str, Path]) -> None:
    for name in ("emodb", "another", "everyday"):
        make_run(places["shipped"] / name)
    keys = [choice.key for choice in Results(places["own"] / "older", **places).choices()]
    shipped = [key for key in keys if key.startswith("shipped/")]
    assert shipped == ["shipped/everyday", "shipped/ravdess", "shipped/emodb", "shipped/another"]


def test_results_are_compared_in_a_table(places: dict[str, Path]) -> None:
    shown = render_tables.results(Results(places["own"] / "older", **places).choices())
    assert "Compare 4 results" in shown
    assert "<td>50.0</td><td>–</td>" in shown


DAMAGES = {
    "cross_corpus.csv": ("from,to\n",),
    "leaderboard.csv": ("rank;family;uar\n1;linear;0,5\n", "rank,family\n", "family,uar\nlinear,0.5", ""),
    "run.json": (
        *('{"title": "cut', "[]", '{"schema": 99}', '{"thresholds": [1]}', '{"licence": 5}', '{"title": null}'),
        *('{"protocol": {"tested_on": "the moon"}}', '{"emotions": 7}', '{"finished": 3}'),
    ),
}


@pytest.mark.parametrize(("name", "content"), [(name, content) for name, several in DAMAGES.items() for content in several])
def test_a_damaged_run_is_listed_with_its_reason_and_all_others_as_ever(
    places: dict[str, Path], results: Path, name: str, content: str
) -> None:
    damaged = places["own"] / "newer"
    (damaged / name).write_text(content)
    choices = Results(results, **places).choices()
    found = {choice.key: choice.summary for choice in choices}
    assert {summary.problem for key, summary in found.items() if key != "own/newer"} == {""}
    assert len(found) == 5
    assert found["own/newer"].problem.startswith(name)
    assert str(damaged) not in found["own/newer"].problem
    assert "damaged" in found["own/newer"].line
    assert f"<small>Damaged: {name}" in render_tables.results(choices)


@pytest.mark.parametrize(
    ("name", "content"), [("leaderboard.csv", "a;b\n"), ("run.json", '{"title": null}'), ("cross_corpus.csv", "a\n")]
)
def test_the_page_of_a_damaged_run_opens_with_its_reason(copied_results: Path, tmp_path: Path, name: str, content: str) -> None:
    (copied_results / name).write_text(content)
    damaged = Results(copied_results, own=tmp_path / "none", shipped=tmp_path / "none")
    assert build(damaged).fns
    if name != "cross_corpus.csv":
        assert f"Damaged.</strong> {name} must" in render.banner(damaged.engine())
    if name != "leaderboard.csv":
        assert board.draw(damaged.engine(), "linear").confusion.svg
