"""The house: imports run one way, cheap things stay cheap, modules stay small and know nothing of the machine they were made on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "audio": set(),
    "augment": {"audio"},
    "features": {"audio", "augment"},
    "models": {"audio", "augment", "features"},
    "search": {"audio", "augment", "features", "models", "leaderboard"},
    "leaderboard": {"audio"},
    "demo": {"audio", "augment", "features", "models", "leaderboard"},
    "app.py": {"audio", "augment", "features", "models", "leaderboard", "demo"},
    "deployment": {"audio", "augment", "features", "models", "leaderboard", "demo"},
    "deploy.py": {"audio", "augment", "features", "models", "leaderboard", "demo", "deployment"},
}
"""What each part may import besides itself; later parts of the list stand on earlier ones."""

PARTS = {name.removesuffix(".py") for name in MAY_IMPORT}
WITHOUT_OPTUNA = ["app.py", "deploy.py", "deployment", "demo", "audio", "features", "leaderboard"]
MOST_LINES = 400
MACHINE_PATH = re.compile(r"(?<![\w.}$-])/(?:home|root|work|Users|mnt|private)/\w")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".cff", ".css", ".sh", ".html"}


def modules_of(part: str) -> list[Path]:
    return [ROOT / part] if part.endswith(".py") and (ROOT / part).exists() else sorted((ROOT / part).rglob("*.py"))


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imported_names(node: ast.AST) -> Iterator[str]:
    """Yield the modules that running the code would import, in functions too."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or "."
    children = node.orelse if is_for_type_checkers(node) else ast.iter_child_nodes(node)
    for child in children:
        yield from imported_names(child)


def packages_imported_by(module: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported_names(ast.parse(module.read_text(encoding="utf-8")))}


def project_texts() -> Iterator[Path]:
    own = [ROOT / name for name in (*MAY_IMPORT, "tests", "benchmarks", ".ci")]
    for place in own:
        yield from place.rglob("*") if place.is_dir() else [place]
    yield from (path for path in ROOT.iterdir() if path.is_file())


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_run_one_way(part: str) -> None:
    for module in modules_of(part):
        reached = packages_imported_by(module) & PARTS - {part.removesuffix(".py")}
        assert reached <= MAY_IMPORT[part], f"{module.relative_to(ROOT)} imports {sorted(reached - MAY_IMPORT[part])}"


@pytest.mark.parametrize("part", WITHOUT_OPTUNA)
def test_what_a_space_carries_never_imports_the_search_or_optuna(part: str) -> None:
    for module in modules_of(part):
        assert not packages_imported_by(module) & {"search", "optuna"}, module.relative_to(ROOT)


def test_the_rule_sees_imports_in_functions_and_overlooks_those_for_type_checkers() -> None:
    code = "if TYPE_CHECKING:\n    import optuna\nelse:\n    import os\ndef f():\n    from search.cli import main\n"
    assert set(imported_names(ast.parse(code))) == {"os", "search.cli"}


@pytest.mark.parametrize(
    ("imported", "unwanted"),
    [
        ("audio.load, corpora", {"librosa", "sklearn", "audiomentations", "tensorflow", "xgboost", "gradio", "optuna"}),
        ("augment, augment.policy", {"librosa", "sklearn", "tensorflow", "keras", "xgboost", "gradio", "optuna"}),
        ("features, features.store", {"tensorflow", "keras", "xgboost", "gradio", "optuna"}),
        ("models, runs.champions, metrics.calibration", {"tensorflow", "keras", "xgboost", "gradio", "optuna", "skops"}),
        ("metrics.scores, leaderboard.table", {"tensorflow", "keras", "xgboost", "gradio", "optuna", "librosa"}),
    ],
    ids=["audio", "augment", "features", "models", "leaderboard"],
)
def test_heavy_libraries_are_imported_where_they_are_used(imported: str, unwanted: set[str]) -> None:
    code = f"import sys, {imported}; print(*sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not unwanted & set(finished.stdout.split())


def test_no_module_is_longer_than_can_be_read() -> None:
    modules = [module for part in (*MAY_IMPORT, "tests", "benchmarks") for module in modules_of(part)]
    assert modules
    lengths = {str(module.relative_to(ROOT)): len(module.read_text(encoding="utf-8").splitlines()) for module in modules}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_no_text_names_a_path_of_the_machine_it_was_written_on() -> None:
    found = {
        str(path.relative_to(ROOT)): match.group()
        for path in project_texts()
        if path.is_file() and path.suffix in TEXT_SUFFIXES
        for text in [path.read_text(encoding="utf-8", errors="replace")]
        if (match := MACHINE_PATH.search(text)) or (match := re.search(re.escape(str(ROOT)) + r"\b", text))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "is_path"), [("see /" + "home/me/x", True), ("https://a.org/home/page", False), ("../work/b", False)]
)
def test_a_path_of_a_machine_is_told_from_addresses(text: str, is_path: bool) -> None:
    assert bool(MACHINE_PATH.search(text)) == is_path
