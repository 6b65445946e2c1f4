"""The command line: whatever a path is called, it is recorded in text or refused in a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
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
