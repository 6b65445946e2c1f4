"""One command writes to a run's folder at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from emotune.errors import RunError
from runs.layout import RunFolder
from runs.lock import only_writer


def _hold(path: Path) -> None:
    with only_writer(RunFolder(path), command="the first command"):
        (path.parent / "held").touch()
        time.sleep(60)


@pytest.fixture
def holder(tmp_path: Path) -> multiprocessing.Process:
    process = multiprocessing.get_context("spawn").Process(target=_hold, args=(tmp_path / "run",))
    process.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "held").exists():
        assert process.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    process.kill()
    process.join()


def test_a_second_command_is_refused_with_the_process_and_start_of_the_first(holder: multiprocessing.Process, tmp_path: Path) -> None:
    expected = rf"process {holder.pid} has done so since 20\d\d-.*the first command.*wait for it or give --out"
    with pytest.raises(RunError, match=expected), only_writer(RunFolder(tmp_path / "run")):
        pass


def test_the_lock_of_a_killed_process_is_taken_over(holder: multiprocessing.Process, tmp_path: Path) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with only_writer(RunFolder(tmp_path / "run")):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), only_writer(RunFolder(tmp_path / "run")):
            raise ZeroDivisionError
