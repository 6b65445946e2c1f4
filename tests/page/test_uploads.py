from __future__ import annotations

import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import BadRecordingError, RequestError
from page import uploads
from page.uploads import BATCH_LIMITS, find_sources, is_recording


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


def test_a_zip_that_does_not_open_says_so(tmp_path: Path, sound: bytes) -> None:
    path = zipped(tmp_path / "a.zip", [("x.wav", sound)])
    path.write_bytes(path.read_bytes()[:-30])
    assert problem(path).startswith("must be a zip that opens")


def test_a_rar_is_left_to_the_loader_which_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"Rar!\x1a\x07\x00" + bytes(100))
    ((source,), _) = find_sources([tmp_path / "a.zip"])
    assert (source.place, source.problem) == (None, "")


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


def test_too_many_bytes_are_refused_before_any_is_unpacked(tmp_path: Path, sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UNPACKED_BYTES", len(sound))
    with pytest.raises(RequestError, match="must unpack to at most"):
        find_sources([zipped(tmp_path / "a.zip", [("x.wav", sound), ("y.wav", sound)])])


def test_the_limits_are_stated() -> None:
    assert all(limit in BATCH_LIMITS for limit in ("200 recordings", "100 MB", "5 minutes", "60 minutes", "1 GB"))
