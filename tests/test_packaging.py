"""What pyproject.toml declares: every imported library, ranges that hold the tested pins, every package and its data."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from emotune import __version__
from emotune.files import PROJECT_ROOT
from emotune.sources import imported_names
from tests.test_house import PACKAGES, files_in, modules_in

PYPROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]


def requirements(lines: Iterable[str]) -> list[Requirement]:
    return [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-r"))]


def pins(name: str) -> list[Requirement]:
    """Return the requirements of a file and of those that it takes in."""
    lines = (PROJECT_ROOT / name).read_text(encoding="utf-8").splitlines()
    taken_in = [pin for line in lines if line.startswith("-r ") for pin in pins(line.removeprefix("-r "))]
    return [*taken_in, *requirements(lines)]


def names(found: Iterable[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in found}


DECLARED = [*requirements(PROJECT["dependencies"]), *requirements([*EXTRAS["page"], *EXTRAS["deploy"]])]
FOR_TESTS = requirements([*EXTRAS["test"], *EXTRAS["audformat"]])
OPTIONAL = requirements(EXTRAS["audformat"])
"""What the packages import where it is installed; the tests install it."""
NEVER_PINNED = requirements([*EXTRAS["egemaps"], *EXTRAS["microphone"]])
"""What the packages import where a user has installed it."""


@pytest.mark.parametrize(
    ("places", "pinned", "declared"),
    [
        (PACKAGES, [*pins("requirements.txt"), *OPTIONAL], [*DECLARED, *OPTIONAL]),
        ((*PACKAGES, "benchmarks", "tests"), pins("requirements-dev.txt"), [*DECLARED, *FOR_TESTS]),
    ],
    ids=["packages", "tests"],
)
def test_every_imported_library_is_declared_and_pinned(
    places: tuple[str, ...], pinned: list[Requirement], declared: list[Requirement]
) -> None:
    providers = metadata.packages_distributions()
    tops = {name.partition(".")[0] for module in modules_in(*places) for name in imported_names(module)}
    foreign = sorted(tops & set(providers) - set(sys.stdlib_module_names) - set(PACKAGES) - {"tests"})
    assert {"numpy", "gradio", "optuna"} <= set(foreign)
    for known in (names([*declared, *NEVER_PINNED]), names([*pinned, *NEVER_PINNED])):
        missing = [name for name in foreign if not {canonicalize_name(provider) for provider in providers[name]} & known]
        assert missing == []


def test_the_ranges_hold_the_pins_that_are_tested() -> None:
    ranges = {canonicalize_name(requirement.name): requirement for requirement in [*DECLARED, *FOR_TESTS]}
    for pin in [*pins("requirements.txt"), *pins("requirements-dev.txt")]:
        if declared := ranges.get(canonicalize_name(pin.name)):
            (version,) = (specifier.version for specifier in pin.specifier)
            assert declared.specifier.contains(version), f"{declared} does not hold {version}"
            assert declared.marker == pin.marker


def test_what_is_declared_is_pinned() -> None:
    pinned = names([*pins("requirements.txt"), *pins("requirements-dev.txt")])
    assert names([*DECLARED, *FOR_TESTS]) - pinned == {"emotune"}


def test_every_package_and_its_data_are_named() -> None:
    found = {path.parent.relative_to(PROJECT_ROOT).as_posix().replace("/", ".") for path in modules_in(*PACKAGES)}
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == found
    data = {
        path.relative_to(PROJECT_ROOT)
        for path in files_in(*PACKAGES)
        if path.suffix not in {".py", ".pyc"} and not {"shipped", "results"} & set(path.parts)
    }
    declared = {
        path.relative_to(PROJECT_ROOT)
        for package, patterns in PYPROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in PROJECT_ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    assert data == declared


def test_the_changelog_knows_the_version() -> None:
    assert f"## {__version__}\n" in (PROJECT_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
