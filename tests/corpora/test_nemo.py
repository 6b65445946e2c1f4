"""nEMO: the table beside the recordings adds the words, and one that cannot be read costs no more than them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.nemo import TABLE, Nemo
from tests.corpora.conftest import Write

HEADER = "file_id\temotion\tnormalized_text\n"


@pytest.mark.parametrize("place", ["", "samples"])
def test_words_are_those_of_the_table_beside_or_above(tmp_path: Path, write: Write, place: str) -> None:
    write("samples/EB0_anger_15.wav")
    write("samples/EB0_fear_15.wav")
    (tmp_path / place / TABLE).write_text(f'{HEADER}EB0_anger_15.wav\tanger\t"zły\nEB0_fear_15.wav\tfear\n', encoding="utf-8")
    reading = Nemo().read(tmp_path)
    assert reading.texts == {"EB0_anger_15": '"zły', "EB0_fear_15": "15"}
    assert not any(TABLE in note for note in reading.notes)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"{HEADER}EB0_anger_15.wav\tanger\tzły\n".encode("cp1250"), "can't decode byte"),
        (b"file\tnormalized_text\nEB0_anger_15.wav\tzly\n", "it has no column file_id"),
        (b"file_id\ttext\nEB0_anger_15.wav\tzly\n", "it has no column normalized_text"),
        (b"file_id\tnormalized_text\n" + b"x" * 200_000, "field larger than field limit"),
    ],
)
def test_a_table_that_cannot_be_read_is_said_and_the_recordings_are_read(
    tmp_path: Path, write: Write, content: bytes, reason: str
) -> None:
    write("EB0_anger_15.wav")
    (tmp_path / TABLE).write_bytes(content)
    reading = Nemo().read(tmp_path)
    assert [clip.name for clip in reading.clips] == ["EB0_anger_15"]
    assert any(note.startswith("data.tsv could not be read") and reason in note for note in reading.notes)


def test_so_is_a_folder_in_its_place(tmp_path: Path, write: Write) -> None:
    write("EB0_anger_15.wav")
    (tmp_path / TABLE).mkdir()
    assert any(note.startswith("data.tsv could not be read") and "directory" in note for note in Nemo().read(tmp_path).notes)
