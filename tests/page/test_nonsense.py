"""Nonsense: no family is sure of what is no speech, and every way to ask says the same."""

from __future__ import annotations

import io
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from audio.non_speech import HELD_OUT, LEARNT, make
from page import render, render_tables, render_time, render_voice
from page.batch import as_csv, batch
from page.drawing import timeline
from page.engine import Engine
from page.examples import chord
from page.judgement import Reason
from page.listen import listen, load_clip
from page.live import LiveSession
from page.live_rows import Kind, Row, Snapshot, rows_csv
from page.live_turns import Turns
from page.long import read_long
from page.same_voice import listen_again
from page.stress import Perturbation, stress
from page.tabs import as_json


class Confident(Engine):
    """Champions without a threshold: their own doubts play no part."""

    @property
    def loaded(self):
        return tuple(replace(member, abstention_threshold=None) for member in super().loaded)


@pytest.fixture(scope="module")
def confident(results: Path, engine: Engine) -> Engine:
    return Confident(results)


@pytest.mark.parametrize("key", [*LEARNT, *HELD_OUT])
def test_no_family_is_sure_of_a_sound_that_is_no_speech(confident: Engine, key: str) -> None:
    found = listen(confident, make({**LEARNT, **HELD_OUT}[key], seed=50))
    assert all(one.is_unsure and one.reasons for one in found.predictions), found.predictions
    assert found.advice


def test_no_family_is_sure_of_a_click_or_of_the_first_fifth_of_a_second(confident: Engine, clip: np.ndarray) -> None:
    for samples in (np.r_[np.zeros(1600), 0.5, np.zeros(1600)].astype(np.float32), clip[8000:11400]):
        assert Reason.TOO_SHORT in listen(confident, samples).reasons


def test_speech_keeps_its_sure_answers(confident: Engine, clip: np.ndarray) -> None:
    assert not any(one.is_unsure for one in listen(confident, clip).predictions)


def test_listen_batch_csv_long_and_live_give_the_same_reasons(confident: Engine, tmp_path: Path) -> None:
    samples = make(HELD_OUT["melody"], seed=50)
    soundfile.write(tmp_path / "melody.wav", samples, SAMPLE_RATE_HZ, subtype="FLOAT")
    loaded = load_clip(tmp_path / "melody.wav")
    alone = as_json(confident, listen(confident, loaded.samples, notes=loaded.notes))
    (row,) = batch(confident, [tmp_path / "melody.wav"])
    table = pd.read_csv(io.StringIO(as_csv([row])))
    assert alone["is_unsure"] is row.is_unsure is True
    assert alone["reasons"] == row.reasons
    assert alone["notes"] == row.notes
    assert table["is_unsure"].all()
    assert set(table["reasons"]) == {";".join(row.reasons)}
    assert Reason.MUSIC in row.reasons
    long = read_long(confident, tmp_path / "melody.wav", family="linear")
    assert long.rows
    assert all(one.is_unsure and one.reasons for one in long.rows)
    session, now = LiveSession(), None
    for start in range(0, len(samples), SAMPLE_RATE_HZ // 2):
        part = samples[start : start + SAMPLE_RATE_HZ // 2]
        now = session.hear(part, engine=confident, family="linear", turns=Turns())
    assert now is not None
    assert now.is_unsure
    assert now.reasons
    assert now.notes
    assert not any(one.kind is Kind.EMOTION for one in session.rows())
    assert "music" in rows_csv(session.rows(), started=0)


def test_what_is_unsure_is_shown_so_wherever_it_is_shown(confident: Engine, clip: np.ndarray, tmp_path: Path) -> None:
    """No piece of the page puts the answer to a chord on an emotion's colour."""
    held = np.tile(chord(), 3)
    paths = []
    for name, samples in (("1.wav", clip), ("2.wav", held)):
        paths.append(tmp_path / name)
        soundfile.write(paths[-1], samples, SAMPLE_RATE_HZ)
    (tmp_path / "who.csv").write_text("file,speaker\n1.wav,anna\n2.wav,anna\n")
    row = batch(confident, [*paths, tmp_path / "who.csv"])[1]
    stressed = stress(confident, held, Perturbation(gain_db=-6))
    voice = listen_again(confident, clip, None).voice
    named = dict.fromkeys(("angry", "sad"), 0.5)
    now = Row(0, 1, Kind.UNSURE, "sad", 0.5)
    live = Snapshot(1, 1, "linear", now, -20, named, (now,), "", n_clips=1, alone=named, is_unsure=True, reasons=("music",))
    shown = {
        "verdict": render.verdict(listen(confident, held)),
        "timeline": timeline(listen(confident, held)),
        "stress": render.stressed(stressed),
        "voice": render_voice.both(listen_again(confident, held, voice)),
        "batch": render_tables.batch([row]),
        "live": render_voice.live(live) + render_time.live(live, tuple(named)),
    }
    for name, html in shown.items():
        assert "background:#" not in html, name
        assert "unsure" in html, name
    assert "earlier clip of anna: unsure, perhaps " in shown["batch"]
    assert "music" in " ".join(stressed.advice).lower()
    assert all(line in shown["stress"] for line in map(escape, stressed.advice))
