"""Which run a reader takes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from emotune.errors import PredictionsError
from runs.layout import RESULTS_VARIABLE, SET_ASIDE_MARK, choose_run, runs_in


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RESULTS_VARIABLE, raising=False)


def make_run(folder: Path, *, is_complete: bool = True, age_seconds: float = 0.0) -> Path:
    folder.mkdir(parents=True)
    (folder / "leaderboard.csv").write_text("rank,family")
    (folder / "run.json").write_text(json.dumps({"is_complete": is_complete}))
    moment = (folder / "run.json").stat().st_mtime - age_seconds
    os.utime(folder / "run.json", (moment, moment))
    return folder


def test_the_named_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = make_run(tmp_path / "named")
    assert choose_run(named).path == named
    monkeypatch.setenv(RESULTS_VARIABLE, str(named))
    assert choose_run(results=tmp_path / "none", shipped=tmp_path / "none").path == named


def test_the_newest_complete_run_of_the_user_is_taken_before_a_shipped_one(tmp_path: Path) -> None:
    results, shipped = tmp_path / "results", tmp_path / "shipped"
    make_run(shipped / "ravdess")
    assert choose_run(results=results, shipped=shipped).path == shipped / "ravdess"
    make_run(results / "old", age_seconds=100)
    make_run(results / "new", age_seconds=10)
    make_run(results / "partial", is_complete=False)
    make_run(results / f"old{SET_ASIDE_MARK}2026-01-01T000000Z")
    assert choose_run(results=results, shipped=shipped).path == results / "new"


def test_runs_that_were_set_aside_are_not_listed(tmp_path: Path) -> None:
    make_run(tmp_path / f"mine{SET_ASIDE_MARK}2026-01-01T000000Z")
    make_run(tmp_path / "mine")
    assert [run.path.name for run in runs_in(tmp_path)] == ["mine"]


@pytest.mark.parametrize("named", [True, False])
def test_no_run_is_one_sentence(tmp_path: Path, named: bool) -> None:
    with pytest.raises(PredictionsError, match=r"run search/run\.py first"):
        choose_run(tmp_path / "nowhere" if named else None, results=tmp_path / "a", shipped=tmp_path / "b")
