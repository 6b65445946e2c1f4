"""Out-of-distribution (OOD) detection: the distance of a clip from the training speech.

The functionals of a clip are standardised and projected on the leading principal components of the training clips. Hotelling's T²
measures the distance within these components, and the squared residual Q the distance outside of them (Jackson & Mudholkar 1979,
Technometrics 21(3)). The index is their sum, each divided by its limit (Yue & Qin 2001, Ind. Eng. Chem. Res. 40(20)). T² is
Mahalanobis's distance in a space of few dimensions; Q detects variation that the training clips do not have, such as music.

The limits are percentiles over left-out speakers, and at least those over the training clips, so that new speakers of the same kind
of speech stay below them.

A second limit, above which a clip is taken for no speech, is learnt from left-out speakers on one side and non-speech on the other.
"""

from __future__ import annotations

import zipfile
from dataclasses import asdict, dataclass, field, replace
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
MIN_KEPT_SHARE = 0.97
"""Of the clips of left-out speakers, at least so many stay below the limit of speech."""
UNLEARNT_SPEECH_LIMIT = 3.0
"""The limit where no non-speech was given, as in detectors that were saved without one."""

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


@dataclass(frozen=True)
class SpeechLimit:
    """Above which score a clip is taken for no speech.

    Attributes
    ----------
    score : float
        The limit.
    kept_share, caught_share : float
        Share of left-out speakers' clips at most at it, and of non-speech above it; NaN if it was not learnt.
    """

    score: float = UNLEARNT_SPEECH_LIMIT
    kept_share: float = np.nan
    caught_share: float = np.nan


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
    speech_limit : SpeechLimit
        Above which score a clip is taken for no speech.
    """

    subspace: Subspace
    limits: Array
    threshold: float
    speech_limit: SpeechLimit = field(default_factory=SpeechLimit)

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
            speech_limit = np.array(list(asdict(self.speech_limit).values()))
            np.savez_compressed(temporary, limits=self.limits, threshold=self.threshold, speech_limit=speech_limit, **arrays)


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
        speech_limit = SpeechLimit(*arrays["speech_limit"].tolist()) if "speech_limit" in arrays else SpeechLimit()
        return OODDetector(subspace, arrays["limits"], float(arrays["threshold"]), speech_limit)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ChampionError(f"{path}: must be the OOD detector that a run saved, but {error}; run the search again.") from error


def fit_ood_detector(
    vectors: NDArray[np.floating], speakers: NDArray[np.str_], *, non_speech: NDArray[np.floating] | None = None
) -> OODDetector:
    """Fit an OOD detector to the training speech.

    Parameters
    ----------
    vectors : ndarray [shape=(n, d)]
        Functionals of the original training clips.
    speakers : ndarray of str [shape=(n,)]
        Speaker of each clip; at least two.
    non_speech : ndarray [shape=(m, d)], optional
        Functionals of what is no speech, from which the limit of speech is learnt.

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
    detector = OODDetector(subspace, limits, threshold)
    if non_speech is None or not len(non_speech):
        return detector
    others = subspace.distances(np.asarray(non_speech, dtype=np.float64))
    speech_limit = learn_speech_limit(_index(left_out, limits) / threshold, _index(others, limits) / threshold)
    return replace(detector, speech_limit=speech_limit)


def learn_speech_limit(speech: Array, non_speech: Array) -> SpeechLimit:
    """Return the score that tells speech from non-speech best.

    Among the limits that keep at least 97 % of the speech, those with the largest sum of kept speech and caught non-speech are best
    (Youden 1950, Cancer 3(1)). They are an interval, and its geometric mean is taken: as far from one side as from the other.

    Parameters
    ----------
    speech, non_speech : ndarray [shape=(n,)]
        Positive scores of clips of left-out speakers, and of what is no speech.
    """
    edges = np.unique(np.concatenate([speech, non_speech]))
    kept = np.searchsorted(np.sort(speech), edges, side="right") / len(speech)
    caught = 1 - np.searchsorted(np.sort(non_speech), edges, side="right") / len(non_speech)
    merit = np.where(kept >= MIN_KEPT_SHARE, kept + caught, -np.inf)
    best = int(merit.argmax())
    # From this score to the next one, nothing changes sides.
    upper = edges[best + 1] if best + 1 < len(edges) else edges[best]
    return SpeechLimit(float(np.sqrt(edges[best] * upper)), float(kept[best]), float(caught[best]))


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
