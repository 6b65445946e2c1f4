"""A second command in a run's folder: nothing stale is used, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from unittest.mock import patch

import pandas as pd
import pytest

from corpora.synthetic import Synthetic
from emotune.errors import RunError
from metrics.predictions import read_predictions
from models import FAMILIES
from runs.manifest import read_manifest
from search.runner import run
from tests.fixtures.small_run import FinishedRun, silent_reporter
from tests.fixtures.whole_command import OneProcess, without_pictures

LINEAR = FAMILIES["linear"]


class Listener:
    """A reporter that keeps what it was told."""

    def __init__(self) -> None:
        self.reporter, self.sentences = silent_reporter(), list[str]()
        self.reporter.say = self.sentences.append  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.runner.WorkerPool", OneProcess)
    without_pictures(monkeypatch)


@pytest.fixture
def folder(finished_run: FinishedRun, tmp_path: Path) -> Path:
    return Path(copytree(finished_run.plan.folder, tmp_path / "run"))


def aside_of(folder: Path) -> list[Path]:
    return sorted(folder.parent.glob("run.until-*"))


def test_the_same_command_changes_nothing_and_sets_nothing_aside(finished_run: FinishedRun, folder: Path) -> None:
    board = run(replace(finished_run.plan, folder=folder), silent_reporter())
    pd.testing.assert_frame_equal(board[["family", "uar"]], finished_run.board[["family", "uar"]])
    assert aside_of(folder) == []


@pytest.mark.parametrize("change", ["data", "seed"])
def test_other_data_or_another_seed_sets_the_run_aside_whole(finished_run: FinishedRun, folder: Path, change: str) -> None:
    changes = {"corpus": Synthetic(n_speakers=6, n_sentences=1, n_takes=2)} if change == "data" else {"seed": 7}
    before = (folder / "predictions.csv").read_bytes()
    listener = Listener()
    plan = replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],), n_trials=1, **changes)
    board = run(plan, listener.reporter)
    assert board["family"].tolist() == ["dummy"]
    (aside,) = aside_of(folder)
    assert (aside / "predictions.csv").read_bytes() == before
    assert any(f"made with {change} " in sentence and aside.name in sentence for sentence in listener.sentences)


def test_a_family_of_other_code_starts_anew_and_the_others_keep_their_rows(
    finished_run: FinishedRun, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_code(monkeypatch, "linear.py")
    listener = Listener()
    plan = replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],), n_trials=1)
    board = run(plan, listener.reporter).set_index("family")
    assert "linear" not in board.index
    assert board.loc["xgboost", "uar"] == finished_run.board.set_index("family").loc["xgboost", "uar"]
    assert any("linear" in sentence and "code" in sentence for sentence in listener.sentences)
    assert (aside_of(folder)[0] / "models" / "linear" / "card.json").exists()


def changed_code(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """Make a file's code look changed to whatever depends on it."""
    import runs.conditions as conditions

    honest = conditions.code_hash
    monkeypatch.setattr(conditions, "code_hash", lambda files: "0" * 16 if any(f.name == file for f in files) else honest(files))


@pytest.mark.parametrize(("file", "n_evaluated"), [("held_out.py", 1), ("adaptation_fit.py", 0)])
def test_other_evaluating_code_keeps_the_trials_and_makes_anew_what_depends_on_it(
    finished_run: FinishedRun, folder: Path, monkeypatch: pytest.MonkeyPatch, file: str, n_evaluated: int
) -> None:
    changed_code(monkeypatch, file)
    listener, before = Listener(), (folder / "predictions.csv").read_bytes()
    evaluations = set((folder / "work").glob("linear-held_out-0-*.npz"))
    run(replace(finished_run.plan, folder=folder, families=(LINEAR,)), listener.reporter)
    assert (aside_of(folder)[0] / "predictions.csv").read_bytes() == before
    (said,) = (sentence for sentence in listener.sentences if "evaluated anew" in sentence)
    assert said.startswith(f"dummy, linear, xgboost in {folder}: made with ")
    assert said.endswith(", and they keep their trials and are evaluated anew.")
    manifest = read_manifest(folder / "run.json")
    assert manifest.trials["linear"] == {"A": 6, "B": 6}
    assert "xgboost" not in manifest.trials
    assert len(set((folder / "work").glob("linear-held_out-0-*.npz")) - evaluations) == n_evaluated
    board = run(replace(finished_run.plan, folder=folder), silent_reporter())
    assert set(board["family"]) == set(finished_run.board["family"])
    assert len(aside_of(folder)) == 1


def test_trials_that_were_kept_do_not_outlive_a_later_change_of_the_familys_code(
    finished_run: FinishedRun, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_code(monkeypatch, "held_out.py")
    run(replace(finished_run.plan, folder=folder, families=(LINEAR,)), silent_reporter())
    changed_code(monkeypatch, "xgboost.py")
    listener = Listener()
    run(replace(finished_run.plan, folder=folder, families=(LINEAR,)), listener.reporter)
    assert any(sentence.startswith("xgboost in") and "they start anew" in sentence for sentence in listener.sentences)


def test_a_changed_library_is_noticed(finished_run: FinishedRun, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.conditions.library_versions", lambda _: {"numpy": "9.9.9"})
    listener = Listener()
    run(replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],), n_trials=1), listener.reporter)
    assert len(aside_of(folder)) == 1
    assert any("instead of 9.9" in sentence for sentence in listener.sentences)


def test_a_quick_look_at_one_family_drops_none_of_the_others(finished_run: FinishedRun, folder: Path) -> None:
    """Whatever the number of trials of this command, rows that were made under the same conditions stay as recorded."""
    plan = replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],), n_trials=1)
    board = run(plan, silent_reporter()).set_index("family")
    recorded = finished_run.board.set_index("family")
    assert set(board.index) == set(recorded.index)
    assert board.loc["linear", "n_trials"] == recorded.loc["linear", "n_trials"]
    assert read_manifest(folder / "run.json").trials["linear"] == {"A": 6, "B": 6}


def test_a_command_that_ends_in_mid_search_leaves_nothing_that_looks_finished(finished_run: FinishedRun, folder: Path) -> None:
    plan = replace(finished_run.plan, folder=folder, n_trials=1)
    with patch("search.runner.tune_and_evaluate", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        run(replace(plan, families=(FAMILIES["xgboost"],), fresh=True), silent_reporter())
    assert not plan.run.is_complete
    assert not plan.run.report.exists()
    board = run(replace(plan, families=(FAMILIES["dummy"],)), silent_reporter())
    assert set(board["family"]) == {"dummy", "linear"}


def test_a_folder_is_complete_only_when_everything_is_written(finished_run: FinishedRun, folder: Path) -> None:
    plan = replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],))
    with patch("search.publish.write_report", side_effect=OSError("no space")), pytest.raises(OSError, match="no space"):
        run(plan, silent_reporter())
    assert not plan.run.is_complete


def test_what_an_interrupted_command_did_not_time_is_timed_by_the_next(finished_run: FinishedRun, folder: Path) -> None:
    board = pd.read_csv(folder / "leaderboard.csv")
    board.loc[board["family"] == "linear", "predict_ms_per_clip"] = None
    board.to_csv(folder / "leaderboard.csv", index=False)
    again = run(replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],)), silent_reporter()).set_index("family")
    assert again["predict_ms_per_clip"].gt(0).all()
    assert "ensemble" in again.index


def test_the_trials_and_times_of_kept_families_stay_in_the_report(finished_run: FinishedRun, folder: Path) -> None:
    with patch("search.publish.write_report") as report:
        run(replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],)), silent_reporter())
    trials = report.call_args.kwargs["trials"]
    assert trials.groupby("family").size().to_dict() == {"linear": 12, "xgboost": 12}
    before, after = (read_manifest(place / "run.json").family_seconds for place in (finished_run.plan.folder, folder))
    assert after["linear"] == before["linear"]


def test_a_damaged_evaluation_is_made_anew(finished_run: FinishedRun, folder: Path) -> None:
    for path in (folder / "work").glob("linear-held_out-0-*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    board = run(replace(finished_run.plan, folder=folder), silent_reporter())
    pd.testing.assert_frame_equal(board[["family", "uar"]], finished_run.board[["family", "uar"]])


def test_starting_over_works_on_a_damaged_journal(finished_run: FinishedRun, folder: Path) -> None:
    journal = folder / "study.log"
    journal.write_bytes(journal.read_bytes()[:-40] + b"\0" * 512)
    board = run(replace(finished_run.plan, folder=folder, families=(LINEAR,), n_trials=1, fresh=True), silent_reporter())
    assert board.set_index("family").loc["linear", "n_trials"] == 2


def test_ensembles_alone_are_refused_where_nothing_is_to_be_pooled(finished_run: FinishedRun, tmp_path: Path) -> None:
    plan = replace(finished_run.plan, folder=tmp_path / "new", families=(FAMILIES["ensemble"],))
    with pytest.raises(RunError, match=r"An ensemble pools other families, but .* has none and only ensemble is asked for"):
        run(plan, silent_reporter())


@pytest.mark.parametrize("n_bytes", [3000, 40])
def test_families_with_damaged_predictions_are_named_and_come_back(finished_run: FinishedRun, folder: Path, n_bytes: int) -> None:
    path = folder / "predictions.csv"
    path.write_bytes(path.read_bytes()[:n_bytes])
    listener = Listener()
    plan = replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],))
    assert "linear" not in run(plan, listener.reporter)["family"].tolist()
    assert any("predictions.csv" in said and "come back" in said for said in listener.sentences)
    run(replace(plan, families=(LINEAR,)), silent_reporter())
    now, then = (
        table[table["family"] == "linear"].reset_index(drop=True) for table in (read_predictions(path), finished_run.predictions)
    )
    assert len(now) == 48
    pd.testing.assert_frame_equal(now, then)


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:99]), Path.unlink], ids=["cut", "missing"])
def test_damaged_weights_of_a_last_fit_are_fitted_anew_by_the_next_command(
    finished_run: FinishedRun, folder: Path, damage: Callable[[Path], object]
) -> None:
    (weights,) = folder.glob("work/linear-champion-*/model.skops")
    damage(weights)
    plan = replace(finished_run.plan, folder=folder, families=(LINEAR,))
    with pytest.raises(RunError, match=r"must hold the weights of linear, but was damaged .* run the same command again"):
        run(plan, silent_reporter())
    assert "linear" in run(plan, silent_reporter())["family"].tolist()
