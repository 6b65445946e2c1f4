"""Reading a run: what is damaged is told, and never stands for something else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emotune.errors import PredictionsError
from runs.layout import SHIPPED
from runs.reader import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("run.json", "predictions.csv"):
        shutil.copy(SHIPPED / "emodb" / name, tmp_path)
    return tmp_path


def test_a_sound_run_has_no_problem_and_every_prediction(folder: Path) -> None:
    run = Run.at(folder)
    assert run.manifest_problem == ""
    assert len(run.predictions_of("linear")) == run.manifest.n_clips


@pytest.mark.parametrize("content", ['{"corpus": "emo', "[]", None])
def test_of_a_manifest_that_cannot_be_read_the_reason_is_kept_and_nothing_is_claimed(folder: Path, content: str | None) -> None:
    (folder / "run.json").unlink()
    if content is not None:
        (folder / "run.json").write_text(content)
    run = Run.at(folder)
    assert run.manifest.is_real is None
    assert run.manifest_problem.startswith("run.json must be the manifest that search/run.py writes, but: ")
    assert str(folder) not in run.manifest_problem


def test_predictions_cut_at_a_line_end_are_refused(folder: Path) -> None:
    lines = (folder / "predictions.csv").read_text().splitlines(keepends=True)
    (folder / "predictions.csv").write_text("".join(lines[:301]))
    family = lines[1].split(",")[4]
    with pytest.raises(PredictionsError, match=rf"a row of {family} for each of 535 clips, got 300; restore it"):
        Run.at(folder).predictions_of(family)


def test_predictions_without_a_column_are_refused(folder: Path) -> None:
    (folder / "predictions.csv").write_text("clip;speaker\n")
    with pytest.raises(PredictionsError, match="but lacks clip, speaker, fold, half, family, emotion"):
        Run.at(folder).predictions_of("linear")
