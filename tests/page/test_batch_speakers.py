"""Who speaks in a batch: tables, folders, and neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotune.errors import BadRecordingError
from page.batch_speakers import MOST_TABLE_BYTES, read_speakers, speaker_of, speakers_in_folders


def read(folder: Path, content: bytes) -> dict[str, str]:
    (folder / "recording").write_bytes(content)
    return read_speakers(folder / "recording", name="who.csv")


@pytest.mark.parametrize(
    "text",
    [
        "file,speaker\na/1.wav,anna\n2.wav,ben\n3.wav,\n",
        "\ufeffemotion;Path; Speaker\r\nsad;a\\1.wav;anna\r\nsad;./2.wav;ben\r\n",
        "speaker\tfile\nanna\ta/1.wav\nben\t2.wav\n",
        "file,speaker\na/1.wav,anna\na/1.wav,Anna\n2.wav,ben\n",
        'file,speaker\na/1.wav,anna\n"2.wav",ben\n',
    ],
)
def test_a_table_says_who_speaks_whatever_separates_its_columns(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text.encode()) == {"a/1.wav": "anna", "2.wav": "ben"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a row for each recording, got no row"),
        (b"file,speaker\n", "a row for each recording, got no row"),
        (b"a,b\n1,2\n", "the columns file and speaker, got a, b; add them"),
        (b"speaker\nx\n", "the columns file and speaker, got speaker; add them"),
        (b"\xff\xfe\x00", "UTF-8 text, but byte 0 is not"),
        (b"x" * (MOST_TABLE_BYTES + 1), "at most"),
        (b"file,speaker\n1.wav,anna\n2.wav,ben\n1.wav,ben\n", "one speaker for each file, got anna and ben for 1.wav; keep one"),
        (b'file,speaker\n"1.wav,anna\n2.wav,ben\n3.wav\n', "close every quote that it opens, but line 2 does not"),
        (b'file,speaker\n"1.wav,anna\n2.wav,ben\n', 'close every quote that it opens, but "1.wav holds one alone; remove it'),
        (b"file,speaker\n1.wav,\n2.wav,\n", "a file and its speaker in a row, but none of 2 does; fill both"),
        (b"file,speaker\n1.wav,unknown\n2.wav,nan\n", "a file and its speaker in a row, but none of 2 does; fill both"),
        (b"file;speaker\n1.wav,anna\n2.wav,ben\n", "a file and its speaker in a row, but none of 2 does; fill both"),
        (b"file,speaker\n1.wav,anna,x\n", "a cell for each column, but line 2 has 3 cells for 2 columns"),
    ],
)
def test_a_table_that_does_not_say_it_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadRecordingError, match=r"^who\.csv: a table must ") as refused:
        read(tmp_path, content)
    assert said in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_a_line_that_ends_early_names_nobody_and_neither_do_words_for_that(tmp_path: Path) -> None:
    content = b"file,speaker\n1.wav\n2.wav,ben\n3.wav,Unknown\n4.wav,nan\n5.wav,?\n"
    assert read(tmp_path, content) == {"2.wav": "ben"}


def test_folders_are_speakers_where_a_zip_has_several() -> None:
    assert speakers_in_folders(["x/anna/1.wav", "x/ben/1.wav", "top.wav"]) == {"x/anna/1.wav": "x/anna", "x/ben/1.wav": "x/ben"}
    assert speakers_in_folders(["all/1.wav", "all/2.wav", "top.wav"]) == {}
    assert speakers_in_folders(["1.wav"]) == {}


@pytest.mark.parametrize(
    ("names", "speakers"),
    [
        (["angry/anna/1.wav", "sad/anna/1.wav", "sad/ben/1.wav"], ["anna", "anna", "ben"]),
        (["anna/angry/1.wav", "anna/sad/1.wav", "ben/sad/1.wav"], ["anna", "anna", "ben"]),
        (["all/angry/anna/1.wav", "all/sad/ben/1.wav"], ["all/anna", "all/ben"]),
        (["train/angry/anna/1.wav", "test/sad/ben/1.wav", "test/angry/anna/2.wav"], ["anna", "ben", "anna"]),
        (["angry/anna/1.wav", "angry/ben/1.wav"], ["anna", "ben"]),
        (["joy/1.wav", "ben/1.wav"], ["joy", "ben"]),
        (["anna/1.wav", "ben/1.wav", "unknown/1.wav", "nan/1.wav"], ["anna", "ben", "", ""]),
        (["angry/1.wav", "sad/1.wav"], ["", ""]),
        (["angry/anna/1.wav", "sad/anna/1.wav"], ["", ""]),
        (["train/1.wav", "test/1.wav"], ["", ""]),
    ],
)
def test_folders_of_emotions_or_parts_are_no_voices(names: list[str], speakers: list[str]) -> None:
    found = speakers_in_folders(names)
    assert [found.get(name, "") for name in names] == speakers


def test_a_name_without_its_folders_is_enough_where_one_speaker_has_it() -> None:
    table = {"a/1.wav": "anna", "b/1.wav": "ben", "b/2.wav": "ben"}
    assert speaker_of("a/1.wav", table) == "anna"
    assert speaker_of("2.wav", table) == "ben"
    assert speaker_of("1.wav", table) == ""
    assert speaker_of("3.wav", table) == ""
