"""Long recordings: a row a stretch, on the page's terms and from the command line."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ, Clip
from page import command_line
from page.engine import Engine
from page.in_time import InTime
from page.live import LiveSession
from page.long import LongAnswer, as_audacity, as_csv, read_long
from page.options import parse
from page.render_time import clock
from page.render_time import long as render_long


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, synthetic_clips: tuple[Clip, ...]) -> Path:
    """Three sentences by one voice, with pauses."""
    pause = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    parts = [part for clip in synthetic_clips[:3] for part in (pause, clip.samples)]
    path = tmp_path_factory.mktemp("talk") / "talk.flac"
    soundfile.write(path, np.concatenate(parts), SAMPLE_RATE_HZ)
    return path


@pytest.fixture(scope="module")
def answer(engine: Engine, talk: Path) -> LongAnswer:
    return read_long(engine, talk, family="linear")


def test_each_sentence_is_a_row_in_order(answer: LongAnswer) -> None:
    assert len(answer.rows) == 3
    assert [row.start_seconds for row in answer.rows] == sorted(row.start_seconds for row in answer.rows)
    assert all(sum(row.probabilities.values()) == pytest.approx(1, abs=1e-3) for row in answer.rows)


def test_csv_and_labels_hold_every_stretch(answer: LongAnswer) -> None:
    rows = list(csv.DictReader(as_csv(answer).splitlines()))
    labels = [line.split("\t") for line in as_audacity(answer).splitlines()]
    assert [float(row["start_seconds"]) for row in rows] == [float(start) for start, _, _ in labels]
    assert {row["family"] for row in rows} == {"linear"}


def test_a_recording_without_speech_has_no_row_and_says_so(engine: Engine, tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).normal(size=3 * SAMPLE_RATE_HZ)
    soundfile.write(tmp_path / "noise.wav", noise, SAMPLE_RATE_HZ)
    found = read_long(engine, tmp_path / "noise.wav", family="linear")
    assert found.rows == ()
    assert "No speech" in found.notes[-1]
    assert as_csv(found).startswith("channel,start_seconds")


def test_a_recording_that_was_killed_is_answered_to_its_end_and_says_so(engine: Engine, talk: Path, tmp_path: Path) -> None:
    samples, rate_hz = soundfile.read(talk)
    soundfile.write(tmp_path / "killed.wav", samples, rate_hz)
    content = bytearray((tmp_path / "killed.wav").read_bytes())
    content[40:44] = (len(content) // 2).to_bytes(4, "little")
    (tmp_path / "killed.wav").write_bytes(content)
    found = read_long(engine, tmp_path / "killed.wav", family="linear")
    assert len(found.rows) == 3
    assert found.notes[0].startswith("The header states less sound")


def test_a_name_with_markup_is_escaped(answer: LongAnswer, engine: Engine) -> None:
    assert "<img" not in render_long(answer, engine.emotions, path='a"><img src=x>')


def test_the_best_family_that_answers_in_time_is_chosen(engine: Engine) -> None:
    assert InTime(60).choose(engine) == "linear"
    assert InTime().choose(engine, "conv1d") == "conv1d"


def test_the_command_line_writes_the_same_rows(
    engine: Engine, results: Path, talk: Path, answer: LongAnswer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--results", str(results), "--file", str(talk), "--csv", str(tmp_path / "out.csv"), "--family", "linear"]
    assert command_line.run(parse(asked), engine) == 0
    assert (tmp_path / "out.csv").read_text() == as_csv(answer)
    assert "Stretches of speech: 3 in" in capsys.readouterr().err


def test_listening_to_a_file_prints_a_line_a_second_and_loses_no_sound_however_long_it_takes(
    engine: Engine, results: Path, talk: Path, answer: LongAnswer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hear, pauses = LiveSession.hear, iter([0, 1.0])

    def hear_slowly(*args: Any, **options: Any) -> Any:
        time.sleep(next(pauses, 0))
        return hear(*args, **options)

    monkeypatch.setattr(LiveSession, "hear", hear_slowly)
    assert command_line.run(parse(["--results", str(results), "--listen", str(talk)]), engine) == 0
    told = capsys.readouterr().out
    assert len(told.splitlines()) == pytest.approx(answer.duration_seconds, abs=1.5)
    assert "lost" not in told


def test_what_is_damaged_of_a_result_is_said_without_a_page_too(
    copied_results: Path, talk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied_results / "run.json").write_text("{")
    options = parse(["--results", str(copied_results), "--file", str(talk), "--family", "linear"])
    assert command_line.run(options, Engine(copied_results)) == 0
    assert "run.json must be the manifest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--file", "nowhere.wav"], "check the path"),
        (["--listen", "nowhere.wav"], "check the path"),
        (["--listen", ""], "check the path"),
        (["--file", "TALK", "--family", "nobody"], "no family 'nobody'"),
        (["--file", "TALK", "--csv", "nowhere/out.csv"], "make nowhere first"),
        (["--file", "TALK", "--csv", "."], "is a folder"),
        (
            ["--file", "TALK", "--csv", "/proc/x.csv"],
            "/proc/x.csv must be a file that can be written, but: No such file or directory;",
        ),
        (["--file", "TALK", "--labels", f"{'x' * 250}.txt"], "must be a file that can be written, but: File name too long;"),
        (["--file", "TALK", "--csv", "out.txt", "--labels", "./out.txt"], "named twice"),
        (["--file", "TALK", "--labels", "TALK"], "named twice"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_before_any_champion_loads(
    asked: list[str], words: str, results: Path, talk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, loaded = talk.read_bytes(), []
    monkeypatch.setattr("page.engine.load_champion", loaded.append)
    options = parse(["--results", str(results), *(str(talk) if one == "TALK" else one for one in asked)])
    assert command_line.run(options, Engine(results)) == 2
    assert words in capsys.readouterr().err
    assert (loaded, talk.read_bytes()) == ([], content)


def test_an_emotion_that_looks_like_a_formula_is_none_in_the_csv(answer: LongAnswer) -> None:
    found = replace(answer, rows=(replace(answer.rows[0], emotion="=1+1"), *answer.rows[1:]))
    assert [row["emotion"] for row in csv.DictReader(as_csv(found).splitlines())][:2] == ["'=1+1", answer.rows[1].emotion]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00.0"), (9.94, "0:09.9"), (59.96, "1:00.0"), (119.99, "2:00.0"), (3661.2, "61:01.2")]
)
def test_minutes_and_seconds_carry_over(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
