from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ, Clip
from corpora.reader import Recording, read_recordings
from emotune.errors import RequestError
from page import uploads
from page.batch import as_csv, batch, judge_each
from page.engine import Engine


@pytest.fixture
def good(tmp_path: Path, clip: np.ndarray) -> Path:
    path = tmp_path / "good.wav"
    soundfile.write(path, clip, SAMPLE_RATE_HZ)
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.mp3"
    path.write_bytes(b"no sound here")
    return path


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_bad_file_becomes_a_row_with_its_reason(engine: Engine, good: Path, bad: Path) -> None:
    rows = batch(engine, [good, bad])
    assert [row.file for row in rows] == ["good.wav", "bad.mp3"]
    assert len(rows[0].predictions) == 3
    assert not rows[0].problem
    assert rows[1].predictions == ()
    assert rows[1].problem.startswith("must be WAV, FLAC, Ogg, MP3")


def test_a_zip_is_its_recordings_by_their_names_without_the_clutter(engine: Engine, good: Path, tmp_path: Path) -> None:
    sound = good.read_bytes()
    members = {"a/one.wav": sound, "__MACOSX/a/._one.wav": b"x", ".DS_Store": b"x", "a/notes.txt": b"hello", "../up.wav": sound}
    rows = batch(engine, [zipped(tmp_path / "many.zip", **members)])
    assert [(row.file, bool(row.predictions)) for row in rows] == [("a/one.wav", True), ("a/notes.txt", False), ("../up.wav", True)]
    assert not (tmp_path.parent / "up.wav").exists()


def test_a_file_in_a_zip_is_answered_as_the_file_alone(engine: Engine, good: Path, tmp_path: Path) -> None:
    alone, inside = batch(engine, [good, zipped(tmp_path / "one.zip", **{"good.wav": good.read_bytes()})])
    assert alone.predictions == inside.predictions


def test_no_more_of_a_zip_bomb_is_unpacked_than_allowed(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_FILE_BYTES", 10_000)
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(10**6), SAMPLE_RATE_HZ, format="WAV")
    (row,) = batch(engine, [zipped(tmp_path / "bomb.zip", **{"zeros.wav": buffer.getvalue()})])
    assert row.problem.startswith("must unpack to at most")


def test_a_damaged_member_is_a_row_and_the_rest_is_judged(engine: Engine, good: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "stored.zip", "w") as archive:
        archive.writestr("first.wav", good.read_bytes())
        archive.writestr("second.wav", good.read_bytes())
    content = bytearray((tmp_path / "stored.zip").read_bytes())
    content[5000] ^= 0xFF
    (tmp_path / "stored.zip").write_bytes(content)
    first, second = batch(engine, [tmp_path / "stored.zip"])
    assert "must unpack" in first.problem
    assert second.predictions


def test_progress_counts_the_files(engine: Engine, good: Path, bad: Path) -> None:
    seen: list[tuple[int, int]] = []
    batch(engine, [good, bad], progress=lambda done, n: seen.append((done, n)))
    assert seen == [(0, 2), (1, 2)]


def test_rows_come_one_by_one_so_that_a_batch_can_be_stopped(engine: Engine, good: Path, bad: Path) -> None:
    each = judge_each(engine, [bad, good, good])
    assert next(each).problem
    assert next(each).predictions
    each.close()


def test_whatever_loading_raises_belongs_to_its_file(engine: Engine, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("page.batch.load", lambda *_, **__: 1 / 0)
    (row,) = batch(engine, [good])
    assert row.problem.startswith("must load, but that fails (ZeroDivisionError)")


@pytest.mark.parametrize("paths", [None, []])
def test_an_empty_batch_is_refused(engine: Engine, paths: list[Path] | None) -> None:
    with pytest.raises(RequestError, match="1 to 200 recordings, got 0"):
        batch(engine, paths)


def test_too_many_files_are_refused_before_any_is_read(engine: Engine, tmp_path: Path) -> None:
    many = zipped(tmp_path / "many.zip", **{f"{k}.wav": b"" for k in range(201)})
    with pytest.raises(RequestError, match="got 201"):
        batch(engine, [many])


def test_the_csv_has_every_probability_and_every_problem(engine: Engine, good: Path, bad: Path) -> None:
    rows = batch(engine, [good, bad])
    table = pd.read_csv(io.StringIO(as_csv(rows)))
    assert table["family"].tolist()[:3] == ["linear", "random_forest", "conv1d"]
    np.testing.assert_allclose(table.filter(like="p_").iloc[:3].sum(axis=1), 1, atol=1e-3)
    assert table["problem"].iloc[3] == rows[1].problem


def test_a_row_and_the_csv_have_the_notes_that_reading_a_corpus_has(engine: Engine, good: Path, tmp_path: Path) -> None:
    samples, rate_hz = soundfile.read(good)
    faulty = tmp_path / "offset.wav"
    soundfile.write(faulty, samples * 0.5 + 0.1, rate_hz)
    expected = read_recordings([Recording(faulty, "offset", "a", "angry")], corpus="own", language="en").clip_notes["offset"]
    inside = zipped(tmp_path / "one.zip", **{"offset.wav": faulty.read_bytes()})
    rows = batch(engine, [good, faulty, inside])
    assert [row.notes for row in rows] == [(), expected, expected]
    table = pd.read_csv(io.StringIO(as_csv(rows)), keep_default_na=False)
    assert [set(of_file["notes"]) for _, of_file in table.groupby("file")] == [{""}, {" ".join(expected)}]
    assert "constant offset" in expected[0]


def test_the_advice_of_listen_stands_in_the_batch_too(engine: Engine, clip: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "quiet.wav", clip * 0.002, SAMPLE_RATE_HZ, subtype="FLOAT")
    (row,) = batch(engine, [tmp_path / "quiet.wav"])
    assert any(line.startswith("Too quiet") for line in row.advice)
    assert "Too quiet" in as_csv([row])


def test_what_systems_leave_in_folders_is_no_recording(engine: Engine, good: Path, tmp_path: Path) -> None:
    members = {"one.wav": good.read_bytes(), "Thumbs.db": b"x", "a/desktop.ini": b"x"}
    assert [row.file for row in batch(engine, [zipped(tmp_path / "many.zip", **members)])] == ["one.wav"]


def test_no_name_in_the_csv_is_a_formula(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "=HYPERLINK(1).wav"
    path.write_bytes(b"")
    assert as_csv(batch(engine, [path])).splitlines()[1].startswith("'=")


def test_clips_of_one_speaker_adapt_one_another_in_order(engine: Engine, synthetic_clips: tuple[Clip, ...], tmp_path: Path) -> None:
    paths = []
    for k, one in enumerate(synthetic_clips[:4]):
        paths.append(tmp_path / f"{k}.wav")
        soundfile.write(paths[-1], one.samples, SAMPLE_RATE_HZ)
    (tmp_path / "who.csv").write_text("file,speaker\n0.wav,anna\n1.wav,ben\n2.wav,=anna\n3.wav,anna\n")
    rows = batch(engine, [*paths, tmp_path / "who.csv"])
    assert [(row.file, row.speaker, row.n_earlier) for row in rows] == [
        ("0.wav", "anna", 0),
        ("1.wav", "ben", 0),
        ("2.wav", "=anna", 0),
        ("3.wav", "anna", 1),
    ]
    assert [row.with_voice == row.predictions for row in rows] == [True, True, True, False]
    assert [row.predictions for row in rows] == [row.predictions for row in batch(engine, paths)]
    table = pd.read_csv(io.StringIO(as_csv(rows)))
    assert table.groupby("file")["earlier_clips"].first().tolist() == [0, 0, 0, 1]
    assert table["emotion_with_voice"].notna().all()
    assert table["speaker"].iloc[-4] == "'=anna"


def test_where_nobody_says_who_speaks_the_table_has_no_such_columns(engine: Engine, good: Path) -> None:
    rows = batch(engine, [good])
    assert rows[0].with_voice == ()
    assert "speaker" not in as_csv(rows).splitlines()[0]


def test_folders_of_a_zip_are_speakers_and_a_table_without_speakers_is_a_row(engine: Engine, good: Path, tmp_path: Path) -> None:
    sound = good.read_bytes()
    rows = batch(engine, [zipped(tmp_path / "people.zip", **{"anna/1.wav": sound, "ben/1.wav": sound})])
    assert [row.speaker for row in rows] == ["anna", "ben"]
    rows = batch(engine, [zipped(tmp_path / "table.zip", **{"anna/1.wav": sound, "ben/1.wav": sound, "who.csv": b"a,b\n1,2\n"})])
    assert [(row.speaker, bool(row.problem)) for row in rows] == [("", False), ("", False), ("", True)]
    assert "file and speaker, got a, b" in rows[-1].problem
    (tmp_path / "who.csv").write_text("file,speaker\nother.wav,anna\n")
    assert batch(engine, [good, tmp_path / "who.csv"])[-1].problem.startswith("a table must name recordings of the batch")


def test_a_table_of_which_no_row_is_used_is_a_row_beside_one_that_is(engine: Engine, good: Path, tmp_path: Path) -> None:
    tables = {
        "used.tsv": "file\tspeaker\ngood.wav\tanna\n",
        "others.csv": "file,speaker\nother.wav,ben\n",
        "again.csv": "file,speaker\ngood.wav,ben\n",
    }
    for name, content in tables.items():
        (tmp_path / name).write_text(content)
    rows = batch(engine, [good, *(tmp_path / name for name in tables)])
    assert [(row.file, row.speaker) for row in rows] == [("good.wav", "anna"), ("others.csv", ""), ("again.csv", "")]
    assert rows[1].problem.startswith("a table must name recordings of the batch, but names none")
    assert "got anna and ben for good.wav" in rows[2].problem


def test_too_many_tables_are_refused(engine: Engine, good: Path, tmp_path: Path) -> None:
    many = zipped(tmp_path / "many.zip", **{f"{k}.csv": b"" for k in range(11)})
    with pytest.raises(RequestError, match="at most 10 tables of speakers, got 11"):
        batch(engine, [good, many])
