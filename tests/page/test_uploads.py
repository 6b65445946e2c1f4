from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import BadRecordingError, RequestError
from page import uploads
from page.batch import batch
from page.engine import Engine
from page.uploads import BATCH_LIMITS, MAX_ENTRIES, find_sources, is_recording

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    soundfile.write(tmp_path / "sound.wav", 0.1 * np.sin(np.arange(SAMPLE_RATE_HZ) * 0.1), SAMPLE_RATE_HZ)
    return (tmp_path / "sound.wav").read_bytes()


def zipped(path: Path, members: list[tuple[str, bytes]], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in members:
            archive.writestr(name, content)
    return path


def problem(path: Path) -> str:
    ((source,), _) = find_sources([path])
    with pytest.raises(BadRecordingError) as caught, source.opened():
        pass
    return caught.value.rule


@pytest.mark.parametrize(
    "name",
    [
        "Thumbs.db",
        "a/EHTHUMBS.DB",
        "__MACOSX/._a.wav",
        ".Trashes/501/a.wav",
        "$RECYCLE.BIN/a.wav",
        "a\\desktop.ini",
        "Icon\r",
        ".",
        "",
    ],
)
def test_what_systems_leave_is_passed_over(name: str) -> None:
    assert not is_recording(name)


@pytest.mark.parametrize("name", ["a.wav", "../up.wav", "/etc/a.wav", "C:\\x\\a.wav", "a b/ü.ogg", "notes.txt", "🎤", "=1.wav"])
def test_any_other_name_is_a_persons(name: str) -> None:
    assert is_recording(name)


def test_two_members_of_one_name_are_two_recordings(tmp_path: Path, sound: bytes) -> None:
    (first, second), _ = find_sources([zipped(tmp_path / "a.zip", [("x.wav", sound), ("x.wav", b"other")])])
    with first.opened() as one, second.opened() as other:
        assert (one.read_bytes(), other.read_bytes()) == (sound, b"other")


def test_a_name_in_utf8_without_its_flag_is_read_as_macos_wrote_it(tmp_path: Path, sound: bytes) -> None:
    path = zipped(tmp_path / "a.zip", [("gr\u00fc\u00df.wav", sound)])
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(magic) + offset
        content[at : at + 2] = struct.pack("<H", 0)
    path.write_bytes(content)
    assert [source.name for source in find_sources([path])[0]] == ["gr\u00fc\u00df.wav"]


def test_a_zip_inside_a_zip_says_so(tmp_path: Path, sound: bytes) -> None:
    inner = zipped(tmp_path / "inner.zip", [("x.wav", sound)])
    assert "a zip inside a zip" in problem(zipped(tmp_path / "a.zip", [("inner.zip", inner.read_bytes())]))


def test_a_zip_with_a_huge_directory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + (b"PK\x01\x02" + bytes(42)) * (MAX_ENTRIES + 1))
    assert problem(tmp_path / "a.zip").startswith("must be a zip of at most 2000 files")


def test_zips_together_have_no_more_entries_than_one_may(tmp_path: Path, sound: bytes) -> None:
    folders = [(f"{k}/", b"") for k in range(MAX_ENTRIES // 2)]
    paths = [zipped(tmp_path / f"{k}.zip", [("x.wav", sound), *folders]) for k in range(2)]
    first, second = find_sources(paths)[0]
    assert (first.name, first.problem, second.name) == ("x.wav", "", "1.zip")
    assert second.problem.startswith("must be a zip of at most 2000 files with the zips before it")


def test_too_many_files_are_refused_before_any_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(RequestError, match="A batch takes 1 to 200 recordings, got 1000 files"):
        find_sources([tmp_path / "a.zip"] * 1000)


@pytest.mark.parametrize("comment", [b"", b"a comment"])
def test_the_entries_of_zips_inside_are_not_taken_for_those_of_the_zip(tmp_path: Path, comment: bytes) -> None:
    inner = zipped(tmp_path / "inner.zip", [(f"{k}.wav", b"") for k in range(MAX_ENTRIES + 1)]).read_bytes()
    path = zipped(tmp_path / "a.zip", [("inner.zip", inner)], method=zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = comment
    assert "a zip inside a zip" in problem(path)


def test_the_directory_of_a_zip_is_read_once(tmp_path: Path, sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = zipped(tmp_path / "a.zip", [("x.wav", sound), ("y.wav", sound)]), []

    class Counting(zipfile.ZipFile):
        def __init__(self, *args: object) -> None:
            opened.append(args)
            super().__init__(*args)

    monkeypatch.setattr(zipfile, "ZipFile", Counting)
    for source in find_sources([path])[0]:
        with source.opened() as member:
            assert member.read_bytes() == sound
    assert len(opened) == 1


def test_a_zip_that_does_not_open_says_so(tmp_path: Path, sound: bytes) -> None:
    path = zipped(tmp_path / "a.zip", [("x.wav", sound)])
    path.write_bytes(path.read_bytes()[:-30])
    assert problem(path).startswith("must be a zip that opens")


def test_a_rar_is_left_to_the_loader_which_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"Rar!\x1a\x07\x00" + bytes(100))
    ((source,), _) = find_sources([tmp_path / "a.zip"])
    assert (source.place, source.problem) == (None, "")


def test_a_zip_with_a_password_says_so(tmp_path: Path, sound: bytes) -> None:
    path = zipped(tmp_path / "a.zip", [("x.wav", sound)])
    content = bytearray(path.read_bytes())
    content[content.rfind(b"PK\x01\x02") + 8] |= 1  # the flag in its directory
    path.write_bytes(content)
    assert problem(path) == "must unpack without a password, but needs one; zip it again without."


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_of_any_compression_belongs_to_its_member(tmp_path: Path, sound: bytes, method: int) -> None:
    path = zipped(tmp_path / "a.zip", [("x.wav", sound)], method=method)
    content = bytearray(path.read_bytes())
    content[60:200] = bytes(140)
    path.write_bytes(content)
    assert problem(path).startswith("must unpack, but")


def test_too_many_minutes_are_refused_before_any_is_judged(tmp_path: Path, sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", [("x.wav", sound), ("y.wav", sound)])
    assert len(find_sources([path])[0]) == 2
    monkeypatch.setattr(uploads, "MAX_BATCH_SECONDS", 1.5)
    with pytest.raises(RequestError, match="minutes together"):
        find_sources([path])


def open_ended_flac(path: Path, sound: bytes) -> Path:
    """Write a FLAC whose header does not say how long it is, as a recorder does that cannot seek back."""
    samples, rate_hz = soundfile.read(io.BytesIO(sound))
    soundfile.write(path, samples, rate_hz)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return path


def test_a_length_that_no_header_states_counts_when_it_is_heard(
    tmp_path: Path, sound: bytes, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [open_ended_flac(tmp_path / f"{k}.flac", sound) for k in range(3)]
    monkeypatch.setattr(uploads, "MAX_BATCH_SECONDS", 1.5)
    monkeypatch.setattr("page.batch.MAX_BATCH_SECONDS", 1.5)
    rows = batch(engine, paths)
    assert [bool(row.predictions) for row in rows] == [True, True, False]
    assert "first 60 minutes of a batch, but those before it last longer" in rows[-1].problem


def test_a_list_of_files_makes_the_page_open_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    av = pytest.importorskip("av")
    open_file, allowed = av.open, []

    def open_and_note(*args: Any, **options: Any) -> Any:
        allowed.append(options.get("options", {}).get("protocol_whitelist"))
        return open_file(*args, **options)

    monkeypatch.setattr(av, "open", open_and_note)
    soundfile.write(tmp_path / "secret.wav", np.zeros(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    (tmp_path / "a.wav").write_bytes(b"ffconcat version 1.0\nfile secret.wav\n")
    ((source,), _) = find_sources([tmp_path / "a.wav"])
    assert source.seconds() == 0
    assert set(allowed) == {"none"}


def test_too_many_bytes_are_refused_before_any_is_unpacked(tmp_path: Path, sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UNPACKED_BYTES", len(sound))
    with pytest.raises(RequestError, match="must unpack to at most"):
        find_sources([zipped(tmp_path / "a.zip", [("x.wav", sound), ("y.wav", sound)])])


@pytest.mark.parametrize(
    "text", [BATCH_LIMITS, *((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/page.md"))]
)
def test_the_limits_are_stated(text: str) -> None:
    assert all(limit in text for limit in ("200 recordings", "100 MB", "5 minutes", "60 minutes", "2000 files", "1 GB"))
