"""What a Space holds: an allow-list. The dry run shows these items, the folder is written and the Hub is sent from the same ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from deployment.docker import docker_files
from deployment.front_matter import APP_FILE
from deployment.requirements import space_requirements
from deployment.shipment import Outcome
from deployment.texts import CARDS_FOLDER, model_card, space_readme
from emotune.errors import DeployError
from emotune.files import PROJECT_ROOT
from emotune.sources import files_behind

PROJECT = PROJECT_ROOT
MANIFEST = "deployed.json"
"""Lists what was put there, so that the next time what is no longer needed can be told from what others added."""

ASSETS = ("page/*.css", "page/*.js", "page/*.md", "examples/synthetic-*", "LICENSE")
"""What the page reads besides modules and results, relative to the project."""

LARGE_FILE_SUFFIXES = (".skops", ".ubj", ".keras", ".npz", ".npy", ".safetensors", ".onnx", ".flac", ".wav", ".png")
"""Binary files, which the Hub stores apart from git."""

REQUIREMENTS = "requirements.txt"
README = "README.md"


@dataclass(frozen=True)
class Item:
    """A file of the Space.

    Attributes
    ----------
    path : str
        Where it lies in the Space, with forward slashes.
    content : bytes
        What it holds.
    """

    path: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of its content, as hexadecimal text."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_stored_apart(self) -> bool:
        """Whether the Space's ``.gitattributes`` keeps it out of git."""
        return PurePosixPath(self.path).suffix in LARGE_FILE_SUFFIXES


def collect(outcome: Outcome, *, project: Path = PROJECT, for_docker: bool = False) -> tuple[Item, ...]:
    """Return everything that a Space of a run's champions holds, sorted by path.

    Parameters
    ----------
    outcome : Outcome
        The results to show.
    project : Path
        Where ``app.py`` is.
    for_docker : bool
        Add what a container is built from.

    Raises
    ------
    DeployError
        If a champion's file differs from its card.
    """
    requirements = space_requirements(project, with_keras=outcome.needs_keras)
    place = f"leaderboard/results/{outcome.corpus}"
    texts = {
        README: space_readme(outcome, requirements=requirements),
        REQUIREMENTS: requirements,
        ".gitattributes": "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LARGE_FILE_SUFFIXES),
        **{f"{CARDS_FOLDER}/{key}.md": model_card(outcome, key, folder=f"{place}/models/{key}") for key in outcome.champions},
        **(docker_files() if for_docker else {}),
    }
    assets = (path for pattern in ASSETS for path in project.glob(pattern) if path.is_file())
    items = [
        *(Item(path, text.encode()) for path, text in texts.items()),
        *_read((*files_behind(project / APP_FILE, project=project), *assets), root=project),
        *_read(outcome.files, root=outcome.folder, place=place),
    ]
    _check_champions(outcome, items, place=place)
    return tuple(sorted([*items, _manifest(items)], key=lambda item: item.path))


def listed_in(manifest: bytes) -> frozenset[str]:
    """Return the paths that a manifest lists, itself included; none if it cannot be read."""
    try:
        return frozenset({*json.loads(manifest)["files"], MANIFEST})
    except (ValueError, KeyError, TypeError):
        return frozenset()


def _manifest(items: Iterable[Item]) -> Item:
    files = {item.path: item.sha256 for item in sorted(items, key=lambda item: item.path)}
    return Item(MANIFEST, (json.dumps({"by": "emotune", "files": files}, indent=1) + "\n").encode())


def _read(paths: Iterable[Path], *, root: Path, place: str = "") -> list[Item]:
    return [Item((PurePosixPath(place) / path.relative_to(root).as_posix()).as_posix(), path.read_bytes()) for path in paths]


def _check_champions(outcome: Outcome, items: Iterable[Item], *, place: str) -> None:
    found = {item.path: item.sha256 for item in items}
    for key, card in outcome.champions.items():
        for name, expected in card.files.items():
            path = f"{place}/models/{key}/{name}"
            if found[path] != expected:
                raise DeployError(
                    f"{outcome.folder / 'models' / key / name}: its SHA-256 must be {expected[:12]}… as in the card, found "
                    f"{found[path][:12]}…; restore it or refit the model."
                )
