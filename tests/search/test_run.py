"""A whole run, as a person meets it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pandas as pd
import pytest

from emotune.errors import DownloadError
from evaluation.folds import HALVES
from evaluation.jobs import QUICK_LOOK_TRIALS, QUICK_MAX_EPOCHS
from features import INPUT_KINDS
from features.whisper.published import BASE, TINY_EN, use_encoders
from features.whisper.weights import read_origin
from leaderboard.table import FACTS, build_leaderboard, read_leaderboard
from metrics.predictions import read_predictions
from models import FAMILIES
from runs.champions import load_champion
from runs.layout import SHIPPED, RunFolder
from search.cli import main
from search.runner import by_turns, run
from search.study import run_study, tuned_of
from search.study_plan import StudyPlan
from tests.fixtures.small_run import FinishedRun, silent_reporter
from tests.tiny_whisper import write_tiny_whisper

PROJECT_ROOT = Path(__file__).resolve().parents[2]
VARYING = ["tune_seconds", "fit_seconds", "predict_ms_per_clip", "run_hash", "model_mb"]
"""Times, and the size of files that hold addresses in memory."""


def test_a_run_leaves_everything_that_the_readme_names(finished_run):
    folder = finished_run.plan.folder
    for name in ("leaderboard.csv", "predictions.csv", "robustness.csv", "study.log", "report.html", "run.json"):
        assert (folder / name).stat().st_size > 0
    assert {path.name for path in (folder / "models").iterdir()} == {"dummy", "linear", "xgboost", "ensemble"}


def test_what_an_earlier_command_tuned_comes_first(finished_run: FinishedRun) -> None:
    families = tuple(FAMILIES[key] for key in ("conv1d", "xgboost", "linear", "ensemble"))
    turns = [family.key for family in by_turns(replace(finished_run.plan, families=families))]
    assert turns == ["linear", "xgboost", "conv1d"]
    longer = replace(finished_run.plan, families=families, n_trials=7)
    assert [family.key for family in by_turns(longer)] == ["linear", "conv1d", "xgboost"]


def test_the_leaderboard_is_recomputed_from_its_predictions(finished_run):
    board = read_leaderboard(finished_run.plan.folder / "leaderboard.csv")
    facts = board.set_index("family")[["random_split_accuracy", "n_trials"]].to_dict("index")
    again = build_leaderboard(finished_run.predictions, facts, seed=finished_run.plan.seed)
    scores = [
        column for column in board.columns if column.startswith(("uar", "accuracy", "macro_f1", "f1_", "log_loss", "ece", "p_vs"))
    ]
    scores = [column for column in scores if column not in FACTS]
    pd.testing.assert_frame_equal(board[scores], again[scores])


@pytest.mark.parametrize("folder", sorted(SHIPPED.glob("*/leaderboard.csv")), ids=lambda path: path.parent.name)
def test_the_shipped_leaderboard_is_recomputed_from_its_predictions(folder):
    board = read_leaderboard(folder)
    again = build_leaderboard(read_predictions(folder.with_name("predictions.csv")), {}, seed=int(board["seed"][0]))
    for column in ("family", "uar", "uar_ci_low", "uar_ci_high", "accuracy", "macro_f1", "ece"):
        pd.testing.assert_series_equal(board[column], again[column])


def test_the_search_alone_knows_the_other_columns(finished_run):
    linear = finished_run.board.set_index("family").loc["linear"]
    assert linear["n_trials"] == 12
    assert 0 < linear["uar_noise"] <= 1
    assert 0 < linear["uar_pitch"] <= 1
    assert 0 < linear["uar_robust_ci_low"] <= linear["uar_robust"] <= linear["uar_robust_ci_high"] <= 1
    assert 0 < linear["random_split_accuracy"] <= 1
    assert linear["model_mb"] > 0


def test_linear_beats_dummy_and_dummy_is_at_chance(finished_run):
    board = finished_run.board.set_index("family")
    assert board.loc["dummy", "uar"] == pytest.approx(0.125)
    assert board.loc["linear", "uar"] > 0.3


def test_two_processes_find_what_one_finds(finished_run, tmp_path):
    families = tuple(FAMILIES[key] for key in ("dummy", "linear"))
    again = run(replace(finished_run.plan, folder=tmp_path, families=families, n_jobs=2), silent_reporter())
    facts = [name for name in FACTS if name not in VARYING]
    one, two = (board.set_index("family").loc[["dummy", "linear"], ["uar", *facts]] for board in (finished_run.board, again))
    pd.testing.assert_frame_equal(one, two)
    predictions = read_predictions(tmp_path / "predictions.csv")
    same = finished_run.predictions[finished_run.predictions["family"].isin(one.index)]
    pd.testing.assert_frame_equal(predictions, same.reset_index(drop=True))


def test_a_run_of_one_family_keeps_the_rows_of_those_finished_before(finished_run, tmp_path):
    folder = copytree(finished_run.plan.folder, tmp_path / "run")
    board = run(replace(finished_run.plan, folder=folder, families=(FAMILIES["dummy"],)), silent_reporter())
    assert set(board["family"]) == {"dummy", "linear", "xgboost", "ensemble"}


def test_starting_one_family_over_keeps_what_the_others_left(finished_run, tmp_path):
    folder = copytree(finished_run.plan.folder, tmp_path / "run")
    before = (folder / "work").glob("xgboost-*")
    plan = replace(finished_run.plan, folder=folder, families=(FAMILIES["linear"],), n_trials=1, fresh=True)
    reporter, said = silent_reporter(), list[str]()
    reporter.say = said.append
    board = run(plan, reporter).set_index("family")
    assert set(board.index) == {"dummy", "linear", "xgboost"}
    assert any("pool families with one budget" in sentence and "search all" in sentence for sentence in said)
    assert board.loc["linear", "n_trials"] == 2
    assert board.loc["xgboost", "n_trials"] == 12
    assert all(path.exists() for path in before)


@pytest.mark.parametrize(("n_trials", "limit"), [(QUICK_LOOK_TRIALS, QUICK_MAX_EPOCHS), (QUICK_LOOK_TRIALS + 1, None)])
def test_what_is_evaluated_is_what_a_study_found_but_for_the_epochs_of_a_quick_look(dataset, monkeypatch, tmp_path, n_trials, limit):
    linear = FAMILIES["linear"]
    monkeypatch.setattr("search.trial.score_config", lambda *_, **__: 0.5)
    plans = [StudyPlan("linear", half, n_trials, 0) for half in HALVES]
    for plan in plans:
        run_study(plan, dataset, RunFolder(tmp_path))
    found = tuned_of(linear, plans, RunFolder(tmp_path), n_trials=n_trials)
    for half, config in found.configs.items():
        assert config["penalty"] == found.trials[half][0].params["penalty"]
        assert config.get("max_epochs") == limit


def test_champions_predict_after_reloading_as_their_family_was_fitted(finished_run, dataset):
    champion = load_champion(finished_run.plan.folder / "models" / "linear")
    from features import Analysis

    probabilities = champion.predict([Analysis(dataset.clips[0].samples)])
    assert probabilities.shape == (1, 8)
    assert np.isclose(probabilities.sum(), 1)
    assert champion.card.scores["uar"] == pytest.approx(finished_run.board.set_index("family").loc["linear", "uar"])


def test_run_json_says_what_was_run(finished_run):
    content = json.loads((finished_run.plan.folder / "run.json").read_text())
    assert content["is_real"] is False
    assert content["trials"] == {"dummy": {}, "linear": {"A": 6, "B": 6}, "xgboost": {"A": 6, "B": 6}, "ensemble": {}}
    assert content["n_clips"] == 48
    assert any("The emotion neutral has 6 clips: its figures mean little" in note for note in content["notes"])
    assert 0 < content["thresholds"]["linear"] <= 1
    assert content["family_seconds"]["xgboost"]["trials"] > 0


def test_the_command_works_from_another_folder(tmp_path):
    command = [sys.executable, str(PROJECT_ROOT / "search" / "run.py"), "--help"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    for option in ("--trials", "--families", "--corpus", "--data", "--out", "--seed", "--timeout", "--protocol", "--fresh"):
        assert option in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trials", "0"], "--trials must be at least 1, got 0"),
        (["--families", "perceptron"], "There is no family 'perceptron'"),
        (["--corpus", "nowhere"], "There is no corpus 'nowhere'"),
        (["--seed", "-1"], "--seed must be from 0 to 4294967295, got -1"),
        (["--seed", "9223372036854775808"], "--seed must be from 0 to 4294967295, got 9223372036854775808"),
        (["--jobs", "0"], "--jobs must be at least 1, got 0"),
        (["--timeout", "nan"], "--timeout must be a number of minutes from 0 on, got nan"),
        (["--timeout", "-5"], "--timeout must be a number of minutes from 0 on, got -5"),
        (["--families", ""], "--families must name a family on each side of every comma, got ''"),
        (["--families", "dummy,"], "--families must name a family on each side of every comma, got 'dummy,'"),
        (["--corpus", "synthetic", "--data", "/mistyped"], "--data must name a folder that exists"),
    ],
)
def test_a_wrong_option_is_answered_with_one_sentence(arguments, message, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_without_ravdess_the_embedded_corpus_is_used_and_said_so_first_and_last(monkeypatch, capsys, tmp_path, finished_run):
    import search.runner

    def absent(self, root=None, **_):
        raise DownloadError("RAVDESS is nowhere")

    monkeypatch.setattr("corpora.ravdess.Ravdess.locate", absent)
    monkeypatch.delenv("EMOTUNE_DATA", raising=False)
    monkeypatch.setattr(search.runner, "run", lambda plan, reporter: finished_run.board)
    assert main(["--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().err
    assert shown.count("SYNTHETIC") == 2


@pytest.mark.parametrize("key", ["whisper", "whisper_base"])
def test_a_pretrained_family_leaves_its_encoder_once_and_makes_two_ensembles(key, finished_run, tmp_path, monkeypatch):
    encoder = FAMILIES[key].kind.published
    weights = encoder.find()
    monkeypatch.delenv(encoder.variable)  # processes are told by the plan alone
    folder = tmp_path / "run"
    families = tuple(FAMILIES[one] for one in ("linear", "xgboost", key, "ensemble", "ensemble_scratch"))
    plan = replace(finished_run.plan, folder=folder, families=families, n_trials=1, encoders={key: weights})
    board = run(plan, silent_reporter())
    use_encoders({})
    assert set(board["family"]) == {"linear", "xgboost", key, "ensemble", "ensemble_scratch"}
    assert sorted(path.name for path in (folder / key).iterdir()) == ["config.json", "model.safetensors"]
    assert not list((folder / "models").rglob("*.safetensors"))
    assert load_champion(folder / "models" / "ensemble").members == ("linear", "xgboost", key)
    assert load_champion(folder / "models" / "ensemble_scratch").members == ("linear", "xgboost")
    assert load_champion(folder / "models" / key).kind.folder == folder / key
    row = board.set_index("family").loc[key]
    assert row["n_parameters"] > INPUT_KINDS[key].n_parameters > 0
    assert row["model_mb"] * 1e6 > (folder / key / "model.safetensors").stat().st_size
    assert read_origin(folder / key).encoder_layers == INPUT_KINDS[key].n_layers


def test_the_weights_that_the_command_names_are_in_its_plan(monkeypatch, tmp_path, finished_run, tiny_whisper):
    import search.runner

    planned = []
    monkeypatch.setattr(search.runner, "run", lambda plan, reporter: planned.append(plan) or finished_run.board)
    base = write_tiny_whisper(tmp_path / "base", n_layers=6)
    given = ["--corpus", "synthetic", "--families", "whisper,whisper_base", "--out", str(tmp_path / "run")]
    assert main([*given, "--whisper", str(tiny_whisper), "--whisper-base", str(base)]) == 0
    use_encoders({})
    assert planned[0].encoders == {"whisper": tiny_whisper, "whisper_base": base}


@pytest.mark.parametrize(("encoder", "n_layers"), [(TINY_EN, 6), (BASE, 4)], ids=lambda value: str(getattr(value, "key", value)))
@pytest.mark.parametrize("families", [(), ("--families", "whisper,whisper_base")], ids=["all", "named"])
def test_weights_of_another_size_stop_the_command_with_both_sizes(encoder, n_layers, families, capsys, tmp_path):
    other = write_tiny_whisper(tmp_path / "other", n_layers=n_layers)
    code = main(["--corpus", "synthetic", *families, encoder.option, str(other), "--out", str(tmp_path / "run")])
    use_encoders({})
    assert code == 2
    said = f"Whisper {encoder.name} has {10 - n_layers} layers, but that in {other} has {n_layers} of width 16; give {encoder.option}"
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_without_its_weights_a_pretrained_family_is_left_out_and_said_so(monkeypatch, capsys, tmp_path, finished_run):
    import search.runner
    from features.whisper import published

    planned = []
    for encoder in published.ENCODERS:
        monkeypatch.delenv(encoder.variable)
    monkeypatch.setattr(published, "DATA_FOLDER", tmp_path)
    monkeypatch.setattr(search.runner, "run", lambda plan, reporter: planned.append(plan) or finished_run.board)
    assert main(["--corpus", "synthetic", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().err
    assert "whisper is left out" in shown
    assert "whisper_base is left out" in shown
    assert not {"whisper", "whisper_base"} & {family.key for family in planned[0].families}
    assert "linear" in {family.key for family in planned[0].families}


def test_asking_for_a_pretrained_family_without_its_weights_stops(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("EMOTUNE_WHISPER", "put back afterwards")
    assert main(["--corpus", "synthetic", "--families", "whisper", "--whisper", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert f"but {tmp_path} does not" in capsys.readouterr().err


def test_asking_for_ravdess_where_there_is_none_stops(monkeypatch, capsys, tmp_path):
    def absent(self, root=None, **_):
        raise DownloadError("RAVDESS is nowhere")

    monkeypatch.setattr("corpora.ravdess.Ravdess.locate", absent)
    monkeypatch.delenv("EMOTUNE_DATA", raising=False)
    assert main(["--corpus", "ravdess", "--out", str(tmp_path)]) == 2
    assert "RAVDESS is nowhere" in capsys.readouterr().err


def test_features_are_exported_with_a_name_for_each_column(finished_run, tmp_path):
    from search.export import export_features

    path = export_features(replace(finished_run.plan, folder=tmp_path), silent_reporter())
    table = pd.read_csv(path)
    assert len(table) == 48
    assert {"clip", "speaker", "emotion", "fold", "f0_semitones.mean"} <= set(table.columns)
    assert np.isfinite(table.drop(columns=["clip", "speaker", "emotion", "fold"]).to_numpy()).all()
