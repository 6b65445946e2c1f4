"""The Space's requirements: the project's, without what only the search or training needs. There is one list of pins."""

from __future__ import annotations

import re

from emotune.errors import DeployError

SEARCH_ONLY = ("optuna", "sqlalchemy")
"""Requirements that nothing on the page imports; a test looks."""
TRAINING_ONLY = ("tensorflow-cpu", "tensorflow", "keras")
"""Requirements that answers need only where a network has a layer that Keras alone can compute."""

HEADER = "# What the page needs: the project's requirements without the search's and the training's."

NAME = re.compile(r"[A-Za-z0-9._-]+")


def page_requirements(text: str, *, with_keras: bool = False) -> str:
    """Return the text of the Space's ``requirements.txt``, given the project's, with what trains networks or without it."""
    unused = SEARCH_ONLY if with_keras else (*SEARCH_ONLY, *TRAINING_ONLY)
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return "\n".join([HEADER, *(line for line in lines if name_of(line) not in unused)]) + "\n"


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
        raise DeployError(f"requirements.txt must pin {name} to one version, and does not; write {name}==VERSION there.")
    return match.group(1)
