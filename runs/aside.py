"""Setting aside: what was made under other conditions is kept whole, under a dated name beside the run's folder."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from runs.layout import SET_ASIDE_MARK, RunFolder


def set_aside(run: RunFolder, *, keep: bool = False) -> Path:
    """Move a run's folder to a dated name, and return where it lies now.

    Parameters
    ----------
    run : RunFolder
        The folder.
    keep : bool
        Copy instead of move: part of the run is still valid and goes on here.
    """
    target = _free_name(run.path)
    if keep:
        shutil.copytree(run.path, target)
    else:
        os.replace(run.path, target)
    return target


def _free_name(folder: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    names = (f"{folder.name}{SET_ASIDE_MARK}{stamp}{suffix}" for suffix in ("", *(f"-{k}" for k in range(2, 1000))))
    return next(path for name in names if not (path := folder.with_name(name)).exists())
