"""The feature store: it computes every array once per clip and variant, and keeps it on disk.

A file's path contains everything that determines its content: the input kind's fingerprint, a hash of the code and of the library
versions that compute it, the clip's digest and the variant. A changed spec, algorithm, library or clip changes the path, so that
no stale entry is read and none has to be removed by hand.
"""

from __future__ import annotations

import io
import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from audio.clip import Clip
from augment import ORIGINAL, Variant, make_variant
from emotune.files import PROJECT_ROOT, short_hash, write_bytes
from emotune.sources import code_hash
from emotune.versions import installed_version
from features.analysis import Analysis
from features.kind import InputKind

CHUNK_CLIPS = 12
LIBRARIES = ("numpy", "scipy", "librosa", "audiomentations", "python-stretch", "soxr")
"""Libraries whose versions determine every array; an input kind adds its own."""
MEMORY_BYTES = 2**29
"""Size of the arrays that a store holds in memory; beyond it, the store drops them and reads them again from disk."""


class FeatureStore:
    """Arrays of clips and their variants, read from memory or disk, or computed.

    Parameters
    ----------
    root : Path
        The cache folder, created by the first write. It may be deleted at any time.
    kinds : sequence of InputKind
        What will be asked for. Those that share an analysis are computed together, because making a copy and analysing it takes most
        of the time.
    """

    def __init__(self, root: Path, kinds: Sequence[InputKind] = ()) -> None:
        self.root = root
        self.kinds = tuple(kinds)
        self._sharing = tuple(kind for kind in kinds if kind.is_handmade)
        self.seconds = 0.0
        """Time spent on computing arrays, in this process and since the store was made."""
        self._memory: dict[Path, NDArray[np.generic]] = {}
        self._n_bytes = 0

    def __reduce__(self) -> tuple[type[FeatureStore], tuple[Path, tuple[InputKind, ...]]]:
        # Another process reads the arrays from disk.
        return FeatureStore, (self.root, self.kinds)

    def path(self, kind: InputKind, clip: Clip, variant: Variant = ORIGINAL) -> Path:
        """Return the path of an array, whether or not it exists."""
        return (
            self.root
            / f"{kind.key}-{kind.fingerprint}-{extraction_hash(kind)}"
            / clip.digest[:2]
            / f"{clip.digest[2:34]}-{variant.key}.npy"
        )

    def fetch(self, kind: InputKind, clip: Clip, variant: Variant = ORIGINAL) -> NDArray[np.generic]:
        """Return the array of a clip's variant, read-only.

        Parameters
        ----------
        kind : InputKind
            What to extract.
        clip : Clip
            The original clip.
        variant : Variant
            Which copy of it.
        """
        path = self.path(kind, clip, variant)
        if path not in self._memory:
            array = _read(path)
            if array is None:
                array = self._compute(kind, clip, variant)
            array.setflags(write=False)
            if self._n_bytes > MEMORY_BYTES:
                self._memory.clear()
                self._n_bytes = 0
            self._memory[path] = array
            self._n_bytes += array.nbytes
        return self._memory[path]

    def _compute(self, kind: InputKind, clip: Clip, variant: Variant) -> NDArray[np.generic]:
        started = time.monotonic()
        sharing = self._sharing if kind.is_handmade else ()
        kinds = [kind, *(one for one in sharing if one is not kind and not self.path(one, clip, variant).exists())]
        arrays = compute(kinds, clip, variant)
        for one in kinds:
            _write(self.path(one, clip, variant), arrays[one.key])
        self.seconds += time.monotonic() - started
        return arrays[kind.key]

    def complete(self, kind: InputKind, clips: Sequence[Clip], variants: Sequence[Variant]) -> None:
        """Compute and write the missing arrays of a kind, in an order of this process's own.

        Processes that need the same arrays at the same time thereby share the work, instead of doing the same side by side.
        """
        missing = [(clip, variant) for clip in clips for variant in variants if not self._has(self.path(kind, clip, variant))]
        random.Random(os.getpid()).shuffle(missing)
        for clip, variant in missing:
            if not self.path(kind, clip, variant).exists():
                self._compute(kind, clip, variant)

    def _has(self, path: Path) -> bool:
        return path in self._memory or path.exists()

    def prepare(
        self,
        kinds: Sequence[InputKind],
        clips: Sequence[Clip],
        variants: Sequence[Variant] = (ORIGINAL,),
        *,
        n_jobs: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Compute and write the missing arrays; the kinds share one analysis per variant.

        Parameters
        ----------
        kinds, clips, variants : sequences
            Every combination is computed unless it exists.
        n_jobs : int
            Processes to use.
        progress : callable, optional
            Called with (variants done, variants in all).

        Returns
        -------
        int
            Number of variants with missing arrays.
        """
        wanted = [
            (clip, variant, missing)
            for clip in clips
            for variant in variants
            if (missing := [kind for kind in kinds if not self.path(kind, clip, variant).exists()])
        ]
        chunks = [wanted[start : start + CHUNK_CLIPS] for start in range(0, len(wanted), CHUNK_CLIPS)]
        done = 0
        parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
        for n in parallel(joblib.delayed(_compute_chunk)(self.root, chunk) for chunk in chunks):
            done += n
            if progress:
                progress(done, len(wanted))
        return len(wanted)


def compute(kinds: Iterable[InputKind], clip: Clip, variant: Variant = ORIGINAL) -> dict[str, NDArray[np.generic]]:
    """Compute the arrays of one variant from one shared analysis.

    The computation uses one thread, because on some machines the last bit of a sum depends on the number of threads.
    """
    with _threads().limit(limits=1, user_api="blas"):
        analysis = Analysis(make_variant(clip, variant))
        return {kind.key: kind.extract(analysis) for kind in kinds}


@lru_cache
def _threads() -> ThreadpoolController:
    """Return the libraries whose threads can be limited, found once, since finding them takes as long as a fifth of an extraction."""
    return ThreadpoolController()


def extraction_sources(kind: InputKind) -> tuple[Path, ...]:
    """Return the files whose code computes an input kind of a clip or of an augmented copy."""
    return tuple(sorted({*kind.sources(), *(PROJECT_ROOT / "augment").glob("*.py")}))


@lru_cache
def extraction_hash(kind: InputKind) -> str:
    """Return a hash of the code and the versions of every library that compute an input kind."""
    versions = {name: installed_version(name) for name in (*LIBRARIES, *kind.libraries)}
    return short_hash([versions, code_hash(extraction_sources(kind))])[:8]


def _compute_chunk(root: Path, chunk: Sequence[tuple[Clip, Variant, list[InputKind]]]) -> int:
    store = FeatureStore(root)
    for clip, variant, kinds in chunk:
        arrays = compute(kinds, clip, variant)
        for kind in kinds:
            _write(store.path(kind, clip, variant), arrays[kind.key])
    return len(chunk)


def _read(path: Path) -> NDArray[np.generic] | None:
    """Return the array of a file; None if the file is absent or was cut short."""
    try:
        array: NDArray[np.generic] = np.load(path, allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return None
    return array


def _write(path: Path, array: NDArray[np.generic]) -> None:
    content = io.BytesIO()  # NumPy would write to a file by itself, and its error for a full disk says neither which nor why
    np.save(content, array, allow_pickle=False)
    write_bytes(path, content.getvalue())
