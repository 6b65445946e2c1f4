"""Arrays on disk, large ones mapped into memory as long as the system lets a process have more files open."""

from __future__ import annotations

import sys
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAPPED_BYTES = 2**17
"""Files of this size are mapped into memory, so that processes share what they read and the system may drop it."""
MOST_MAPPED = 40_000
"""A mapping keeps its file open, and Linux gives a process 65 530 mappings."""
SHARE_OF_FILES = 2
"""Mappings take one of so many of the files that a process may open."""


@dataclass
class ArrayReader:
    """Reads arrays, and counts the mapped ones that somebody still holds.

    Attributes
    ----------
    most_mapped : int
        With so many mapped, further arrays are read whole.
    n_mapped : int
        How many are.
    """

    most_mapped: int
    n_mapped: int = 0

    def read(self, path: Path) -> NDArray[np.generic] | None:
        """Return the array of a ``.npy`` file; None if it is absent or was cut short."""
        try:
            is_mapped = path.stat().st_size >= MAPPED_BYTES and self.n_mapped < self.most_mapped
            array: NDArray[np.generic] = np.load(path, mmap_mode="r" if is_mapped else None, allow_pickle=False)
        except (FileNotFoundError, ValueError, EOFError):
            return None
        if is_mapped:
            self.n_mapped += 1
            weakref.finalize(array, self._released)
        return array

    def _released(self) -> None:
        self.n_mapped -= 1


def n_mappable() -> int:
    """Return how many arrays this process may map, after asking the system for as many open files as it allows."""
    if sys.platform == "win32":
        return MOST_MAPPED
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_MAPPED * SHARE_OF_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_MAPPED * SHARE_OF_FILES)
    if wanted > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (ValueError, OSError):
            pass  # macOS allows fewer than it says
    return min(soft // SHARE_OF_FILES, MOST_MAPPED)
