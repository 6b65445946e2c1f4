"""A damaged journal goes on from what is readable, and the rest is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emotune.errors import StudyError
from evaluation.dataset import Dataset
from runs.layout import RunFolder
from search.journal import mend_journal
from search.study import ended_trials, forget_studies, open_study, run_study
from search.study_plan import StudyPlan
from search.trial import TrialEnd

PLAN = StudyPlan("linear", "A", n_trials=4, seed=3)


@pytest.fixture
def journal(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("search.trial.score_config", lambda *_, **__: 0.5)
    run_study(PLAN, dataset, RunFolder(tmp_path))
    return RunFolder(tmp_path).journal


def n_ended(journal: Path) -> int:
    return len(ended_trials(open_study(PLAN, RunFolder(journal.parent))))


def test_a_whole_journal_is_left_alone(journal: Path) -> None:
    before = journal.read_bytes()
    assert mend_journal(journal) is None
    assert journal.read_bytes() == before
    assert mend_journal(journal.with_name("absent.log")) is None


def test_what_is_forgotten_leaves_the_journal_and_what_is_kept_stays_as_it_was(journal: Path, dataset: Dataset) -> None:
    run = RunFolder(journal.parent)
    kept = open_study(PLAN, run).trials
    run_study(replace(PLAN, half="B"), dataset, run)
    run_study(replace(PLAN, family="xgboost"), dataset, run)
    forget_studies(["xgboost", "conv1d"], run)
    assert "xgboost" not in journal.read_text()
    assert open_study(PLAN, run).trials == kept
    assert n_ended(journal) == 4
    forget_studies(["linear"], run)
    assert not journal.exists()


def test_a_trial_that_was_killed_is_replaced_after_others_were_forgotten(journal: Path, dataset: Dataset) -> None:
    run = RunFolder(journal.parent)
    open_study(PLAN, run).ask()
    run_study(replace(PLAN, family="xgboost", n_trials=1), dataset, run)
    forget_studies(["xgboost"], run)
    run_study(replace(PLAN, n_trials=5), dataset, run)
    assert n_ended(journal) == 5


@pytest.mark.parametrize("n_bytes", [1, 7, 40, 333, 2000])
def test_a_journal_that_was_cut_continues(journal: Path, dataset: Dataset, n_bytes: int) -> None:
    content = journal.read_bytes()
    journal.write_bytes(content[:-n_bytes])
    sentence = mend_journal(journal)
    assert sentence is None or "kept in" in sentence
    run_study(PLAN, dataset, RunFolder(journal.parent))
    assert n_ended(journal) == 4


@pytest.mark.parametrize("rest", [b"\0" * 512, b"\0" * 512 + b"\n", b"{broken\n", b"\xff\xfe\n"])
def test_what_is_no_entry_is_kept_beside_the_journal(journal: Path, rest: bytes) -> None:
    with journal.open("ab") as file:
        file.write(rest)
    assert "1 of its" in str(mend_journal(journal))
    (beside,) = journal.parent.glob("study.log.unreadable-*")
    assert beside.read_bytes() == rest
    assert n_ended(journal) == 4


@pytest.mark.parametrize("rest", [b"\0" * 512 + b"\n", b"{broken\n", b'{"op_code": 5, "worker\n'])
def test_a_journal_damaged_during_a_run_ends_it_with_one_sentence_and_the_next_goes_on(
    journal: Path, dataset: Dataset, rest: bytes
) -> None:
    def damage(end: TrialEnd) -> None:
        if end.number == 5:
            journal.write_bytes(journal.read_bytes() + rest)

    longer = replace(PLAN, n_trials=8)
    with pytest.raises(StudyError, match=r"damaged during the run: .*; run the same command again"):
        run_study(longer, dataset, RunFolder(journal.parent), tell=damage)
    assert "1 of its" in str(mend_journal(journal))
    run_study(longer, dataset, RunFolder(journal.parent))
    assert n_ended(journal) == 8


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8])
def test_a_garbled_entry_in_the_middle_costs_no_more_than_what_needs_it(journal: Path, dataset: Dataset, share: float) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[int(share * len(lines))] = b"{garbled}\n"
    journal.write_bytes(b"".join(lines))
    assert mend_journal(journal)
    run_study(PLAN, dataset, RunFolder(journal.parent))
    assert n_ended(journal) == 4
