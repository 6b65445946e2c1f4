"""What every input kind says about itself."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from emotune.sources import file_of, files_behind
from features.analysis import Analysis


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
    libraries : tuple of str
        Distributions that compute it, beside those that every input kind uses.
    former_fingerprints : tuple of str
        Fingerprints of earlier versions that gave the same array under other column names.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    spec: Mapping[str, Any]
    is_handmade: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ()
    former_fingerprints: ClassVar[tuple[str, ...]] = ()

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

    def sources(self) -> tuple[Path, ...]:
        """Return the files of this package whose code determines the array: its own and what they import, near and far."""
        return files_behind(file_of(type(self)), within=("features",))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the spec and the columns: arrays with another one are never mixed with these."""
        text = json.dumps({"kind": self.key, "spec": dict(self.spec), "columns": self.columns}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def finite(array: NDArray[Any], *, dtype: type = np.float32) -> NDArray[Any]:
    """Return the array in a dtype, with anything not finite replaced by zero."""
    return np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0).astype(dtype)
