"""Base of the tabular families: scaling, feature selection, removal of speaker directions, fitting, saving."""

from __future__ import annotations

import zipfile
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from augment.policy import suggest_policy
from emotune.errors import ChampionError
from models.family import Config, EpochCallback, Examples, Family, Model, Parts

if TYPE_CHECKING:
    import optuna

SKOPS_FILE = "model.skops"
TRUSTED_TYPES = ("sklearn.tree._tree.Tree",)
CLIP_LIMIT = 4.0
"""Limit of standardised functionals; a few clips have extreme ratios, which would dominate a linear model."""
MAX_SPEAKER_DIRECTIONS = 6
SHARED_DEFAULTS: Config = {
    "augmentation": "none",
    "n_features": 1000,
    "balanced": True,
    "copy_weight": 0.5,
    "n_speaker_directions": 0,
}


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Selection, standardisation and clipping of columns, and removal of speaker directions.

    Attributes
    ----------
    columns : ndarray of int [shape=(n_chosen,)]
        Selected columns.
    mean, scale : ndarray [shape=(n_chosen,)]
        Statistics of each selected column over the training clips.
    directions : ndarray [shape=(n_directions, n_chosen)]
        Orthonormal speaker directions, which are projected out.
    """

    columns: NDArray[np.intp]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    directions: NDArray[np.float32]

    def __call__(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Return the standardised matrix, (n, n_chosen)."""
        X = np.empty((len(inputs), len(self.columns)), np.float32)
        directions = self.directions.astype(np.float64)
        # One row at a time, because this matrix takes most of a process's memory, and rounded once, so that no batch changes a bit.
        for row, vector in enumerate(inputs):
            z = np.clip((vector[self.columns] - self.mean) / self.scale, -CLIP_LIMIT, CLIP_LIMIT)
            X[row] = z - (z @ directions.T) @ directions
        return X

    def save(self, folder: Path) -> None:
        """Write ``standardiser.npz``."""
        np.savez(folder / "standardiser.npz", columns=self.columns, mean=self.mean, scale=self.scale, directions=self.directions)

    @classmethod
    def load(cls, folder: Path) -> Standardiser:
        """Read ``standardiser.npz``."""
        with np.load(folder / "standardiser.npz", allow_pickle=False) as arrays:
            return cls(arrays["columns"], arrays["mean"], arrays["scale"], arrays["directions"])


def fit_standardiser(
    examples: Examples, *, among: NDArray[np.intp] | None = None, n_features: int | None = None, n_speaker_directions: int = 0
) -> Standardiser:
    """Fit the scaling to the original training clips, and select the columns that separate the emotions best.

    Parameters
    ----------
    examples : Examples
        Training clips and augmented copies; the copies are used for the speaker directions alone.
    among : ndarray of int [shape=(n_candidates,)], optional
        Columns that may be selected; None allows all.
    n_features : int, optional
        Number of columns to keep, by the F statistic of an analysis of variance; None keeps all.
    n_speaker_directions : int
        Number of speaker directions to project out.
    """
    originals = examples.select(examples.is_original)
    columns = np.arange(len(originals.inputs[0])) if among is None else among
    X = np.stack([vector[columns] for vector in originals.inputs]).astype(np.float64)
    mean, std = X.mean(axis=0), X.std(axis=0)
    varying = np.flatnonzero(std > 1e-8 * np.maximum(1, np.abs(mean)))
    if n_features is not None and n_features < len(varying):
        from sklearn.feature_selection import f_classif

        z = np.clip((X[:, varying] - mean[varying]) / std[varying], -CLIP_LIMIT, CLIP_LIMIT)
        scores = np.nan_to_num(f_classif(z, originals.targets)[0])
        varying = np.sort(varying[np.argsort(-scores, kind="stable")[:n_features]])
    plain = Standardiser(columns[varying], mean[varying], std[varying], np.zeros((0, len(varying)), np.float32))
    if not n_speaker_directions:
        return plain
    directions = speaker_directions(plain(examples.inputs), examples.targets, examples.speakers, n_directions=n_speaker_directions)
    return Standardiser(plain.columns, plain.mean, plain.scale, directions.astype(np.float32))


def speaker_directions(
    X: NDArray[np.floating[Any]], targets: NDArray[np.intp], speakers: NDArray[np.str_], *, n_directions: int
) -> NDArray[np.float64]:
    """Return the directions in which speakers differ most within an emotion.

    Their removal is nuisance attribute projection (Solomonoff, Campbell & Boardman 2005, ICASSP). It is fitted to training speakers
    and requires no data of a new speaker.

    Parameters
    ----------
    X : ndarray [shape=(n, d)]
        Standardised training examples.
    targets, speakers : ndarray [shape=(n,)]
        Emotions and speakers of the examples.
    n_directions : int
        Number of directions; at most one less than the number of speakers.

    Returns
    -------
    ndarray [shape=(n_directions, d)]
        Orthonormal rows.
    """
    centred = X.astype(np.float64)
    for target in np.unique(targets):
        centred[targets == target] -= centred[targets == target].mean(axis=0)
    means = np.stack([centred[speakers == speaker].mean(axis=0) for speaker in np.unique(speakers)])
    return np.linalg.svd(means, full_matrices=False)[2][: min(n_directions, len(means) - 1)]


@dataclass(frozen=True, eq=False)
class TabularModel(Model):
    """A standardiser and a classifier with scikit-learn's interface.

    Attributes
    ----------
    family : TabularFamily
        Counts the classifier's parameters when they are asked for, because counting the nodes of trees takes time.
    standardiser : Standardiser
        Makes vectors of inputs.
    classifier : estimator
        Has ``predict_proba`` and ``classes_``.
    n_emotions : int
        Length of a probability vector.
    """

    family: TabularFamily
    standardiser: Standardiser
    classifier: Any
    n_emotions: int

    @cached_property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Number of parameters of the classifier."""
        return self.family.count_parameters(self.classifier)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions)."""
        found = np.asarray(self.classifier.predict_proba(self.standardiser(inputs)), dtype=np.float64)
        probabilities = np.zeros((len(found), self.n_emotions))
        probabilities[:, np.asarray(self.classifier.classes_, dtype=int)] = found
        return probabilities / probabilities.sum(axis=1, keepdims=True)


class TabularFamily(Family):
    """A family of classifiers on standardised vectors; a subclass defines its search space, its fit and its number of parameters.

    The shared search space holds the augmentation, the numbers of functionals and speaker directions, class weights, and the weight
    of augmented copies.
    """

    input_kind: ClassVar[str] = "functionals"

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            **suggest_policy(trial),
            "n_features": trial.suggest_int("n_features", 200, 2600, log=True),
            "n_speaker_directions": trial.suggest_int("n_speaker_directions", 0, MAX_SPEAKER_DIRECTIONS),
            "balanced": trial.suggest_categorical("balanced", [True, False]),
            "copy_weight": trial.suggest_float("copy_weight", 0.2, 1.0),
            **self.suggest_classifier(trial),
        }

    def columns(self, config: Config) -> NDArray[np.intp] | None:
        """Return the columns of the input that a configuration allows; None allows all."""
        return None

    @abstractmethod
    def suggest_classifier(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the parameters of the classifier."""

    @abstractmethod
    def fit_classifier(
        self, X: NDArray[np.float32], examples: Examples, weights: NDArray[np.float64], config: Config, *, seed: int
    ) -> Any:
        """Return a classifier with ``predict_proba`` and ``classes_``.

        Parameters
        ----------
        X : ndarray [shape=(n, n_features)]
            Standardised vectors of the examples.
        examples : Examples
            Give the emotions, and which of them are possible.
        weights : ndarray [shape=(n,)]
            Weights of the examples.
        config : mapping
            A configuration.
        seed : int
            The only source of randomness.
        """

    @abstractmethod
    def count_parameters(self, classifier: Any) -> int:
        """Return the number of parameters of a fitted classifier."""

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> TabularModel:
        """Standardise, weight and fit."""
        standardiser = fit_standardiser(
            examples,
            among=self.columns(config),
            n_features=config["n_features"],
            n_speaker_directions=config["n_speaker_directions"],
        )
        weights = examples.weights(balanced=config["balanced"], copy_weight=config["copy_weight"])
        classifier = self.fit_classifier(standardiser(examples.inputs), examples, weights, config, seed=seed)
        return TabularModel(self, standardiser, classifier, examples.n_emotions)

    def save(self, model: Model, folder: Path) -> None:
        """Write the classifier in its native format, and ``standardiser.npz``."""
        assert isinstance(model, TabularModel)
        self.write_classifier(model.classifier, folder)
        model.standardiser.save(folder)

    def load(self, folder: Path, *, n_emotions: int) -> TabularModel:
        """Read the files that :meth:`save` wrote."""
        return TabularModel(self, Standardiser.load(folder), self.read_classifier(folder), n_emotions)

    def write_classifier(self, classifier: Any, folder: Path) -> None:
        """Write a scikit-learn estimator as ``model.skops``."""
        write_estimator(classifier, folder)

    def read_classifier(self, folder: Path) -> Any:
        """Read ``model.skops``."""
        return read_estimator(folder)


def write_estimator(estimator: Any, folder: Path) -> None:
    """Write a scikit-learn estimator as ``model.skops``."""
    import skops.io

    skops.io.dump(estimator, folder / SKOPS_FILE, compression=zipfile.ZIP_DEFLATED)


def read_estimator(folder: Path) -> Any:
    """Read ``model.skops``; only scikit-learn's types and :data:`TRUSTED_TYPES` are allowed.

    Raises
    ------
    ChampionError
        If the file contains another type.
    """
    import skops.io

    path = folder / SKOPS_FILE
    unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED_TYPES))
    if unknown:
        raise ChampionError(f"{path}: a model may hold scikit-learn's types only, this one has {', '.join(unknown)}; refit it.")
    return skops.io.load(path, trusted=list(TRUSTED_TYPES))
