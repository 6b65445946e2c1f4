"""The feature store: every array is computed once per clip and variant, and kept on disk.

A file's path holds everything that determines its content: the input kind's fingerprint, a hash of the code and of the library
versions that compute it, the clip's digest and the variant. A changed spec, algorithm, library or clip therefore never meets a
stale entry, and nothing is ever invalidated by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from audio.clip import Clip
from augment import ORIGINAL, Variant, make_variant
from emotune.files import PROJECT_ROOT, short_hash, whole_file
from emotune.sources import code_hash
from emotune.versions import installed_version
from features.analysis import Analysis
from features.kind import InputKind

CHUNK_CLIPS = 12
LIBRARIES = ("numpy", "scipy", "librosa", "audiomentations", "python-stretch", "soxr")
"""Whose versions decide what every array holds; an input kind names its own besides."""
MEMORY_BYTES = 2**29
"""Of arrays that a store holds before it forgets them all: reading them again from the system's own cache is quick."""


class FeatureStore:
    """Arrays of clips and their variants, from memory, from disk, or computed now.

    Parameters
    ----------
    root : Path
        The cache folder; made when first written to. Deleting it costs only time.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._memory: dict[Path, NDArray[np.generic]] = {}
        self._n_bytes = 0

    def path(self, kind: InputKind, clip: Clip, variant: Variant = ORIGINAL) -> Path:
        """Return where an array lies, or would lie."""
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
                array = compute([kind], clip, variant)[kind.key]
                _write(path, array)
            array.setflags(write=False)
            if self._n_bytes > MEMORY_BYTES:
                self._memory.clear()
                self._n_bytes = 0
            self._memory[path] = array
            self._n_bytes += array.nbytes
        return self._memory[path]

    def prepare(
        self,
        kinds: Sequence[InputKind],
        clips: Sequence[Clip],
        variants: Sequence[Variant] = (ORIGINAL,),
        *,
        n_jobs: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Compute and keep what is missing, sharing one analysis among the kinds.

        Parameters
        ----------
        kinds, clips, variants : sequences
            Every combination is made present.
        n_jobs : int
            Processes to use.
        progress : callable, optional
            Called with (variants done, variants in all).

        Returns
        -------
        int
            How many variants had something to compute.
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
    """Compute arrays of one variant, sharing its analysis.

    On one thread: some machines' sums differ in the last bit with the number of threads, and processes have fewer than their parent.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        analysis = Analysis(make_variant(clip, variant))
        return {kind.key: kind.extract(analysis) for kind in kinds}


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
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # absent, or cut short by a full disk
        return None


def _write(path: Path, array: NDArray[np.generic]) -> None:
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)
