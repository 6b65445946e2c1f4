"""Values of the command lines that argparse alone would take for others."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path


def given_path(text: str) -> Path:
    """Return the path that an option names.

    Raises
    ------
    ArgumentTypeError
        If it names none, as a variable of a shell that was not set; the folder where the command runs would be taken.
    """
    if not text.strip():
        raise ArgumentTypeError(f"must name a file or folder, got {text!r}; give its path, or leave the option out.")
    return Path(text)
