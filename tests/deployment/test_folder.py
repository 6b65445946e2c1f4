"""A Space as a folder that runs where the project is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployment.contents import MANIFEST, PROJECT, Item, collect
from deployment.docker import DOCKERFILE
from deployment.folder import write_folder
from deployment.front_matter import PYTHON_VERSION
from deployment.shipment import Outcome
from emotune.errors import DeployError

SMALL_IMAGES = ("slim", "slim-trixie", "slim-bookworm", "alpine")
"""Variants of Python's image that Docker Hub has; no test here can ask it."""
IMPORT_EVERYTHING = """
import sys
from pathlib import Path
here = Path.cwd()
assert not any(Path(entry or ".").resolve() == Path({project!r}) for entry in sys.path), sys.path
for path in sorted(here.rglob("*/*.py")):
    __import__(".".join(path.relative_to(here).with_suffix("").parts).removesuffix(".__init__"))
own = [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] in {parts!r}]
assert len(own) > 50 and all(Path(file).is_relative_to(here) for file in own if file), own
"""


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_holds_exactly_the_items(items: tuple[Item, ...], tmp_path: Path) -> None:
    assert files_in(write_folder(items, tmp_path / "space")) == {item.path: item.content for item in items}
    assert [path.name for path in tmp_path.iterdir()] == ["space"]


def test_a_folder_that_was_made_here_is_replaced(items: tuple[Item, ...], tmp_path: Path) -> None:
    write_folder([*items, Item("old.py", b"")], tmp_path / "space")
    assert files_in(write_folder(items, tmp_path / "space")) == {item.path: item.content for item in items}


def test_a_folder_with_other_things_in_it_is_left_alone(items: tuple[Item, ...], tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(DeployError, match="holds other things; name another with --out"):
        write_folder(items, tmp_path)
    assert files_in(tmp_path) == {"letter.txt": b"dear"}


def test_a_file_is_no_folder(items: tuple[Item, ...], tmp_path: Path) -> None:
    (tmp_path / "space").write_text("")
    with pytest.raises(DeployError, match="must be new, empty or made by"):
        write_folder(items, tmp_path / "space")


def test_every_module_of_the_folder_is_importable_where_the_project_is_not(items: tuple[Item, ...], tmp_path: Path) -> None:
    folder = write_folder(items, tmp_path / "space")
    parts = {item.path.partition("/")[0] for item in items if item.path.endswith(".py") and "/" in item.path}
    code = IMPORT_EVERYTHING.format(project=str(PROJECT), parts=parts)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    finished = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def test_a_container_is_built_from_the_same_files(outcome: Outcome, items: tuple[Item, ...]) -> None:
    both = {item.path: item.content for item in collect(outcome, for_docker=True) if item.path != MANIFEST}
    assert {path: both.pop(path) for path in ("Dockerfile", ".dockerignore")}["Dockerfile"] == DOCKERFILE.encode()
    assert both == {item.path: item.content for item in items if item.path != MANIFEST}


def test_a_container_runs_as_nobody_in_particular_checks_itself_and_asks_for_no_network() -> None:
    lines = DOCKERFILE.splitlines()
    assert [line for line in lines if line.startswith("FROM")] == [f"FROM python:{PYTHON_VERSION}-{SMALL_IMAGES[0]}"]
    assert lines.index("USER page") < lines.index('CMD ["python", "app.py"]')
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    for setting in ("HF_HUB_OFFLINE=1", "GRADIO_ANALYTICS_ENABLED=False", "GRADIO_SERVER_NAME=0.0.0.0"):
        assert setting in DOCKERFILE


def test_the_health_check_of_a_container_is_a_program() -> None:
    (check,) = [line for line in DOCKERFILE.splitlines() if line.strip().startswith('CMD ["python", "-c"')]
    compile(check.split('"')[5], "health", "exec")
