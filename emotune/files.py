"""Files and folders that are written whole or not at all, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT_ROOT = Path(__file__).resolve().parents[1]
LITTER = re.compile(r"\..+\.(?:[0-9a-f]{16}(?:\.[^.]+)?|whole-\w{8})")
"""Names of temporary files and folders."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what was written there takes its place if no error was raised.

    The temporary name is unique, so that processes and threads may write the same file; it keeps the suffix.

    Parameters
    ----------
    path : Path
        The file to write; its folder is made if needed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _made_beside(path)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def try_writing(path: Path) -> None:
    """Raise the error with which :func:`whole_file` could not begin, if there is one; `path` stays as it is.

    Parameters
    ----------
    path : Path
        A file that is to be written later, in a folder that is there.
    """
    _made_beside(path).unlink()


def _made_beside(path: Path) -> Path:
    temporary = path.parent / f".{path.stem}.{secrets.token_hex(8)}{path.suffix}"
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # less the umask, which only the kernel reads safely
    return temporary


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `folder`; it takes its place if no error was raised.

    Parameters
    ----------
    folder : Path
        Replaced if it exists.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.whole-", dir=folder.parent, ignore_cleanup_errors=True) as aside:
        new, old = Path(aside) / "new", Path(aside) / "old"
        new.mkdir()
        yield new
        if folder.exists():
            os.replace(folder, old)
        os.replace(new, folder)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole, as :func:`json_text` writes it."""
    write_text(path, json_text(content))


def json_text(content: Mapping[str, Any]) -> str:
    """Return the text of a JSON file, indented."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_litter(folder: Path) -> None:
    """Remove the temporary files and folders of :func:`whole_file` and :func:`whole_folder` that a killed process left.

    Parameters
    ----------
    folder : Path
        Where to look, not below; nobody else may write to it meanwhile.
    """
    for path in folder.glob(".*"):
        if LITTER.fullmatch(path.name):
            remove(path)


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def short_hash(content: Any) -> str:
    """Return sixteen hexadecimal digits of the SHA-256 of JSON content; the order of keys does not count."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
