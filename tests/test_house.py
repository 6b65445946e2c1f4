"""The house: scripts keep to its layers, cheap things stay cheap, modules stay small and know nothing of the machine they came from.

``lint-imports`` checks the layers of the packages (``[tool.importlinter]`` in pyproject.toml).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotune.files import PROJECT_ROOT
from emotune.sources import files_behind, imported_names

PACKAGES = (
    "emotune",
    "audio",
    "corpora",
    "augment",
    "metrics",
    "features",
    "models",
    "evaluation",
    "runs",
    "leaderboard",
    "search",
    "page",
    "deployment",
)
SCRIPTS = ("app.py", "deploy.py")
OTHER_PLACES = ("benchmarks", "tests", "docs", ".ci", ".github")
MOST_LINES = 400
MACHINE_PATH = re.compile(r"(?<![\w.}$-])/(?:home|root|work|Users|mnt|private)/\w")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".cff", ".css", ".js", ".sh", ".html", ""}


def files_in(*places: str) -> Iterator[Path]:
    for path in (PROJECT_ROOT / place for place in places):
        yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path] if path.is_file() else []


def modules_in(*places: str) -> list[Path]:
    return sorted(path for path in files_in(*places) if path.suffix == ".py")


@pytest.mark.parametrize(
    ("script", "unwanted"), [("app.py", {"search", "deployment", "optuna"}), ("deploy.py", {"search", "optuna"})]
)
def test_what_a_script_can_run_is_neither_the_search_nor_optuna(script: str, unwanted: set[str]) -> None:
    for module in files_behind(PROJECT_ROOT / script):
        found = {name.partition(".")[0] for name in imported_names(module)}
        assert not found & unwanted, module.relative_to(PROJECT_ROOT)


@pytest.mark.parametrize(
    ("imported", "unwanted"),
    [
        ("emotune.files, emotune.registry, emotune.sources, emotune.versions", {"numpy", "scipy", "pandas"}),
        ("audio.load", {"pandas", "requests"}),
        ("corpora", {"pandas"}),
        ("augment, augment.policy", {"audiomentations", "pandas"}),
        ("metrics.scores, metrics.calibration, metrics.predictions", {"requests"}),
        ("features, features.store", {"audiomentations", "pandas"}),
        ("models, models.ood", {"audiomentations", "pandas"}),
        ("evaluation.held_out, evaluation.jobs, evaluation.ensembles", {"audiomentations", "pandas"}),
        ("runs.champions, runs.manifest, runs.reader", {"audiomentations"}),
        ("leaderboard.table", {"audiomentations", "matplotlib"}),
        ("page.engine", {"audiomentations", "matplotlib"}),
        ("page.options", {"numpy", "pandas"}),
        ("deployment.cli", {"numpy", "pandas", "huggingface_hub"}),
        ("search.cli", {"pandas"}),
    ],
    ids=lambda value: value.partition(",")[0] if isinstance(value, str) else "",
)
def test_heavy_libraries_are_imported_where_they_are_used(imported: str, unwanted: set[str]) -> None:
    unwanted = unwanted | {"sklearn", "skops", "tensorflow", "keras", "xgboost", "gradio", "optuna"}
    if not imported.startswith(("features", "models", "evaluation", "runs", "page", "search")):
        unwanted = unwanted | {"librosa", "numba"}
    code = f"import sys, {imported}; print(*sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert not unwanted & set(finished.stdout.split())


def test_every_package_is_known_here() -> None:
    assert {path.parent.name for path in PROJECT_ROOT.glob("*/__init__.py")} == {*PACKAGES, "tests"}


def test_no_module_is_longer_than_can_be_read() -> None:
    modules = modules_in(*PACKAGES, *SCRIPTS, "benchmarks", "tests")
    assert modules
    lengths = {str(module.relative_to(PROJECT_ROOT)): len(module.read_text(encoding="utf-8").splitlines()) for module in modules}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_no_text_names_a_path_of_the_machine_it_was_written_on() -> None:
    at_the_top = [path for path in PROJECT_ROOT.iterdir() if path.is_file() and path.name != ".git"]
    found = {
        str(path.relative_to(PROJECT_ROOT)): match.group()
        for path in [*files_in(*PACKAGES, *OTHER_PLACES), *at_the_top]
        if path.suffix in TEXT_SUFFIXES
        for text in [path.read_text(encoding="utf-8", errors="replace")]
        if (match := MACHINE_PATH.search(text)) or (match := re.search(re.escape(str(PROJECT_ROOT)) + r"\b", text))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "is_path"), [("see /" + "home/me/x", True), ("https://a.org/home/page", False), ("../work/b", False)]
)
def test_a_path_of_a_machine_is_told_from_addresses(text: str, is_path: bool) -> None:
    assert bool(MACHINE_PATH.search(text)) == is_path
