"""Versions of the libraries that decide what is computed."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping

RESULT_LIBRARIES = ("numpy", "scipy", "scikit-learn", "xgboost", "keras", "tensorflow", "librosa")
"""Libraries that decide what a model predicts; recorded in manifests and cards."""
NOT_INSTALLED = "not installed"


def installed_version(library: str) -> str:
    """Return the version of a distribution or of its build for CPUs, or :data:`NOT_INSTALLED`."""
    for name in (library, f"{library}-cpu"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return NOT_INSTALLED


def library_versions(more: Iterable[str] = ()) -> dict[str, str]:
    """Return the installed versions of :data:`RESULT_LIBRARIES` and of more libraries."""
    found = {library: installed_version(library) for library in dict.fromkeys((*RESULT_LIBRARIES, *more))}
    return {library: version for library, version in found.items() if version != NOT_INSTALLED}


def major_versions(versions: Mapping[str, str]) -> dict[str, str]:
    """Return the first two numbers of each version: results are comparable within these."""
    return {library: ".".join(version.split(".")[:2]) for library, version in versions.items()}
