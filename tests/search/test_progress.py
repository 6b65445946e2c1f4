"""What a person who waits for a search is told."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from search.progress import ConsoleReporter
from search.study_plan import StudyPlan
from search.trial import TrialEnd

MINUTE_SECONDS = 60.0


def test_studies_that_an_earlier_command_finished_leave_nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=200)
    reporter = ConsoleReporter(console)
    finished, begun = (StudyPlan("linear", half, n_trials=10, seed=0) for half in "AB")
    reporter.expect([finished, begun])
    later = reporter._started + 5 * MINUTE_SECONDS
    monkeypatch.setattr("search.progress.time.monotonic", lambda: later)
    reporter.study_ended(finished)
    reporter.trial_ended(TrialEnd("linear", "B", 1, "COMPLETE", value=0.5, best=0.5, seconds=MINUTE_SECONDS))
    assert "about 9 min of tuning left" in console.file.getvalue()  # type: ignore[attr-defined]
