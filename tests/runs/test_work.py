"""What a run continues from is named by everything that determines it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluation.jobs import Budget, EvaluationJob, Split
from runs.layout import RunFolder
from runs.work import WorkFolder

JOB = EvaluationJob("linear", Split.HELD_OUT, 0, {"C": 1.0}, seed=0, conditions="abc")


@pytest.mark.parametrize(
    "change",
    [
        {"fold": 1},
        {"split": Split.RANDOM},
        {"family": "xgboost"},
        {"config": {"C": 2.0}},
        {"seed": 1},
        {"conditions": "abd"},
        {"budget": Budget.QUICK},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_outcome_of_another_job_lies_elsewhere(change: dict[str, Any], tmp_path: Path) -> None:
    work = WorkFolder(RunFolder(tmp_path))
    assert work.path(replace(JOB, **change)) != work.path(JOB)
