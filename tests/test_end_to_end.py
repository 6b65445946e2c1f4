"""From recordings to a Space: one tiny real run is read, shown by the page's engine, and started as a Space would."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from corpora.synthetic import Synthetic
from deployment import cli, start
from page.engine import Engine
from page.listen import listen
from runs.reader import Run
from tests.fixtures.small_run import FinishedRun

FITTED = {"linear", "xgboost", "ensemble"}


def test_a_run_is_read_shown_and_shipped(
    finished_run: FinishedRun, small_corpus: Synthetic, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = finished_run.plan.folder
    run = Run.at(folder)
    assert run.manifest.is_complete
    assert set(run.cards()) == {"dummy", *FITTED}
    for family in ("dummy", *FITTED):
        assert len(run.predictions_of(family)) == run.manifest.n_clips

    clip = next(clip for clip in small_corpus.read().clips if clip.emotion == "angry")
    heard = {one.family: one for one in listen(Engine(folder), clip.samples).predictions}
    assert set(heard) == FITTED
    for one in heard.values():
        assert tuple(one.probabilities) == run.manifest.emotions
        assert sum(one.probabilities.values()) == pytest.approx(1, abs=1e-3)  # four decimals each
        assert one.emotion == "angry"

    # The libraries of these tests stand for the new environment, which takes 1 GB.
    monkeypatch.setattr(start, "make_environment", lambda *_, **__: Path(sys.executable))
    assert cli.main(["me/emotune", "--results", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "It runs: 3 families answered, most of them 'angry'" in told
    assert "Nothing was sent" in told
