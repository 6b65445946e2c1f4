"""The interface of a family, and its training examples.

Conventions
-----------
A configuration is a flat mapping of JSON values; a trial suggests it and a card stores it. Probabilities are float64,
``(n_examples, n_emotions)``, in the order of the corpus's emotions. *Inner predictions* are out-of-fold predictions within the
training speakers of one evaluation fold; the calibration, the abstention threshold and the ensembles' weights are fitted to them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from augment.policy import MAX_MIXED_COPIES
from augment.variant import STRENGTHS
from features import INPUT_KINDS

if TYPE_CHECKING:
    import optuna

Config = Mapping[str, Any]
MEMBER_PROBABILITIES = "member_probabilities"
"""Input kind of the ensembles: calibrated probabilities of the member families, (n_members, n_emotions)."""
EpochCallback = Callable[[float], None]
"""Called after each epoch with the inner validation UAR; may raise to stop the fit."""
Parts = Sequence[Collection[str]]
"""Disjoint sets of training speakers, each left out of one fit."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Training examples: clips and their augmented copies.

    Attributes
    ----------
    inputs : tuple of ndarray
        One array an example, each of the family's input kind.
    targets : ndarray of int [shape=(n,)]
        Index of each example's emotion.
    speakers : ndarray of str [shape=(n,)]
        Speaker of each example.
    sources : ndarray of int [shape=(n,)]
        Number of each example's clip; augmented copies have the number of their original.
    is_original : ndarray of bool [shape=(n,)]
        False for augmented copies.
    genders : mapping of str to str
        Gender of each speaker.
    n_emotions : int
        Length of a probability vector.
    corpus_weights : ndarray [shape=(n,)], optional
        Weight of each example that makes its corpus count as it should, of mean 1; None if all count alike.
    possible : ndarray of bool [shape=(n, n_emotions)], optional
        Emotions that each example's corpus has. An example is no evidence against an emotion that its corpus lacks. None if every
        example could have every emotion.
    """

    inputs: tuple[NDArray[Any], ...]
    targets: NDArray[np.intp]
    speakers: NDArray[np.str_]
    sources: NDArray[np.intp]
    is_original: NDArray[np.bool_]
    genders: Mapping[str, str]
    n_emotions: int
    corpus_weights: NDArray[np.float64] | None = None
    possible: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def select(self, where: NDArray[np.bool_]) -> Examples:
        """Return the examples where a mask is true."""
        return Examples(
            tuple(self.inputs[k] for k in np.flatnonzero(where)),
            self.targets[where],
            self.speakers[where],
            self.sources[where],
            self.is_original[where],
            self.genders,
            self.n_emotions,
            None if self.corpus_weights is None else self.corpus_weights[where],
            None if self.possible is None else self.possible[where],
        )

    def weights(self, *, balanced: bool, copy_weight: float = 1.0) -> NDArray[np.float64]:
        """Return a weight for each example, of mean 1: that of its corpus, of its emotion and of its kind.

        Parameters
        ----------
        balanced : bool
            Whether every emotion gets the same total weight.
        copy_weight : float > 0
            Weight of an augmented copy relative to an original.
        """
        weights = np.where(self.is_original, 1.0, copy_weight)
        if self.corpus_weights is not None:
            weights = weights * self.corpus_weights
        if balanced:
            totals = np.bincount(self.targets, weights=weights, minlength=self.n_emotions)
            weights = weights / np.maximum(totals, 1e-12)[self.targets]
        return weights / weights.mean()


@dataclass(frozen=True, eq=False)
class KeptSample:
    """Clips by which a family checks what it keeps of a pretrained network.

    Attributes
    ----------
    samples : tuple of ndarray
        Each clip's samples, mono at 16 kHz.
    inputs : tuple of ndarray
        The array of the family's input kind that models learnt from, of each.
    """

    samples: tuple[NDArray[np.float32], ...]
    inputs: tuple[NDArray[Any], ...]


class Model(ABC):
    """A fitted model."""

    n_parameters: int

    @abstractmethod
    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions); those of a clip do not depend on the other clips of the batch."""


@dataclass(frozen=True, eq=False)
class Bag:
    """A model, and what predicts its training speakers.

    Attributes
    ----------
    model : Model
        Learnt from all examples.
    without : tuple of Model
        For each part of the speakers, a model that did not learn from it.
    """

    model: Model
    without: tuple[Model, ...]


class Family(ABC):
    """A kind of model: its input, search space and defaults, and the methods that fit, save and load it.

    Attributes
    ----------
    key, title, description : str
        Name in commands and files; name for users; description in one sentence.
    input_kind : str
        Key of its input kind, or :data:`MEMBER_PROBABILITIES`.
    is_neural : bool
        Whether its fits report epochs, so that trials are pruned by epoch instead of by fold.
    defaults : mapping
        Configuration of the first trial: a complete point of the search space.
    is_tuned : bool
        Whether it has a search space.
    is_reference : bool
        Whether it only shows what a search has to beat; no page or Space offers it.
    is_pretrained : bool
        Whether it uses a network that was trained on other recordings.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    input_kind: ClassVar[str]
    is_neural: ClassVar[bool] = False
    is_tuned: ClassVar[bool] = True
    is_reference: ClassVar[bool] = False
    is_pretrained: ClassVar[bool] = False
    defaults: ClassVar[Config]

    @property
    def initial_trials(self) -> tuple[Config, ...]:
        """Configurations of a study's first trials: the defaults, then with "mixed" copies of either strength if they are tuned."""
        if not self.is_tuned:
            return (self.defaults,)
        copies = {"augmentation": "mixed", "n_copies": MAX_MIXED_COPIES}
        trials = [self.defaults, *({**self.defaults, **copies, "strength": strength} for strength in STRENGTHS)]
        return tuple(config for k, config in enumerate(trials) if config not in trials[:k])

    def require(self, *, may_download: bool) -> None:  # noqa: B027 (most families need nothing)
        """Check that the pretrained weights are available, and download them if allowed.

        Raises
        ------
        EmotuneError
            If the weights are missing and the download fails or is not allowed.
        """

    @abstractmethod
    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration from the search space."""

    @abstractmethod
    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> Model:
        """Fit a model; the same seed gives the same model.

        Parameters
        ----------
        examples : Examples
            Training clips and augmented copies.
        config : mapping
            A configuration from :meth:`suggest` or ``defaults``.
        seed : int
            The only source of randomness.
        parts : sequence of collections of str
            A family that needs validation fits a member for each part, which stops the member's training. Without parts it fits
            one, and chooses some speakers.
        callback : callable, optional
            Called with the inner validation UAR after each epoch.
        """

    def fit_bag(self, examples: Examples, config: Config, *, seed: int, parts: Parts) -> Bag:
        """Fit a model and, for each part of the speakers, one that does not learn from them.

        Here these are fits of their own. A family that averages members validated on the parts has them already: k-fold bagging, as
        in AutoGluon (Erickson et al. 2020, arXiv 2003.06505).
        """
        without = tuple(
            self.fit(examples.select(~np.isin(examples.speakers, list(part))), config, seed=seed + 1000 * k)
            for k, part in enumerate(parts)
        )
        return Bag(self.fit(examples, config, seed=seed, parts=parts), without)

    @abstractmethod
    def save(self, model: Model, folder: Path) -> None:
        """Write the weights into an existing folder, in native formats."""

    @abstractmethod
    def load(self, folder: Path, *, n_emotions: int) -> Model:
        """Read the model that :meth:`save` wrote."""

    def keep_input(self, model: Model, folder: Path, sample: KeptSample) -> str:
        """Write what the champion's input needs besides this package into a results folder.

        Parameters
        ----------
        model : Model
            The champion.
        folder : Path
            The results folder.
        sample : KeptSample
            Training clips, for a check.

        Returns
        -------
        str
            A sentence for people if something had to be kept otherwise than wanted, else empty.
        """
        INPUT_KINDS[self.input_kind].keep(folder)
        return ""


class UntunedFamily(Family):
    """A family with nothing to tune."""

    is_tuned = False
    defaults: ClassVar[Config] = {"augmentation": "none"}

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Return the defaults."""
        return dict(self.defaults)
