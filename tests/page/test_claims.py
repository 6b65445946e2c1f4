"""Claims: nothing is said of a result that does not hold for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.folds import TestedOn
from page import render
from page.claims import CLAIMS, learnt_from
from page.engine import Engine
from page.interface import HERE
from runs.layout import SHIPPED
from runs.manifest import read_manifest

ABOUT = (HERE / "about.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "said", "not_said"),
    [
        ("ravdess", ("speakers that took part in neither", "trained on all other speakers", "one corpus alone"), "left out whole"),
        ("everyday", ("corpora that were left out whole", "trained on all other corpora", "5 corpora alone"), "all other speakers"),
    ],
)
def test_about_says_of_each_result_whom_its_figures_are_for_and_what_it_learnt_from(
    name: str, said: tuple[str, ...], not_said: str
) -> None:
    shown = " ".join(render.about(Engine(SHIPPED / name), ABOUT).split())
    assert all(words in shown for words in said)
    assert not_said not in shown
    assert "{" not in shown


def test_of_recordings_whose_speakers_nobody_named_no_figure_is_for_unseen_speakers(copied_results: Path) -> None:
    (copied_results / "run.json").write_text('{"is_real": true, "title": "Own", "speakers_known": false}')
    engine = Engine(copied_results)
    shown = render.about(engine, ABOUT)
    for words in (shown, render.header(engine), render.waiting(engine)):
        assert CLAIMS[TestedOn.UNKNOWN_SPEAKERS].tested in words
    assert "disjoint by speaker" not in shown


def test_of_an_own_corpus_no_accent_is_known_and_made_up_voices_are_called_so() -> None:
    manifest = replace(read_manifest(SHIPPED / "ravdess" / "run.json"), corpus="mine")
    assert "accent" not in learnt_from(manifest, is_real=True)
    assert "made by code" in learnt_from(manifest, is_real=False)
