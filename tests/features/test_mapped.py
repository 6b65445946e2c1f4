"""Arrays on disk: large ones are mapped while the system lets a process open files, and read whole after that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from features.mapped import MAPPED_BYTES, ArrayReader, n_mappable
from runs.layout import PROJECT_ROOT


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.npy"
    np.save(path, np.arange(MAPPED_BYTES, dtype=np.uint8))
    return path


def test_large_arrays_are_mapped_and_small_ones_read_whole(large: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "small.npy", np.arange(3))
    reader = ArrayReader(most_mapped=10)
    assert isinstance(reader.read(large), np.memmap)
    assert not isinstance(reader.read(tmp_path / "small.npy"), np.memmap)


def test_with_enough_mapped_arrays_the_next_is_read_whole_until_one_is_let_go(large: Path) -> None:
    reader = ArrayReader(most_mapped=2)
    held = [reader.read(large) for _ in range(3)]
    assert [isinstance(array, np.memmap) for array in held] == [True, True, False]
    for array in held:
        np.testing.assert_array_equal(array, np.arange(MAPPED_BYTES, dtype=np.uint8))
    del held[0]
    assert isinstance(reader.read(large), np.memmap)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00v\x00{'descr'"])
def test_an_absent_file_or_one_that_was_cut_short_is_none(tmp_path: Path, content: bytes) -> None:
    reader, path = ArrayReader(most_mapped=1), tmp_path / "cut.npy"
    assert reader.read(path) is None
    path.write_bytes(content)
    assert reader.read(path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_process_that_may_open_few_files_holds_more_arrays_than_that(large: Path) -> None:
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
from pathlib import Path
from features.mapped import ArrayReader, n_mappable
reader = ArrayReader(n_mappable())
held = [reader.read(Path({str(large)!r})) for _ in range(300)]
print(reader.n_mapped, sum(array.sum() == held[0].sum() for array in held))
"""
    answer = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True).stdout
    assert answer.split() == ["50", "300"]


def test_some_arrays_can_always_be_mapped() -> None:
    assert n_mappable() > 0
