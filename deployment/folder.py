"""Items as files: a folder that runs by itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from deployment.contents import MANIFEST, Item
from emotune.errors import DeployError


def write_folder(items: Iterable[Item], folder: Path) -> Path:
    """Write items into a folder, whole or not at all, and return it.

    Parameters
    ----------
    items : iterable of Item
        What it is to hold.
    folder : Path
        Made; replaced if an earlier call made it.

    Raises
    ------
    DeployError
        If there is something of another origin.
    """
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise DeployError(f"{folder} must be new, empty or made by deploy.py, and holds other things; name another with --out.")
    temporary, retired = (folder.with_name(f".{folder.name}.{end}") for end in ("part", "old"))
    for leftover in (temporary, retired):
        shutil.rmtree(leftover, ignore_errors=True)
    for item in items:
        path = temporary / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(item.content)
    if folder.exists():
        os.replace(folder, retired)
    os.replace(temporary, folder)
    shutil.rmtree(retired, ignore_errors=True)
    return folder
