"""Sharing a dataset between processes: its recordings lie in one file, which every process maps into its memory."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotune.files import whole_file
from evaluation.dataset import Dataset

FOLDER = "recordings"
ALIGNMENT = 64
"""Arrays in the file begin at multiples of this."""


@dataclass(frozen=True)
class SharedDataset:
    """A dataset without its arrays, and the file that holds them.

    Attributes
    ----------
    pickled : bytes
        The dataset, pickled with its arrays out of band (PEP 574).
    arrays : Path
        The file: one array after another.
    spans : tuple of (int, int)
        Where each array begins and ends in the file.
    """

    pickled: bytes
    arrays: Path
    spans: tuple[tuple[int, int], ...]

    def load(self) -> Dataset:
        """Return the dataset; its arrays are read from the file as they are used, and are read-only."""
        mapped = memoryview(np.memmap(self.arrays, dtype=np.uint8, mode="r"))  # type: ignore[arg-type]
        loaded: Dataset = pickle.loads(self.pickled, buffers=[mapped[start:end] for start, end in self.spans])
        return loaded


def share(dataset: Dataset) -> SharedDataset:
    """Write the arrays of a dataset into its cache, unless they are there."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(dataset, protocol=5, buffer_callback=buffers.append)
    arrays = [buffer.raw() for buffer in buffers]
    digest, spans, end = hashlib.sha256(), [], 0
    for array in arrays:
        digest.update(array)
        spans.append((end, end + array.nbytes))
        end += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    path = dataset.store.root / FOLDER / f"{digest.hexdigest()[:32]}.bin"
    if not path.exists():
        with whole_file(path) as temporary, temporary.open("wb") as file:
            for array in arrays:
                file.write(array)
                file.write(bytes(-array.nbytes % ALIGNMENT))
    return SharedDataset(pickled, path, tuple(spans))
