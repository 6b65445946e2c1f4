"""Out-of-distribution (OOD) detection: the distance of a clip from the training speech.

The functionals of a clip are standardised and projected on the leading principal components of the training clips. Hotelling's T²
measures the distance within these components, and the squared residual Q the distance outside of them (Jackson & Mudholkar 1979,
Technometrics 21(3)). The index is their sum, each divided by its limit (Yue & Qin 2001, Ind. Eng. Chem. Res. 40(20)). T² is
Mahalanobis's distance in a space of few dimensions; Q detects variation that the training clips do not have, such as music.

The limits are percentiles over left-out speakers, and at least those over the training clips, so that new speakers of the same kind
of speech stay below them.
"""

from __future__ import annotations

import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from emotune.errors import ChampionError, ProtocolError
from emotune.files import whole_file

N_COMPONENTS = 30
CLIPS_PER_COMPONENT = 10
"""Training clips per component; a small corpus gets fewer components than :data:`N_COMPONENTS`."""
SHRINKAGE = 0.1
PERCENTILE = 99.0
CLIP_LIMIT = 8.0
SMALLEST_SCALE = 1e-6

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Subspace:
    """Principal components of the training clips.

    Attributes
    ----------
    mean, scale : ndarray [shape=(d,)]
        Statistics of each functional.
    components : ndarray [shape=(n_components, d)]
        Orthonormal directions in standardised functionals.
    variances : ndarray [shape=(n_components,)]
        Variances of the training clips along the components, shrunk towards their mean.
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
    """A detector of clips that differ from the training speech.

    Attributes
    ----------
    subspace : Subspace
        Components of all training clips.
    limits : ndarray [shape=(2,)]
        99th percentiles of T² and Q over left-out speakers or over all training clips, whichever is larger.
    threshold : float
        99th percentile of the index, likewise.
    """

    subspace: Subspace
    limits: Array
    threshold: float

    def score(self, vector: NDArray[np.floating]) -> float:
        """Return the OOD score of a clip.

        Parameters
        ----------
        vector : ndarray [shape=(d,)]
            Functionals of the clip.

        Returns
        -------
        float
            About 1 % of the clips of new speakers of the same kind of speech score above 1.
        """
        distances = self.subspace.distances(np.asarray(vector, dtype=np.float64)[None])
        return float(_index(distances, self.limits)[0] / self.threshold)

    def save(self, path: Path) -> None:
        """Write an ``.npz`` file."""
        arrays = {name: value.astype(np.float32) for name, value in asdict(self.subspace).items()}
        with whole_file(path) as temporary:
            np.savez_compressed(temporary, limits=self.limits, threshold=self.threshold, **arrays)


def load_ood_detector(path: Path) -> OODDetector:
    """Read the file that :meth:`OODDetector.save` wrote.

    Raises
    ------
    ChampionError
        If the file is missing or damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name].astype(np.float64) for name in content}
        subspace = Subspace(arrays["mean"], arrays["scale"], arrays["components"], arrays["variances"])
        return OODDetector(subspace, arrays["limits"], float(arrays["threshold"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ChampionError(f"{path}: must be the OOD detector that a run saved, but {error}; run the search again.") from error


def fit_ood_detector(vectors: NDArray[np.floating], speakers: NDArray[np.str_]) -> OODDetector:
    """Fit an OOD detector to the training speech.

    Parameters
    ----------
    vectors : ndarray [shape=(n, d)]
        Functionals of the original training clips.
    speakers : ndarray of str [shape=(n,)]
        Speaker of each clip; at least two.

    Raises
    ------
    ProtocolError
        If there is only one speaker.
    """
    X = np.asarray(vectors, dtype=np.float64)
    everyone = np.unique(speakers)
    if len(everyone) < 2:
        raise ProtocolError(f"An OOD detector needs at least two speakers, got {len(everyone)}; add recordings of others.")
    left_out = np.concatenate([_fit_subspace(X[speakers != one]).distances(X[speakers == one]) for one in everyone])
    subspace = _fit_subspace(X)
    # With few clips the components overfit, and left-out clips can be closer than training clips.
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
