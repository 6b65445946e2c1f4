"""Whole commands that meet a fault: killed, no space, no right to write, damaged files, another command.

Each ends with one sentence, loses nothing, and the same command ends later as one that met no fault.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from benchmarks.faults import damages, differences, litter
from runs.layout import RunFolder
from runs.lock import only_writer
from tests.fixtures.whole_command import Search, search_and_die


@pytest.fixture
def folder(undisturbed: Path, tmp_path: Path) -> Path:
    """A finished run."""
    return Path(copytree(undisturbed, tmp_path / "run"))


class SmallDisk:
    """A file system in memory whose size and rights can be changed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.path)], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    path = tmp_path / "disk"
    path.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(path)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a file system needs root")
    yield SmallDisk(path)
    subprocess.run(["umount", str(path)], check=True)


def die(folder: Path, cache: Path, moment: str) -> None:
    process = multiprocessing.get_context("spawn").Process(target=search_and_die, args=(folder, cache, moment))
    process.start()
    process.join()
    assert process.exitcode == -9


def test_a_command_that_is_killed_again_and_again_ends_as_one_that_was_not(
    search_in: Search, undisturbed: Path, cache: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    for moment in ("linear-held_out-2", "leaderboard.csv", "report.html"):
        die(folder, cache, moment)
        assert damages(folder, cache) == []
        assert litter(folder) != []
    assert search_in(folder).code == 0
    assert damages(folder, cache) + differences(folder, undisturbed) + litter(folder) == []


@pytest.mark.parametrize("kilobytes", [8, 300])
def test_a_full_disk_is_one_sentence_and_with_space_the_same_command_continues(
    kilobytes: int, search_in: Search, undisturbed: Path, cache: Path, small_disk: SmallDisk
) -> None:
    folder = small_disk.path / "run"
    small_disk.remount(f"size={kilobytes}k")
    ended = search_in(folder)
    assert ended.is_one_sentence, ended.error
    assert "No space left on device" in ended.error
    assert damages(folder, cache) == []
    small_disk.remount("size=64m")
    assert search_in(folder).code == 0
    assert damages(folder, cache) + differences(folder, undisturbed) + litter(folder) == []


def test_a_full_cache_is_one_sentence_and_with_space_the_same_command_continues(
    search_in: Search, undisturbed: Path, small_disk: SmallDisk, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    small_disk.remount("size=64k")
    ended = search_in(folder, cache=small_disk.path)
    assert ended.is_one_sentence, ended.error
    assert "No space left on device" in ended.error
    small_disk.remount("size=64m")
    assert search_in(folder, cache=small_disk.path).code == 0
    assert damages(folder, small_disk.path) + differences(folder, undisturbed) + litter(folder) == []


def test_a_finished_run_outlives_a_full_disk(search_in: Search, undisturbed: Path, small_disk: SmallDisk, cache: Path) -> None:
    folder = Path(copytree(undisturbed, small_disk.path / "run"))
    (small_disk.path / "other").write_bytes(bytes(1))
    used = sum(path.stat().st_blocks for path in small_disk.path.rglob("*")) * 512
    small_disk.remount(f"size={used}")
    ended = search_in(folder, "--seed", "0", "--fresh")
    assert ended.is_one_sentence, ended.error
    assert damages(folder, cache) == []
    small_disk.remount("size=64m")
    assert search_in(folder).code == 0
    assert differences(folder, undisturbed) == []


@pytest.mark.parametrize("what", ["results", "cache"])
def test_a_folder_that_is_read_only_is_one_sentence(what: str, search_in: Search, small_disk: SmallDisk, tmp_path: Path) -> None:
    (small_disk.path / "run").mkdir()
    small_disk.remount("ro")
    ended = search_in(small_disk.path / "run") if what == "results" else search_in(tmp_path / "run", cache=small_disk.path)
    assert ended.is_one_sentence, ended.error
    assert "Read-only file system" in ended.error
    assert str(small_disk.path) in ended.error


@pytest.mark.parametrize("below", [(), ("below",)])
def test_a_file_in_the_place_of_the_folder_is_one_sentence(below: tuple[str, ...], search_in: Search, tmp_path: Path) -> None:
    file = tmp_path / "results.txt"
    file.write_text("mine")
    ended = search_in(file.joinpath(*below))
    assert ended.is_one_sentence, ended.error
    assert str(file) in ended.error
    assert file.read_text() == "mine"


def test_cache_files_that_were_cut_are_computed_again(search_in: Search, undisturbed: Path, cache: Path, tmp_path: Path) -> None:
    copy = Path(copytree(cache, tmp_path / "cache", ignore=ignore_patterns(".*")))
    for path in copy.rglob("*.npy"):
        os.truncate(path, path.stat().st_size // 2)
    assert search_in(tmp_path / "run", cache=copy).code == 0
    assert differences(tmp_path / "run", undisturbed) == []


def cut(journal: bytes) -> bytes:
    return journal[: len(journal) * 2 // 3]


def with_nuls(journal: bytes) -> bytes:
    return journal[:-40] + bytes(512)


def garbled_in_the_middle(journal: bytes) -> bytes:
    lines = journal.splitlines(keepends=True)
    lines[len(lines) // 2] = b"{garbled\xff\n"
    return b"".join(lines)


@pytest.mark.parametrize(
    ("damage", "fresh"), [(cut, ()), (with_nuls, ()), (garbled_in_the_middle, ()), (garbled_in_the_middle, ("--fresh",))]
)
def test_a_damaged_journal_continues_and_its_rest_is_kept(
    damage: Callable[[bytes], bytes], fresh: tuple[str, ...], search_in: Search, undisturbed: Path, folder: Path
) -> None:
    journal = RunFolder(folder).journal
    journal.write_bytes(damage(journal.read_bytes()))
    ended = search_in(folder, *fresh)
    assert ended.code == 0
    assert "study.log was damaged" in ended.error
    assert len(list(folder.glob("study.log.unreadable-*"))) == 1
    assert differences(folder, undisturbed) == []


CHAMPION_FILES = ("models/linear/card.json", "models/linear/golden.npz", "ood.npz", "report.html")


@pytest.mark.parametrize(
    ("names", "fresh"),
    [
        (("run.json",), ()),
        (("leaderboard.csv",), ()),
        (("predictions.csv", *CHAMPION_FILES), ()),
        (("run.json", "leaderboard.csv", *CHAMPION_FILES), ("--fresh",)),
    ],
)
def test_files_of_an_earlier_run_that_were_cut_stop_nothing(
    names: tuple[str, ...], fresh: tuple[str, ...], search_in: Search, undisturbed: Path, folder: Path
) -> None:
    for name in names:
        os.truncate(folder / name, (folder / name).stat().st_size // 2)
    assert search_in(folder, *fresh).code == 0
    assert damages(folder, folder) + differences(folder, undisturbed) == []


def test_a_second_command_names_the_first_and_changes_nothing(search_in: Search, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with only_writer(RunFolder(folder), command="python search/run.py --trials 50"):
        ended = search_in(folder)
    assert ended.is_one_sentence, ended.error
    assert f"process {os.getpid()} has done so since 20" in ended.error
    assert "python search/run.py --trials 50" in ended.error
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_what_a_dead_command_left_of_its_lock_is_taken_over(search_in: Search, folder: Path) -> None:
    lock = RunFolder(folder).lock
    lock.touch()
    lock.with_suffix(".holder").write_text(json.dumps({"pid": 1, "started": "2026-01-01", "command": "of long ago"}))
    assert search_in(folder).code == 0
    assert not lock.with_suffix(".holder").exists()
