"""Who speaks in a batch: tables, folders, and neither."""

from __future__ import annotations

import pytest

from emotune.errors import BadRecordingError
from page.batch_speakers import MOST_TABLE_BYTES, read_speakers, speaker_of, speakers_in_folders


@pytest.mark.parametrize(
    "text",
    [
        "file,speaker\na/1.wav,anna\n2.wav,ben\n3.wav,\n",
        "\ufeffemotion;Path; Speaker\r\nsad;a\\1.wav;anna\r\nsad;./2.wav;ben\r\n",
        "speaker\tfile\nanna\ta/1.wav\nben\t2.wav\n",
    ],
)
def test_a_table_says_who_speaks_whatever_separates_its_columns(text: str) -> None:
    assert read_speakers(text.encode(), name="who.csv") == {"a/1.wav": "anna", "2.wav": "ben"}


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"speaker\nx\n", b"\xff\xfe\x00", b"x" * (MOST_TABLE_BYTES + 1)])
def test_a_table_that_does_not_say_it_is_refused(content: bytes) -> None:
    with pytest.raises(BadRecordingError, match=r"^who\.csv: a table must "):
        read_speakers(content, name="who.csv")


def test_a_line_that_ends_early_names_nobody() -> None:
    assert read_speakers(b"file,speaker\n1.wav\n2.wav,ben\n", name="who.csv") == {"2.wav": "ben"}


def test_folders_are_speakers_where_a_zip_has_several() -> None:
    assert speakers_in_folders(["x/anna/1.wav", "x/ben/1.wav", "top.wav"]) == {"x/anna/1.wav": "x/anna", "x/ben/1.wav": "x/ben"}
    assert speakers_in_folders(["all/1.wav", "all/2.wav", "top.wav"]) == {}
    assert speakers_in_folders(["1.wav"]) == {}


def test_a_name_without_its_folders_is_enough_where_one_speaker_has_it() -> None:
    table = {"a/1.wav": "anna", "b/1.wav": "ben", "b/2.wav": "ben"}
    assert speaker_of("a/1.wav", table) == "anna"
    assert speaker_of("2.wav", table) == "ben"
    assert speaker_of("1.wav", table) == ""
    assert speaker_of("3.wav", table) == ""
