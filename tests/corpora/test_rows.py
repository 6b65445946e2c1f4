"""How a table is written: its letters, its quotes and the size of its cells."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from corpora.choose import choose_corpus
from corpora.rows import read_rows
from corpora.table import Table
from emotune.errors import CorpusError
from tests.corpora.conftest import Write

MOST = csv.field_size_limit()


@pytest.mark.parametrize("opens", ["", '"'])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_a_cell_may_be_of_any_size(tmp_path: Path, write: Write, opens: str, separator: str) -> None:
    said = "word " * MOST
    rows = [
        ["path", "emotion", "speaker", "text"],
        [write("a.wav").name, "sad", "1", opens + said + opens],
        ["b.wav", "sad", "2", ""],
    ]
    (tmp_path / "mine.csv").write_text("\n".join(separator.join(row) for row in rows))
    assert [one.text for one in Table(tmp_path / "mine.csv").recordings] == [said.strip()]
    assert csv.field_size_limit() == MOST


@pytest.mark.parametrize("blanks", [" ", "   "])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_blanks_before_quotes_belong_to_nothing(tmp_path: Path, write: Write, blanks: str, separator: str) -> None:
    join = f"{separator}{blanks}".join
    rows = [["path", '"emotion"', '"speaker"', '"text"'], [write("a.wav").name, '"angry"', '"01"', f'"Ja{separator} gut"']]
    (tmp_path / "mine.csv").write_text("\n".join(map(join, rows)))
    (one,) = Table(tmp_path / "mine.csv").recordings
    assert (one.emotion, one.speaker, one.text) == ("angry", "01", f"Ja{separator} gut")


def test_blanks_that_separate_cells_leave_none_out(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("sep= \npath emotion speaker\na.wav  1\n")
    assert [dict(cells) for _, cells in read_rows(tmp_path / "mine.csv").cells] == [{"path": "a.wav", "emotion": "", "speaker": "1"}]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_refused_in_words_that_can_be_read(tmp_path: Path, write: Write, encoding: str) -> None:
    for relative in ("angry/anna/1.wav", "sad/anna/1.wav"):
        write(relative)
    path = tmp_path / "labels.csv"
    path.write_bytes("path,emotion,speaker\nangry/anna/1.wav,angry,anna\n".encode(encoding))
    with pytest.raises(
        CorpusError, match="must be UTF-8 text, but has 49 NUL characters, as UTF-16 has; save it as UTF-8"
    ) as refused:
        Table(path)
    assert str(refused.value).isprintable()
    with pytest.raises(CorpusError, match=r"labels\.csv must be UTF-8 text"):
        choose_corpus(data=tmp_path)
