"""Databases in audformat: labels are found wherever they are stored, and segments are cut out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from corpora.audformat import HEADER, AudformatDatabase
from corpora.choose import choose_corpus
from corpora.own import Options
from emotune.errors import CorpusError

SPEAKERS = {"ann": "female", "ben": "male", "cleo": "female", "dan": "male"}
EMOTIONS = ("anger", "happiness")
FILES = [(f"audio/{speaker}-{emotion}.wav", speaker, emotion) for speaker in SPEAKERS for emotion in EMOTIONS]
SECONDS = 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with recordings of four speakers and an empty header."""
    rng = np.random.default_rng(0)
    (tmp_path / "db" / "audio").mkdir(parents=True)
    for file, _, _ in FILES:
        soundfile.write(tmp_path / "db" / file, 0.1 * rng.standard_normal(SECONDS * SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    (tmp_path / "db" / HEADER).write_text("name: db\n")
    return tmp_path / "db"


@pytest.fixture
def audformat() -> Any:
    return pytest.importorskip("audformat")


def begin(audformat: Any) -> Any:
    """Return a database with schemes, and a table that names the gender of each speaker."""
    db = audformat.Database("db", source="https://example.org/db", languages=["deu"], license="CC0-1.0")
    db.schemes["emotion"] = audformat.Scheme(labels=list(EMOTIONS))
    db.schemes["gender"] = audformat.Scheme(labels=["female", "male"])
    db["people"] = audformat.MiscTable(pd.Index(list(SPEAKERS), name="speaker", dtype="string"))
    db["people"]["gender"] = audformat.Column(scheme_id="gender")
    db["people"]["gender"].set(list(SPEAKERS.values()))
    db.schemes["speaker"] = audformat.Scheme("str", labels="people")
    return db


def add(audformat: Any, db: Any, table: str, index: Any, **columns: list[str | None]) -> None:
    db[table] = audformat.Table(index)
    for column, values in columns.items():
        db[table][column] = audformat.Column(scheme_id=column)
        db[table][column].set(values)


def test_emotions_and_speakers_of_different_tables_are_joined(audformat: Any, folder: Path) -> None:
    db = begin(audformat)
    files, speakers, emotions = zip(*FILES, strict=True)
    add(audformat, db, "files", audformat.filewise_index(list(files)), speaker=list(speakers))
    add(audformat, db, "labels", audformat.filewise_index(list(files)), emotion=[None, *emotions[1:]])
    db.save(str(folder))
    corpus = choose_corpus(str(folder))
    reading = corpus.read()
    assert isinstance(corpus, AudformatDatabase)
    assert {(clip.speaker, clip.gender) for clip in reading.clips} == set(SPEAKERS.items())
    assert {clip.emotion for clip in reading.clips} == {"angry", "happy"}
    assert {clip.language for clip in reading.clips} == {"de"}
    assert len(reading.clips) == len(FILES) - 1
    assert "1 row without an emotion, not read." in reading.notes
    assert corpus.licence == "CC0-1.0"


def test_segments_are_cut_out_and_take_the_speaker_of_their_file(audformat: Any, folder: Path) -> None:
    db = begin(audformat)
    files, speakers, emotions = zip(*FILES, strict=True)
    add(audformat, db, "files", audformat.filewise_index(list(files)), speaker=list(speakers))
    n = len(FILES)
    index = audformat.segmented_index([*files, *files], ["0s"] * n + ["2s"] * n, ["500ms"] * n + [pd.NaT] * n)
    add(audformat, db, "segments", index, emotion=[*emotions, *emotions])
    db.save(str(folder))
    reading = choose_corpus(None, data=folder).read()
    assert len(reading.clips) == 2 * n
    assert {clip.duration_seconds for clip in reading.clips} == {0.5, SECONDS - 2.0}
    assert {clip.speaker for clip in reading.clips} == set(SPEAKERS)


def test_a_database_without_speakers_or_emotions_is_refused(audformat: Any, folder: Path) -> None:
    db = begin(audformat)
    files, speakers, emotions = zip(*FILES, strict=True)
    add(audformat, db, "labels", audformat.filewise_index(list(files)), emotion=list(emotions))
    db.save(str(folder))
    with pytest.raises(
        CorpusError, match=r"needs its speaker, but none is known for 8 recordings of db .* column speaker to the database"
    ):
        AudformatDatabase(folder)
    assert not AudformatDatabase(folder, options=Options(speakers_unknown=True)).speakers_known
    db.drop_tables("labels")
    add(audformat, db, "files", audformat.filewise_index(list(files)), speaker=list(speakers))
    db.save(str(folder))
    with pytest.raises(CorpusError, match="must have a scheme or column emotion"):
        AudformatDatabase(folder)


def test_a_broken_header_is_refused_in_one_sentence(audformat: Any, folder: Path) -> None:
    (folder / HEADER).write_text("a: [")
    with pytest.raises(CorpusError, match="must be an audformat database that can be read, but: "):
        AudformatDatabase(folder)


def test_without_the_package_a_person_is_told_how_to_install_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "audformat", None)
    with pytest.raises(CorpusError, match=r"needs the package audformat, but it is not installed; .* pip install audformat"):
        choose_corpus(str(folder))
