"""The lock of a run's folder: one command writes at a time; the lock ends with the process that holds it, however it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from filelock import FileLock, Timeout

from emotune.errors import RunError
from runs.layout import RunFolder


@contextmanager
def only_writer(run: RunFolder, *, command: str = "", wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock of a run's folder.

    Parameters
    ----------
    run : RunFolder
        The folder; it need not exist yet.
    command : str
        What the holder does, for the message that another command gets.
    wait_seconds : float
        How long to wait for another holder.

    Raises
    ------
    RunError
        If another process holds it; the message names that process and when it started.
    """
    run.lock.parent.mkdir(parents=True, exist_ok=True)
    holder = run.lock.with_suffix(".holder")
    lock = FileLock(run.lock)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise RunError(
            f"Only one command may write to {run.path} at a time, but {_describe(holder)}; wait for it or give --out."
        ) from None
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "started": now, "command": command}), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: os.PathLike[str]) -> str:
    try:
        with open(holder, encoding="utf-8") as file:
            found = json.load(file)
        return f"process {found['pid']} has done so since {found['started']} ({found['command'] or 'no command recorded'})"
    except (OSError, ValueError, KeyError):
        return "another process does"
