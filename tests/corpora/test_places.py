"""What lies in a folder: links are followed and cannot lead in circles, and what cannot be looked into is said."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from corpora.choose import choose_corpus
from corpora.emodb import EmoDB
from corpora.folders import EmotionFolders
from corpora.measures import files_not_read
from corpora.places import as_stored, content_of, expanded, inside, list_recordings, readable, what_lies_in
from corpora.table import Table
from emotune.errors import CorpusError
from tests.corpora.conftest import Write

Close = Callable[[Path], None]


@pytest.fixture
def close(monkeypatch: pytest.MonkeyPatch) -> Close:
    """Let a folder be one that this person may not look into; permissions do not stop whoever tests as root."""

    def forbid(folder: Path) -> None:
        honest = os.scandir

        def scandir(path: Any = ".") -> Any:
            if os.fspath(path) == str(folder):
                raise PermissionError(13, "Permission denied", str(folder))
            return honest(path)

        monkeypatch.setattr(os, "scandir", scandir)
        monkeypatch.setattr(Path, "iterdir", lambda self: (self / entry.name for entry in scandir(self)))

    return forbid


def names(folder: Path) -> list[str]:
    return [inside(path, folder) for path in list_recordings(folder)]


def test_links_to_folders_are_followed(tmp_path: Path, write: Write) -> None:
    write("own/angry/anna/1.wav")
    write("own/sad/anna/1.wav")
    write("elsewhere/bert/1.wav")
    (tmp_path / "own" / "angry" / "bert").symlink_to(tmp_path / "elsewhere" / "bert")
    assert names(tmp_path / "own") == ["angry/anna/1.wav", "angry/bert/1.wav", "sad/anna/1.wav"]
    assert set(EmotionFolders(tmp_path / "own").speakers) == {"anna", "bert"}


def test_a_corpus_is_found_behind_a_link(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("disk/Actor_01/03-01-05-01-02-01-01.wav")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ravdess").symlink_to(tmp_path / "disk")
    assert choose_corpus(data=tmp_path / "data").key == "ravdess"
    monkeypatch.delenv("EMOTUNE_DATA", raising=False)
    monkeypatch.setattr("corpora.places.DATA_FOLDER", tmp_path / "data")
    assert len(choose_corpus().read().clips) == 1


def test_links_that_lead_in_circles_or_upwards_are_read_once(tmp_path: Path, write: Write) -> None:
    write("own/b/1.wav")
    write("private/2.wav")
    for link, target in {"own/a": "own/b", "own/b/again": "own/b", "own/b/top": "own", "own/up": ".", "own/c": "own/b"}.items():
        (tmp_path / link).symlink_to(tmp_path / target)
    assert names(tmp_path / "own") == ["b/1.wav"]


def test_a_folder_that_cannot_be_looked_into_is_named_and_the_others_are_read(tmp_path: Path, write: Write, close: Close) -> None:
    for relative in ("angry/anna/1.wav", "angry/bert/1.wav", "sad/anna/1.wav", "sad/anna/03a01Fa.wav"):
        write(relative)
    close(tmp_path / "angry" / "bert")
    said = "1 folder that cannot be looked into, not read: angry/bert."
    assert said in EmotionFolders(tmp_path).read().notes
    assert said in EmoDB().read(tmp_path).notes
    assert [inside(path, tmp_path) for path in content_of(tmp_path).unreadable] == ["angry/bert"]


def test_where_nothing_else_lies_a_closed_folder_is_named(tmp_path: Path, close: Close) -> None:
    (tmp_path / "closed").mkdir()
    close(tmp_path / "closed")
    assert what_lies_in(tmp_path) == "no recording lies there (1 folder that cannot be looked into, not read: closed)"


@pytest.mark.parametrize("argument", ["data", "name_or_path"])
def test_a_closed_folder_that_a_person_named_is_refused_with_the_reason(
    tmp_path: Path, write: Write, close: Close, argument: str
) -> None:
    write("own/angry/1.wav")
    close(tmp_path / "own")
    given: Any = {argument: tmp_path / "own" if argument == "data" else str(tmp_path / "own")}
    with pytest.raises(CorpusError, match=r"looked .*Permission denied"):
        choose_corpus(**given)


@pytest.mark.parametrize("given", [{"name_or_path": "~nosuch/labels.csv"}, {"data": Path("~nosuch/x")}, {"name_or_path": "x" * 300}])
def test_a_path_that_no_system_can_look_at_is_refused_in_one_sentence(given: dict[str, Any]) -> None:
    with pytest.raises(CorpusError, match=r"~nosuch|xxx"):
        choose_corpus(**given)


def test_a_tilde_before_nobodys_name_is_a_tilde() -> None:
    assert expanded("~nosuch/a.wav") == Path("~nosuch/a.wav")
    assert expanded("~") == Path.home()


def test_a_row_about_what_cannot_be_looked_at_is_a_bad_row(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["~rec1.wav", "x" * 300 + ".wav", "closed/1.wav", "a\\closed.wav"]
    write("a.wav")
    write("~rec1.wav")
    (tmp_path / "mine.csv").write_text("path,emotion,speaker\na.wav,sad,1\n" + "".join(f"{row},sad,1\n" for row in rows))
    honest = Path.is_file

    def is_file(self: Path) -> bool:
        if "closed" in self.as_posix():
            raise PermissionError(13, "Permission denied")
        return honest(self)

    monkeypatch.setattr(Path, "is_file", is_file)
    corpus = Table(tmp_path / "mine.csv")
    assert {one.name for one in corpus.recordings} == {"a", "~rec1"}
    assert [reason.rpartition(": ")[2] for _, reason in corpus.skipped] == ["File name too long"] + 2 * ["Permission denied"]


def test_a_corpus_of_named_files_takes_folders_that_are_not_utf_8(tmp_path: Path, write: Write) -> None:
    write("03a01Fa.wav")
    other = write("03a01Nc.wav")
    folder = os.path.join(os.fsencode(tmp_path), b"st\xfcck")
    os.makedirs(folder)
    for name in (b"03a01\xfc.wav", b"\xfc.wav", b"\xfc.txt"):
        shutil.copy(other, os.path.join(folder, name))
    shutil.move(other, os.path.join(os.fsdecode(folder), "03a01Nc.wav"))
    reading = EmoDB().read(tmp_path)
    assert [clip.name for clip in reading.clips] == ["03a01Fa", "03a01Nc"]
    said = "\n".join((*reading.notes, *files_not_read(tmp_path, read=[])))
    assert "stück/03a01ü.wav" in said
    assert "stück/ü.wav" in said
    assert "The paths of 1 recording are not UTF-8 and were taken for Windows-1252: 03a01Nc" in said
    said.encode()


def test_text_of_a_path_can_be_written_whatever_its_bytes() -> None:
    assert readable(os.fsdecode(b"w\xfctend/gr\xc3\xbc\xc3\x9fe\x81")) == "wütend/grüße\N{REPLACEMENT CHARACTER}"
    assert readable(Path("plain/ä.wav")) == "plain/ä.wav"


@pytest.mark.parametrize(("stored", "named"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_that_another_system_stores_otherwise_lead_to_the_file(
    tmp_path: Path, write: Write, stored: Literal["NFC", "NFD"], named: Literal["NFC", "NFD"]
) -> None:
    name = "Größé/é00/ü"
    path = write(unicodedata.normalize(stored, f"{name}.wav"))
    mixed = f"{unicodedata.normalize(stored, 'Größé')}/{unicodedata.normalize(named, 'é00')}/{unicodedata.normalize(stored, 'ü')}"
    rows = [f"{row}.wav,{emotion},1" for row, emotion in ((unicodedata.normalize(named, name), "sad"), (mixed, "sad"))]
    (tmp_path / "mine.csv").write_text("\n".join(["path,emotion,speaker", *rows]), encoding="utf-8")
    assert [one.path for one in Table(tmp_path / "mine.csv").recordings] == [path]


def test_accents_are_as_stored_where_both_forms_are_there(tmp_path: Path, write: Write) -> None:
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    write(f"{composed}/a.wav")
    write(f"{decomposed}/b.wav")
    assert as_stored(tmp_path / composed / "b.wav") == tmp_path / decomposed / "b.wav"
    assert as_stored(tmp_path / composed / "gone.wav") == tmp_path / composed / "gone.wav"


def test_a_row_about_a_folder_says_so(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    (tmp_path / "deep").mkdir()
    (tmp_path / "mine.csv").write_text("path,emotion,speaker\na.wav,sad,1\ndeep,sad,1\n")
    reason = f"mine.csv, line 3: {tmp_path / 'deep'} is a folder; name a file in it"
    assert Table(tmp_path / "mine.csv").skipped == (("deep", reason),)
