from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpora.emotions import RAVDESS_EMOTIONS
from evaluation.folds import TestedOn
from leaderboard.references import NOT_REAL, PARTIAL
from page import board, render, render_tables
from page.batch import Row
from page.drawing import chip, sound, timeline
from page.emotion_styles import PALETTE, colours_of
from page.engine import Engine, Member
from page.interface import HERE
from page.listen import ClipPredictions, listen
from page.stress import Perturbation, curve, stress

NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def sure(engine: Engine, clip: np.ndarray) -> ClipPredictions:
    """What the families predict, none of them unsure."""
    found = listen(engine, clip)
    return replace(found, predictions=tuple(replace(one, is_unsure=False, reasons=()) for one in found.predictions))


@pytest.fixture(scope="module")
def everything(engine: Engine, clip: np.ndarray) -> dict[str, str]:
    """Each piece of the page that shows something."""
    long = np.tile(clip, 4)
    members = (*engine.members, Member("gone", "Gone", problem="no file"))
    return {
        "waiting": render.waiting(engine),
        "readout": render.predicted(listen(engine, long), long, members),
        "stressed": render.stressed(stress(engine, clip, Perturbation(semitones=5))),
        "curves": render.curves(curve(engine, clip, perturbation="pitch")),
        "board": render_tables.board(board.show_table(engine)),
        "figures": render_tables.figures(board.draw(engine, "linear")),
        "batch": render_tables.batch([Row("a.wav", listen(engine, clip).predictions), Row("b.wav", problem="must not be silent")]),
        "about": render.about(engine, (HERE / "about.md").read_text()),
        "css": (HERE / "page.css").read_text(),
    }


def test_nothing_is_fetched_from_elsewhere(everything: dict[str, str]) -> None:
    for name, html in everything.items():
        assert not re.search(r"(src|href|url\(|@import)\W*(https?:)?//", html), name


def test_every_probability_of_every_family_is_on_the_page(engine: Engine, clip: np.ndarray) -> None:
    html = render.matrix(listen(engine, clip).predictions, engine.emotions)
    assert html.count("<tr>") == 1 + 3
    assert html.count("<td ") == 3 * 8


def test_the_answer_is_marked_by_more_than_colour(engine: Engine, sure: ClipPredictions) -> None:
    assert render.matrix(sure.predictions, engine.emotions).count("<b><i>●</i>") == 3
    unsure = tuple(replace(prediction, is_unsure=True) for prediction in sure.predictions)
    assert render.matrix(unsure, engine.emotions).count("<b><i>◌</i>") == 3


def test_an_unsure_verdict_is_not_stated_as_one(sure: ClipPredictions) -> None:
    unsure = replace(sure, predictions=(replace(sure.predictions[0], is_unsure=True), *sure.predictions[1:]))
    assert "unsure, perhaps angry" in render.verdict(unsure)
    assert "unsure" not in render.verdict(sure)


def test_a_family_is_shown_with_its_uar(everything: dict[str, str], engine: Engine) -> None:
    assert f"UAR {100 * engine.ready[0].uar:.1f}" in everything["readout"]


def test_a_family_that_cannot_answer_is_grey_and_its_reason_stands_at_the_top(everything: dict[str, str]) -> None:
    assert '<tr class="gone"><th scope="row">Gone</th>' in everything["readout"]
    gone = Member("gone", "Gone", problem="no file")
    assert "Gone</strong> cannot predict<details><summary>why</summary>no file" in render.unavailable([gone])


def test_a_partial_run_is_announced(copied_results: Path) -> None:
    (copied_results / "run.json").write_text('{"is_real": true, "title": "RAVDESS", "is_complete": false}')
    assert PARTIAL in render.banner(Engine(copied_results))


def test_synthetic_models_are_announced_and_real_ones_are_not(engine: Engine, copied_results: Path) -> None:
    assert NOT_REAL in render.banner(engine)
    (copied_results / "run.json").write_text('{"is_real": true, "title": "RAVDESS"}')
    assert render.banner(Engine(copied_results)) == ""


def test_names_from_outside_are_escaped(engine: Engine, copied_results: Path) -> None:
    assert NASTY not in render_tables.batch([Row(NASTY, problem=NASTY)])
    assert NASTY not in render.unavailable([Member("x", NASTY, problem=NASTY)])
    assert NASTY not in render.advice([NASTY])
    (copied_results / "run.json").write_text(json.dumps({"title": NASTY, "licence": NASTY}))
    nasty = Engine(copied_results)
    assert NASTY not in render.header(nasty) + render.about(nasty, "{corpus} {licence}")


def test_every_emotion_of_every_corpus_has_its_colour() -> None:
    assert set(PALETTE) == set(RAVDESS_EMOTIONS)
    assert len({paper for paper, _ in PALETTE.values()}) == len(RAVDESS_EMOTIONS)


@pytest.mark.parametrize("emotion", [*RAVDESS_EMOTIONS, "boredom", "Wut", "ふしぎ", ""])
def test_words_on_an_emotions_colour_can_be_read(emotion: str) -> None:
    paper, ink = (luminance(colour) for colour in colours_of(emotion))
    assert (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05) >= 4.5  # WCAG 2.2, contrast of text, level AA
    assert emotion in chip(emotion)


def luminance(colour: str) -> float:
    channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_the_timeline_fills_the_recording_and_leaves_silence_open(engine: Engine, clip: np.ndarray) -> None:
    silence = np.zeros(8 * 16_000, dtype=np.float32)
    html = timeline(listen(engine, np.concatenate([clip, silence, clip])))
    strip = html.split('class="strip"')[1]
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", strip)]
    assert 20 < sum(widths) < 90
    assert sum(map(float, re.findall(r"width:([\d.]+)%", timeline(listen(engine, np.tile(clip, 4))).split('class="strip"')[1]))) == (
        pytest.approx(100, abs=0.1)
    )


@pytest.mark.parametrize("seconds", [0.2, 3.0, 61.0])
def test_a_sound_of_any_length_is_drawn(seconds: float) -> None:
    samples = np.sin(np.arange(round(seconds * 16_000)) * 0.1).astype(np.float32)
    html = sound(samples)
    assert f"of {seconds:.1f} seconds" in html
    assert "data:image/png;base64,iVBOR" in html
    assert len(html) < 150_000


def test_a_download_holds_its_file() -> None:
    from base64 import b64decode

    html = render.download("x.csv", "a,b\nü,1\n")
    assert b64decode(html.split("base64,")[1].split('"')[0]).decode() == "a,b\nü,1\n"


def test_what_was_noted_on_a_file_stands_below_its_row(engine: Engine, clip: np.ndarray) -> None:
    predictions = listen(engine, clip).predictions
    html = render_tables.batch([Row("a.wav", predictions, notes=("A constant offset",), advice=(NASTY,)), Row("b.wav", predictions)])
    assert html.count('<tr class="notes">') == 1
    assert "A constant offset" in html
    assert NASTY not in html


def test_an_emotions_name_is_escaped_wherever_it_is_shown(engine: Engine, clip: np.ndarray) -> None:
    found = listen(engine, np.tile(clip, 4))
    as_nasty = {NASTY if name == "angry" else name: p for name, p in found.predictions[0].probabilities.items()}
    one = replace(found.predictions[0], emotion=NASTY, probabilities=as_nasty)
    windows = tuple(replace(w, probabilities={one.family: as_nasty} if w.probabilities else {}) for w in found.timeline)
    nasty = replace(found, emotions=tuple(as_nasty), predictions=(one,), agreement=(NASTY, 1), timeline=windows)
    assert NASTY not in render.predicted(nasty, clip, ())
    assert NASTY not in render_tables.batch([Row("a.wav", (one,))])


def test_unknown_speakers_are_announced_and_no_figure_is_called_one_for_unseen_ones(copied_results: Path) -> None:
    (copied_results / "run.json").write_text('{"is_real": true, "title": "Own", "speakers_known": false}')
    engine = Engine(copied_results)
    assert "Speakers unknown." in render.banner(engine)
    assert "unseen speakers" not in render.header(engine) + render.waiting(engine)
    assert "no figure is for unseen speakers" in render_tables.board(board.show_table(engine), tested_on=TestedOn.UNKNOWN_SPEAKERS)
    assert "left out whole" in render_tables.board(board.show_table(engine), tested_on=TestedOn.UNSEEN_CORPORA)


def test_the_strictest_licence_of_several_corpora_is_shown(copied_results: Path) -> None:
    (copied_results / "run.json").write_text(json.dumps({"title": "Two", "licence": "CC BY 4.0 + CC BY-NC 4.0"}))
    assert render.about(Engine(copied_results), "{licence}").startswith("CC BY-NC 4.0, the strictest of")


def test_figures_across_corpora_are_the_chosen_familys_or_the_best_ones_that_has_them(copied_results: Path) -> None:
    rows = ["a,b,linear,9,3,happy,0.5,0.4,0.6", "b,a,linear,9,3,happy,0.4,0.3,0.5"]
    header = "trained_on,tested_on,family,n_clips,n_speakers,emotions,uar,uar_ci_low,uar_ci_high"
    assert "across corpora" not in render_tables.figures(board.draw(Engine(copied_results), "linear"))
    (copied_results / "cross_corpus.csv").write_text("\n".join([header, *rows, ""]))
    engine = Engine(copied_results)
    assert [board.draw(engine, family).crossed for family in ("linear", "conv1d")] == ["linear", "linear"]
    assert "Linear across corpora" in render_tables.figures(board.draw(engine, "conv1d"))


@pytest.mark.parametrize(("after", "words"), [(0.4987, "■ 0 points"), (0.52, "▲ +2 points"), (0.48, "▼ -2 points")])
def test_a_change_of_less_than_a_point_has_no_sign(engine: Engine, clip: np.ndarray, after: float, words: str) -> None:
    found = stress(engine, clip, Perturbation())
    one = found.before[0]
    before, moved = (replace(one, probabilities={**one.probabilities, one.emotion: p}) for p in (0.5, after))
    assert words in render.stressed(replace(found, before=(before,), after=(moved,)))
