"""The interface of an input kind."""

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
    """A feature extractor that turns a clip into the array that a family reads; each kind has its own file.

    Attributes
    ----------
    key, title : str
        Name in the code; name for users.
    spec : mapping
        Everything that determines the array; it is stored with every model and is part of every cache key.
    is_handmade : bool
        True if the array comes from the shared short-time analysis, False if a pretrained network computes it.
    libraries : tuple of str
        Distributions that compute it, besides those that every input kind uses.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    spec: Mapping[str, Any]
    is_handmade: ClassVar[bool] = True
    libraries: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Names along the last axis of the array."""

    @property
    def n_parameters(self) -> int:
        """Number of pretrained weights that the extraction uses."""
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
        """Write the files that the extraction needs besides this package into a results folder; by default none."""
        return None

    def kept_in(self, folder: Path) -> InputKind:
        """Return this kind, using the files that :meth:`keep` wrote into a results folder."""
        return self

    def kept_files(self, folder: Path) -> tuple[Path, ...]:
        """Return the files that :meth:`keep` wrote into a results folder."""
        return ()

    def sources(self) -> tuple[Path, ...]:
        """Return the files of this package whose code determines the array: the kind's own file and all that it imports."""
        return files_behind(file_of(type(self)), within=("features",))

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the spec and the columns; arrays with different fingerprints are never mixed."""
        text = json.dumps({"kind": self.key, "spec": dict(self.spec), "columns": self.columns}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def finite(array: NDArray[Any], *, dtype: type = np.float32) -> NDArray[Any]:
    """Return the array in a dtype, with anything not finite replaced by zero."""
    return np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0).astype(dtype)
