"""The Space's requirements: the pins that answers need, and Keras where a network of a person's own needs it."""

from __future__ import annotations

import re
from pathlib import Path

from emotune.errors import DeployError

PAGE, SEARCH = "requirements-page.txt", "requirements.txt"
KERAS = ("tensorflow-cpu", "tensorflow", "keras")
"""Pins of the search that answers need only where a network has a layer that Keras alone can compute."""

NAME = re.compile(r"[A-Za-z0-9._-]+")


def space_requirements(project: Path, *, with_keras: bool) -> str:
    """Return the text of the Space's ``requirements.txt``.

    Parameters
    ----------
    project : Path
        Where the project's requirements are.
    with_keras : bool
        Whether a champion needs Keras.
    """
    text = (project / PAGE).read_text(encoding="utf-8")
    pins = (project / SEARCH).read_text(encoding="utf-8").splitlines() if with_keras else []
    return text + "".join(f"{line}\n" for line in pins if name_of(line) in KERAS)


def name_of(line: str) -> str:
    """Return the name of the distribution that a line of requirements asks for, in lower case, with hyphens."""
    match = NAME.match(line.strip())
    return match.group().lower().replace("_", "-") if match else ""


def pinned_version(text: str, name: str) -> str:
    """Return the version that requirements pin a distribution to.

    Raises
    ------
    DeployError
        If they do not.
    """
    match = re.search(rf"^{re.escape(name)}==([^\s;]+)", text, re.MULTILINE)
    if match is None:
        raise DeployError(f"{PAGE} must pin {name} to one version, and does not; write {name}==VERSION there.")
    return match.group(1)
