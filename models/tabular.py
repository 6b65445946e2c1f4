"""What the families that read functionals share: scaling, selecting, removing speaker directions, skops files."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audio.errors import ChampionError
from models.family import Config, Examples, Model

if TYPE_CHECKING:
    import optuna

SKOPS_FILE = "model.skops"
TRUSTED_TYPES = ("sklearn.tree._tree.Tree",)
CLIP_LIMIT = 4.0
"""Standardised functionals beyond ±4 are cut: ratios explode on rare clips, and a linear model would follow them."""


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Chosen columns, standardised on the training clips and clipped.

    Attributes
    ----------
    columns : ndarray of int [shape=(n_chosen,)]
        Which functionals are used.
    mean, scale : ndarray [shape=(n_chosen,)]
        Of each chosen functional over the training clips.
    """

    columns: NDArray[np.intp]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def __call__(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return the standardised matrix, (n, n_chosen)."""
        X = np.stack(inputs)[:, self.columns].astype(np.float64)
        return np.clip((X - self.mean) / self.scale, -CLIP_LIMIT, CLIP_LIMIT)

    def save(self, folder: Path) -> None:
        """Write ``standardiser.npz``."""
        np.savez(folder / "standardiser.npz", columns=self.columns, mean=self.mean, scale=self.scale)

    @classmethod
    def load(cls, folder: Path) -> Standardiser:
        """Read ``standardiser.npz``."""
        with np.load(folder / "standardiser.npz", allow_pickle=False) as arrays:
            return cls(arrays["columns"], arrays["mean"], arrays["scale"])


def fit_standardiser(examples: Examples, *, n_features: int | None = None) -> Standardiser:
    """Learn scaling from the original training clips, and keep the functionals that tell emotions apart best.

    Parameters
    ----------
    examples : Examples
        Training clips and variants; only the originals are looked at.
    n_features : int, optional
        How many to keep, by the F statistic of an analysis of variance; None keeps all.
    """
    originals = examples.select(examples.is_original)
    X = np.stack(originals.inputs).astype(np.float64)
    mean, std = X.mean(axis=0), X.std(axis=0)
    varying = np.flatnonzero(std > 1e-8 * np.maximum(1, np.abs(mean)))
    if n_features is not None and n_features < len(varying):
        from sklearn.feature_selection import f_classif

        z = np.clip((X[:, varying] - mean[varying]) / std[varying], -CLIP_LIMIT, CLIP_LIMIT)
        scores = np.nan_to_num(f_classif(z, originals.targets)[0])
        varying = np.sort(varying[np.argsort(-scores, kind="stable")[:n_features]])
    return Standardiser(varying, mean[varying], std[varying])


def speaker_directions(
    X: NDArray[np.float64], targets: NDArray[np.intp], speakers: NDArray[np.str_], *, n_directions: int
) -> NDArray[np.float64]:
    """Return the directions in which speakers differ most when their emotions are the same.

    Removing them is nuisance attribute projection (Solomonoff, Campbell & Boardman 2005, ICASSP). It learns from training speakers
    alone and needs nothing of a new one.

    Parameters
    ----------
    X : ndarray [shape=(n, d)]
        Standardised training examples.
    targets, speakers : ndarray [shape=(n,)]
        Their emotions and speakers.
    n_directions : int
        How many to return; at most the number of speakers less one.

    Returns
    -------
    ndarray [shape=(n_directions, d)]
        Orthonormal rows.
    """
    centred = X.copy()
    for target in np.unique(targets):
        centred[targets == target] -= centred[targets == target].mean(axis=0)
    means = np.stack([centred[speakers == speaker].mean(axis=0) for speaker in np.unique(speakers)])
    return np.linalg.svd(means, full_matrices=False)[2][: min(n_directions, len(means) - 1)]


@dataclass(frozen=True, eq=False)
class TabularModel(Model):
    """A standardiser and a classifier with scikit-learn's interface."""

    standardiser: Standardiser
    classifier: Any
    n_emotions: int
    n_parameters: int

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions)."""
        found = np.asarray(self.classifier.predict_proba(self.standardiser(inputs)), dtype=np.float64)
        probabilities = np.zeros((len(found), self.n_emotions))
        probabilities[:, np.asarray(self.classifier.classes_, dtype=int)] = found
        return probabilities / probabilities.sum(axis=1, keepdims=True)


def suggest_selection(trial: optuna.Trial) -> dict[str, Any]:
    """Draw what the cheap families share: how many functionals, class weights, and the weight of copies."""
    return {
        "n_features": trial.suggest_int("n_features", 200, 2600, log=True),
        "balanced": trial.suggest_categorical("balanced", [True, False]),
        "copy_weight": trial.suggest_float("copy_weight", 0.2, 1.0),
    }


def training_weights(examples: Examples, config: Config) -> NDArray[np.float64]:
    """Return the weight of each example that a configuration asks for."""
    return examples.weights(balanced=config["balanced"], copy_weight=config["copy_weight"])


def save_skops(classifier: Any, folder: Path) -> None:
    """Write a scikit-learn estimator as ``model.skops``."""
    import skops.io

    skops.io.dump(classifier, folder / SKOPS_FILE, compression=zipfile.ZIP_DEFLATED)


def load_skops(folder: Path) -> Any:
    """Read ``model.skops``, refusing any type but scikit-learn's own and the few named here.

    Raises
    ------
    ChampionError
        If the file asks for anything else.
    """
    import skops.io

    path = folder / SKOPS_FILE
    unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED_TYPES))
    if unknown:
        raise ChampionError(f"{path}: a model may hold scikit-learn's types only, this one asks for {', '.join(unknown)}; refit it.")
    return skops.io.load(path, trusted=list(TRUSTED_TYPES))
