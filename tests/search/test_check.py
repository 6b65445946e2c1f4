"""``--check`` and ``--list-corpora``: what recordings are like and whether a run would go, without a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corpora.labels import to_emotion
from evaluation.objective import Objective
from models import FAMILIES
from runs.layout import SHIPPED
from search.cli import main
from search.options import OBJECTIVES
from tests.corpora.conftest import Write, write

__all__ = ["write"]

SPEAKERS = ("anna", "ben", "cleo", "dan")


@pytest.fixture
def own(tmp_path: Path, write: Write) -> Path:
    """Return a folder with two emotions of four speakers, three clips each."""
    for emotion in ("wut", "freude"):
        for speaker in SPEAKERS:
            for k in range(3):
                write(f"own/{emotion}/{speaker}/{k}.wav")
    return tmp_path / "own"


def check(place: Path, *more: str, out: Path) -> tuple[int, str]:
    """Return the exit code and the page."""
    code = main(["--check", str(place), "--out", str(out), *more])
    return code, (out / "check.html").read_text(encoding="utf-8")


def test_a_folder_that_a_run_takes_is_described_on_the_screen_and_as_a_page(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, page = check(own, out=tmp_path / "out")
    screen = capsys.readouterr().out
    assert code == 0
    for text in (screen, page):
        assert "A run would go, with 4 folds (leave-one-speaker-out)." in text
        assert "freude → happy, wut → angry" in text
        assert "PCM_16" in text
        assert all(speaker in text for speaker in SPEAKERS)
        assert all(to_emotion(word) in text for word in ("wut", "freude"))
    assert f"Written to {(tmp_path / 'out' / 'check.html').resolve()}" in screen


def test_the_page_goes_into_the_current_folder_or_to_the_file_that_is_named(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check", str(own)]) == 0
    assert main(["--check", "--corpus", str(own), "--out", "named.html"]) == 0
    assert (tmp_path / "check.html").read_text() == (tmp_path / "named.html").read_text()


@pytest.mark.parametrize("out", [SHIPPED / "emodb", Path("notes.txt"), Path("notes.txt") / "page.html", Path("folder.html")])
def test_a_page_that_may_not_be_written_is_refused_before_recordings_are_read(
    out: Path, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "folder.html").mkdir()
    assert main(["--check", str(own), "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert "--out must" in said.err
    assert "anna" not in said.out
    assert (tmp_path / "notes.txt").read_text() == "words"


def test_bad_files_and_files_that_are_not_read_are_named(own: Path, tmp_path: Path) -> None:
    for speaker in SPEAKERS:
        for k in range(3, 10):
            (own / "wut" / speaker / f"{k}.wav").write_bytes((own / "wut" / speaker / "0.wav").read_bytes()[:20000] + bytes([k] * 9))
    (own / "wut" / "anna" / "broken.wav").write_text("not sound")
    (own / "beside.wav").write_bytes((own / "wut" / "anna" / "0.wav").read_bytes())
    (own / "notes.txt").write_text("words")
    code, page = check(own, out=tmp_path / "out")
    assert code == 0
    assert "wut/anna/broken" in page
    assert "beside.wav" in page
    assert page.count("1 .txt") == 1


def test_too_many_bad_files_are_refused_as_a_run_does_and_the_others_are_described(own: Path, tmp_path: Path) -> None:
    for speaker in SPEAKERS:
        (own / "wut" / speaker / "broken.wav").write_text("not sound")
    code, page = check(own, out=tmp_path / "out")
    assert code == 2
    assert "A run would be refused: At most 5% of a corpus&#x27;s files may be bad, but 4 of the 28 of own-own are" in page
    assert "wut/dan/broken" in page
    assert "cleo" in page


def test_recordings_without_speakers_are_refused_and_described(own: Path, tmp_path: Path) -> None:
    rows = [f"{path.relative_to(own).as_posix()},{path.parts[-3]}" for path in sorted(own.rglob("*.wav"))]
    table = own / "table.csv"
    table.write_text("\n".join(["path,emotion", *rows]))
    code, page = check(table, out=tmp_path / "out")
    assert code == 2
    assert "A run would be refused: Every recording needs its speaker" in page
    assert "2 (happy, angry)" in page
    assert re.search(r"speakers</td><td[^>]*>unknown</td>", page)
    assert "Everything in the folder was read" not in page
    code, page = check(table, "--speakers-unknown", out=tmp_path / "out")
    assert code == 0
    assert "no figure is for unseen speakers" in page


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere/at-all", "there is no nowhere/at-all"),
        ("~nosuch/at-all", "there is no ~nosuch/at-all"),
        ("x" * 300, "File name too long"),
        ("ravdes", "There is no corpus &#x27;ravdes&#x27;"),
    ],
)
def test_what_is_not_there_is_refused_in_one_sentence(name: str, sentence: str, tmp_path: Path) -> None:
    code, page = check(Path(name), out=tmp_path / "out")
    assert code == 2
    assert sentence in page


def test_two_things_to_check_are_refused(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(own), "--corpus", "ravdess"]) == 2
    assert "must be told once what to check" in capsys.readouterr().err


def test_recordings_of_one_emotion_are_refused(own: Path, tmp_path: Path) -> None:
    code, page = check(own, "--map", "wut=sad,freude=sad", out=tmp_path / "out")
    assert code == 2
    assert "must have two emotions or more to be told apart, got sad" in page


def test_too_few_speakers_are_refused_by_the_protocol(own: Path, tmp_path: Path, write: Write) -> None:
    for emotion in ("angry", "happy"):
        for k in range(10):
            write(f"few/{emotion}/anna/{k}.wav")
            write(f"few/{emotion}/ben/{k}.wav")
    code, page = check(tmp_path / "few", out=tmp_path / "out")
    assert code == 2
    assert "needs at least 4 folds with a speaker each, got 2" in page
    assert "2 speakers: the protocol needs 4 or more" in page


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        ({"anna": "angry", "ben": "happy", "cleo": "sad", "dan": "calm"}, "needs clips of the emotions that it is tested on"),
        (dict.fromkeys(("anna", "cleo", "eve"), "angry") | dict.fromkeys(("ben", "dan", "flo"), "sad"), "two emotions to tell apart"),
    ],
)
def test_recordings_by_which_no_trial_can_be_scored_are_refused_before_any_and_described(
    tmp_path: Path, write: Write, shown: dict[str, str], sentence: str
) -> None:
    for speaker, emotion in shown.items():
        for k in range(3):
            write(f"few/{emotion}/{speaker}/{k}.wav")
    code, page = check(tmp_path / "few", out=tmp_path / "out")
    assert code == 2
    assert "A run would be refused" in page
    assert sentence in page
    assert f"{3 * len(shown)}</td>" in page
    assert main(["--corpus", str(tmp_path / "few"), "--families", "linear", "--trials", "1", "--out", str(tmp_path / "run")]) == 2
    assert not (tmp_path / "run" / "study.log").exists()


def test_a_folder_that_names_no_emotions_is_refused_and_what_lies_there_is_described(tmp_path: Path, write: Write) -> None:
    write("flat/one.wav")
    write("flat/two.wav")
    code, page = check(tmp_path / "flat", out=tmp_path / "out")
    assert code == 2
    assert "must have one subfolder an emotion" in page
    assert "0 min 1 s" in page


def test_several_corpora_are_checked_together(own: Path, tmp_path: Path) -> None:
    code, page = check(Path(f"synthetic+{own}"), "--emotions", "common", out=tmp_path / "out")
    assert code == 0
    assert "own-own/anna" in page
    assert "2 (happy, angry)" in page


def test_what_several_corpora_leave_unread_is_named_and_their_own_files_are_not(own: Path, tmp_path: Path, write: Write) -> None:
    for name in ("03a01Fa", "03-01-05-01-02-01-01", "mine/1"):
        write(f"data/{name}.wav")
    own.rename(tmp_path / "data" / "own")
    request = Path(f"ravdess+emodb+{tmp_path / 'data' / 'own'}")
    _, page = check(request, "--data", str(tmp_path / "data"), out=tmp_path / "out")
    assert "Recordings in the folder that were not read: 1 (mine/1.wav)." in page


def test_the_list_of_corpora_needs_no_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-corpora"]) == 0
    assert "emodb" in capsys.readouterr().out


def test_the_families_are_listed_and_the_objectives_are_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-families"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FAMILIES)
    assert set(OBJECTIVES) == {one.value for one in Objective}
    assert OBJECTIVES[0] == Objective.EVERYDAY
