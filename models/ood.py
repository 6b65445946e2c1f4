"""OODDetector: whether a clip sounds like the speech that the models learnt from.

A clip's functionals are standardised and split by a principal component analysis of the training clips: what lies inside the
space of the leading components is measured by Hotelling's T², what is left outside by the squared residual, called Q. Both together
are the classic monitor of multivariate processes (Jackson & Mudholkar 1979, Technometrics 21(3)), added up as one index, each in
units of its own limit (Yue & Qin 2001, Ind. Eng. Chem. Res. 40(20)). T² is Mahalanobis's distance in a space small enough to
estimate it; Q catches what no training clip varies in, such as music.

The limits come from speakers left out one at a time, and are never below what the training clips themselves reach, so that a new
voice saying the same kind of thing stays familiar.
"""

from __future__ import annotations

import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from emotune.errors import ChampionError, ProtocolError

N_COMPONENTS = 30
CLIPS_PER_COMPONENT = 10
"""A small corpus gets fewer components: a variance needs some clips to be known."""
SHRINKAGE = 0.1
PERCENTILE = 99.0
CLIP_LIMIT = 8.0
SMALLEST_SCALE = 1e-6

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Subspace:
    """What training clips vary in.

    Attributes
    ----------
    mean, scale : ndarray [shape=(d,)]
        Of each functional.
    components : ndarray [shape=(n_components, d)]
        Orthonormal directions in standardised functionals.
    variances : ndarray [shape=(n_components,)]
        Of the training clips along them, shrunk towards their mean.
    """

    mean: Array
    scale: Array
    components: Array
    variances: Array

    def distances(self, vectors: Array) -> Array:
        """Return T² and Q of each vector, (n, 2)."""
        z = np.clip((vectors - self.mean) / self.scale, -CLIP_LIMIT, CLIP_LIMIT)
        inside = z @ self.components.T
        residual = np.maximum((z**2).sum(axis=1) - (inside**2).sum(axis=1), 0)
        return np.stack([(inside**2 / self.variances).sum(axis=1), residual], axis=1)


@dataclass(frozen=True, eq=False)
class OODDetector:
    """How far from the training speech a clip may be.

    Attributes
    ----------
    subspace : Subspace
        Of all training speakers.
    limits : ndarray [shape=(2,)]
        99th percentiles of T² and Q: of speakers left out or of all training clips, whichever is larger.
    threshold : float
        99th percentile of the index, likewise.
    """

    subspace: Subspace
    limits: Array
    threshold: float

    def score(self, vector: NDArray[np.floating]) -> float:
        """Return how unlike the training speech a clip is.

        Parameters
        ----------
        vector : ndarray [shape=(d,)]
            Its functionals.

        Returns
        -------
        float
            Above 1 for what hardly any clip of a new speaker of the same kind reaches.
        """
        distances = self.subspace.distances(np.asarray(vector, dtype=np.float64)[None])
        return float(_index(distances, self.limits)[0] / self.threshold)

    def save(self, path: Path) -> None:
        """Write it as an ``.npz`` file, whole."""
        temporary = path.with_name(f".{path.name}.part.npz")
        arrays = {name: value.astype(np.float32) for name, value in asdict(self.subspace).items()}
        np.savez_compressed(temporary, limits=self.limits, threshold=self.threshold, **arrays)
        temporary.replace(path)


def load_ood_detector(path: Path) -> OODDetector:
    """Read what :meth:`OODDetector.save` wrote.

    Raises
    ------
    ChampionError
        If the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name].astype(np.float64) for name in file}
        subspace = Subspace(found["mean"], found["scale"], found["components"], found["variances"])
        return OODDetector(subspace, found["limits"], float(found["threshold"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ChampionError(f"{path}: must be the ood_detector that a run saved, but {error}; run the search again.") from error


def fit_ood_detector(vectors: NDArray[np.floating], speakers: NDArray[np.str_]) -> OODDetector:
    """Learn what the training speech sounds like.

    Parameters
    ----------
    vectors : ndarray [shape=(n, d)]
        Functionals of the original training clips.
    speakers : ndarray of str [shape=(n,)]
        Who speaks in each; at least two.

    Raises
    ------
    ProtocolError
        If there is but one speaker.
    """
    X = np.asarray(vectors, dtype=np.float64)
    everyone = np.unique(speakers)
    if len(everyone) < 2:
        raise ProtocolError(f"OODDetector must see at least two speakers, got {len(everyone)}; add recordings of others.")
    left_out = np.concatenate([_fit_subspace(X[speakers != one]).distances(X[speakers == one]) for one in everyone])
    subspace = _fit_subspace(X)
    # Few clips tilt the components towards themselves, so that those left out look closer than those learnt from.
    both = (left_out, subspace.distances(X))
    limits = np.max([np.percentile(distances, PERCENTILE, axis=0) for distances in both], axis=0)
    threshold = max(float(np.percentile(_index(distances, limits), PERCENTILE)) for distances in both)
    return OODDetector(subspace, limits, threshold)


def _fit_subspace(X: Array) -> Subspace:
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.maximum(scale, SMALLEST_SCALE * np.maximum(1, np.abs(mean)))
    z = np.clip((X - mean) / scale, -CLIP_LIMIT, CLIP_LIMIT)
    n = len(z)
    k = min(N_COMPONENTS, max(1, n // CLIPS_PER_COMPONENT))
    # The Gram matrix is the small one: there are fewer clips than functionals.
    values, vectors = scipy.linalg.eigh(z @ z.T, subset_by_index=(n - k, n - 1))
    values = np.maximum(values, SMALLEST_SCALE)
    variances = values / n
    shrunk = (1 - SHRINKAGE) * variances + SHRINKAGE * variances.mean()
    return Subspace(mean, scale, (z.T @ vectors / np.sqrt(values)).T, shrunk)


def _index(distances: Array, limits: Array) -> Array:
    return np.asarray((distances / limits).sum(axis=1))
