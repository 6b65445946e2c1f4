"""Files and folders are written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emotune.files import (
    remove,
    remove_litter,
    sha256_of_file,
    short_hash,
    try_writing,
    whole_file,
    whole_folder,
    write_bytes,
    write_json,
    write_text,
)


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_a_file_appears_when_the_writer_has_finished(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "table.csv"
    with whole_file(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert (temporary.parent, temporary.suffix) == (path.parent, ".csv")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_writer_that_raises_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail() -> None:
        with whole_file(path) as temporary:
            temporary.write_text("half of the n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002], indirect=True, ids=oct)
def test_a_file_has_the_permissions_that_the_umask_gives(umask: int, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    write_text(path, "x")
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("umask", [0o027], indirect=True, ids=oct)
def test_threads_can_write_the_same_file_and_none_changes_the_umask(umask: int, tmp_path: Path) -> None:
    path, contents = tmp_path / "data.bin", [bytes([k]) * 50_000 for k in range(16)]
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(write_bytes, path, content) for content in contents * 20]:
            future.result()
    assert os.umask(umask) == umask
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for name in ("old", "new"):
        with whole_folder(folder) as temporary:
            assert list(temporary.iterdir()) == []
            (temporary / name).write_text(name)
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_writer_that_raises_leaves_the_old_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "old").write_text("old")

    def fail() -> None:
        with whole_folder(folder) as temporary:
            (temporary / "new").write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]


def test_trying_to_write_leaves_everything_as_it_is_and_tells_what_writing_would(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("content")
    for name in ("kept", "new"):
        try_writing(tmp_path / name)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["content"]
    with pytest.raises(OSError, match="Not a directory"):
        try_writing(tmp_path / "kept" / "file")


def test_json_is_written_as_it_is_read(tmp_path: Path) -> None:
    content = {"emotion": "überrascht", "scores": [0.5, None]}
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == content
    assert "überrascht" in text
    assert text.endswith("\n")


def test_files_folders_links_and_what_is_not_there_can_be_removed(tmp_path: Path) -> None:
    kept, link, folder = tmp_path / "kept", tmp_path / "link", tmp_path / "folder"
    for path in (kept, folder):
        path.mkdir()
        (path / "file").touch()
    link.symlink_to(kept)
    for path in (link, folder, kept / "file", tmp_path / "absent"):
        remove(path)
    assert list(tmp_path.iterdir()) == [kept]
    assert list(kept.iterdir()) == []


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = {".DS_Store", ".gitignore", ".hidden", "study.log", "linear"}
    for name in kept:
        (tmp_path / name).touch()
    writers = [whole_file(tmp_path / name) for name in ("run.json", "note", "study.log.unreadable-2026-01-01T000000Z")]
    folders = [whole_folder(tmp_path / "models")]
    for writer in (*writers, *folders):
        writer.__enter__()
    assert len(list(tmp_path.iterdir())) == len(kept) + 4
    remove_litter(tmp_path)
    remove_litter(tmp_path / "absent")
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_the_hash_of_a_file_is_that_of_its_content(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"content")
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(b"content").hexdigest()


def test_a_short_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert short_hash({"a": 1, "b": 2}) == short_hash({"b": 2, "a": 1}) != short_hash({"a": 2, "b": 1})
    assert len(short_hash([])) == 16
