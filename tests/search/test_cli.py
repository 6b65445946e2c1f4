"""The command line: paths are recorded in text or refused in a sentence, and nothing of somebody else's is written over."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from runs.layout import SHIPPED
from search.cli import main
from search.plan import RunPlan

NAMES_OF_WINDOWS = b"gr\xfc\xdfe"


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[RunPlan]:
    """Let the command plan a run and stop."""
    plans: list[RunPlan] = []
    monkeypatch.setattr("search.runner.run", lambda plan, _: plans.append(plan))
    return plans


def windows_folder(parent: Path) -> str:
    folder = os.path.join(os.fsencode(parent), NAMES_OF_WINDOWS)
    os.makedirs(folder)
    return os.fsdecode(folder)


def test_a_path_that_is_not_utf_8_is_recorded_in_text(tmp_path: Path, planned: list[RunPlan]) -> None:
    folder = windows_folder(tmp_path)
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ)
    for emotion in ("angry", "sad"):
        path = Path(folder, emotion, "anna", "1.wav")
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            soundfile.write(file, noise, SAMPLE_RATE_HZ, format="WAV")
    assert main(["--corpus", folder, "--families", "dummy", "--out", str(tmp_path / "out")]) == 0
    assert f"--corpus '{tmp_path}/grüße'" in planned[0].command.encode().decode()


def test_results_in_a_folder_that_is_not_utf_8_are_refused(
    tmp_path: Path, planned: list[RunPlan], capsys: pytest.CaptureFixture[str]
) -> None:
    out = windows_folder(tmp_path)
    assert main(["--corpus", "synthetic", "--families", "dummy", "--out", out]) == 2
    assert "--out must be a folder whose path is UTF-8, got" in capsys.readouterr().err
    assert planned == []


def refused(out: Path, planned: list[RunPlan], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the sentence with which a run into a folder is refused."""
    assert main(["--corpus", "synthetic", "--families", "dummy", "--out", str(out)]) == 2
    assert planned == []
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "ravdess", "new", "ravdess/models"])
def test_shipped_results_are_never_written_to(name: str, planned: list[RunPlan], capsys: pytest.CaptureFixture[str]) -> None:
    assert "whose results are never written to" in refused(SHIPPED / name, planned, capsys)


def test_a_folder_of_other_files_is_refused(tmp_path: Path, planned: list[RunPlan], capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").touch()
    (tmp_path / "work").mkdir()  # as many homes have, and a run's folder too
    assert f"but {tmp_path} holds thesis.tex; name a folder in it" in refused(tmp_path, planned, capsys)
    assert f"got the file {tmp_path / 'thesis.tex'}" in refused(tmp_path / "thesis.tex", planned, capsys)
    inside = tmp_path / "thesis.tex" / "run" / "1"
    assert f"got {inside} within the file {tmp_path / 'thesis.tex'}; name another one." in refused(inside, planned, capsys)


@pytest.mark.parametrize("there", ["work/processes.log", "check.html", "features.csv", ".DS_Store", "run.json"])
def test_a_folder_that_a_command_began_is_used_again(there: str, tmp_path: Path, planned: list[RunPlan]) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).touch()
    assert main(["--corpus", "synthetic", "--families", "dummy", "--out", str(tmp_path)]) == 0
    assert planned[0].folder == tmp_path


def test_no_emotions_are_not_all_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--corpus", "synthetic", "--families", "dummy", "--emotions", "", "--out", str(tmp_path / "run")]) == 2
    assert "--emotions must be common, all, or two or more of" in capsys.readouterr().err


def test_a_check_exports_no_features(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--check", "--export-features"])
    assert stopped.value.code == 2
    assert "not allowed with argument --check" in capsys.readouterr().err
