"""Which modules a program runs: found by following its imports, in functions too, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def modules_behind(program: Path) -> tuple[Path, ...]:
    """Return a program and the modules of its project that it can import, whatever it is asked to do.

    Parameters
    ----------
    program : Path
        A Python file; the folder that holds it is the project.

    Returns
    -------
    tuple of Path
        Sorted; the program is one of them. Imports for type checkers alone do not count.
    """
    project, found, waiting = program.parent, set[Path](), [program]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [path for name in imported_names(module) for path in _modules_of(name, project)]
    return tuple(sorted(found))


def imported_names(module: Path) -> set[str]:
    """Return the dotted names that running a module can import; of ``from a import b`` both ``a`` and ``a.b``."""
    return set(_names_in(ast.parse(module.read_text(encoding="utf-8"))))


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


def _modules_of(name: str, project: Path) -> Iterator[Path]:
    """Yield the project's files that importing a dotted name runs: the packages on the way, and the module."""
    place = project
    for part in name.split("."):
        place /= part
        yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())
