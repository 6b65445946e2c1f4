"""Which source files a module runs, found by following its imports without running it, and a hash of their code."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from emotune.files import PROJECT_ROOT


def files_behind(module: Path, *, project: Path = PROJECT_ROOT, within: Sequence[str] | None = None) -> tuple[Path, ...]:
    """Return a module's file and the files of its project that it can import, near and far.

    Parameters
    ----------
    module : Path
        A Python file.
    project : Path
        The folder from which its imports are named.
    within : sequence of str, optional
        Packages of the project to stay in; all by default. ``__init__.py`` files are then left out: they name every entry of a
        registry, which would make each entry depend on all.

    Returns
    -------
    tuple of Path
        Sorted; imports for type checkers alone do not count.
    """
    found, waiting = set[Path](), [module]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [
                file for name in imported_names(path) for file in _files_of(name, project) if _is_within(file, project, within)
            ]
    return tuple(sorted(found))


def file_of(cls: type) -> Path:
    """Return the source file that defines a class."""
    return PROJECT_ROOT.joinpath(*cls.__module__.split(".")).with_suffix(".py")


@lru_cache(maxsize=512)
def imported_names(module: Path) -> frozenset[str]:
    """Return the dotted names that running a module can import; of ``from a import b`` both ``a`` and ``a.b``."""
    return frozenset(_names_in(ast.parse(module.read_text(encoding="utf-8"))))


def code_hash(files: Iterable[Path]) -> str:
    """Return a hash of the code of some files, blind to comments, docstrings and layout, and to where the project lies."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(_code_in(file.read_text(encoding="utf-8")))
    return digest.hexdigest()[:16]


@lru_cache(maxsize=512)
def _code_in(text: str) -> bytes:
    """Return what a module's text says to Python."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)  # a docstring
    return ast.dump(tree).encode()


def _names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    children = node.orelse if isinstance(node, ast.If) and _is_for_type_checkers(node) else ast.iter_child_nodes(node)
    for child in children:
        yield from _names_in(child)


def _is_for_type_checkers(node: ast.If) -> bool:
    return ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _files_of(name: str, project: Path) -> Iterator[Path]:
    """Yield the project's files that importing a dotted name runs: the packages on the way, and the module."""
    place = project
    for part in name.split("."):
        place /= part
        yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())


def _is_within(file: Path, project: Path, packages: Sequence[str] | None) -> bool:
    return packages is None or (file.name != "__init__.py" and file.relative_to(project).parts[0] in packages)
