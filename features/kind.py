"""What every input kind says about itself."""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from features.analysis import Analysis

IMPORTED_MODULE = re.compile(r"^\s*from features\.(\w+) import", re.MULTILINE)


class InputKind(ABC):
    """A way to turn a clip into the array that a family reads; one file a kind.

    Attributes
    ----------
    key, title : str
        Its name in the code and for people.
    spec : mapping
        Everything that determines the array; stored with every model and part of every cache key.
    is_handmade : bool
        Computed from the shared short-time analysis (True) or by a pretrained network (False).
    """

    key: ClassVar[str]
    title: ClassVar[str]
    spec: Mapping[str, Any]
    is_handmade: ClassVar[bool] = True

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Names along the last axis of the array."""

    @property
    def n_parameters(self) -> int:
        """How many numbers that were learnt elsewhere it computes with."""
        return 0

    @abstractmethod
    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the array of one clip.

        Returns
        -------
        ndarray [shape=(n_columns,) or (n_frames, n_columns), dtype=float32 or float16]
            Vector or sequence; finite.
        """

    def keep(self, folder: Path) -> None:
        """Write into a results folder what the array needs besides this package: nothing, unless a kind says otherwise."""
        return None

    def kept_in(self, folder: Path) -> InputKind:
        """Return this kind with what a results folder keeps for it."""
        return self

    def kept_files(self, folder: Path) -> tuple[Path, ...]:
        """Return the files that :meth:`keep` wrote into a results folder."""
        return ()

    def sources(self) -> list[Path]:
        """Return the files of this package whose code determines the array: its own and what they import, near and far."""
        package = Path(__file__).parent
        found: set[Path] = set()
        waiting = [package / f"{type(self).__module__.rpartition('.')[2]}.py"]
        while waiting:
            path = waiting.pop()
            if path not in found and path.exists():
                found.add(path)
                waiting += [package / f"{name}.py" for name in IMPORTED_MODULE.findall(path.read_text(encoding="utf-8"))]
        return sorted(found)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the spec and the columns: arrays with another one are never mixed with these."""
        text = json.dumps({"kind": self.key, "spec": dict(self.spec), "columns": self.columns}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def finite(array: NDArray[Any], *, dtype: type = np.float32) -> NDArray[Any]:
    """Return the array in a dtype, with anything not finite replaced by zero."""
    return np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0).astype(dtype)
