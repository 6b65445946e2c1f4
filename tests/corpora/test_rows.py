"""How a table is written: its letters, its quotes and the size of its cells."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from corpora.rows import read_rows
from corpora.table import Table
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
