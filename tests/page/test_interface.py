"""The page as a whole: what it does when somebody opens it."""

from __future__ import annotations

from pathlib import Path

import pytest

from page import results as module
from page.interface import build
from page.results import Results


def test_who_opens_the_page_makes_it_read_every_run_once(
    results: Path, copied_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = Results(results, own=copied_results.parent, shipped=tmp_path / "none")
    page = build(several)
    summarise, read = module.summarise, []
    monkeypatch.setattr(module, "summarise", lambda run: read.append(run.folder.path) or summarise(run))
    for one in page.fns.values():
        if any(event == "load" for _, event in one.targets):
            one.fn(*(several.first for _ in one.inputs))
    assert sorted(read) == sorted([results, copied_results])
