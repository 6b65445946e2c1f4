"""What every family says about itself, and what it is given to learn from.

Conventions
-----------
A configuration is a flat mapping of JSON values: what a trial suggests, what a card stores. Probabilities are float64,
``(n_examples, n_emotions)``, in the order of the corpus's emotions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import optuna

Config = Mapping[str, Any]
MEMBER_PROBABILITIES = "member_probabilities"
"""Input of a family that reads no clips but other families' calibrated probabilities, (n_members, n_emotions)."""
EpochCallback = Callable[[float], None]
"""Called after each epoch with the inner validation UAR; may raise to stop the fit."""


@dataclass(frozen=True, eq=False)
class Examples:
    """What a model learns from: clips and their variants.

    Attributes
    ----------
    inputs : tuple of ndarray
        One array an example, each of the family's input kind.
    targets : ndarray of int [shape=(n,)]
        Index of each example's emotion.
    speakers : ndarray of str [shape=(n,)]
        Who speaks.
    sources : ndarray of int [shape=(n,)]
        Number of the clip that an example is, or is a variant of.
    is_original : ndarray of bool [shape=(n,)]
        False for augmented copies.
    genders : mapping of str to str
        Gender of each speaker.
    n_emotions : int
        Length of a probability vector.
    """

    inputs: tuple[NDArray[Any], ...]
    targets: NDArray[np.intp]
    speakers: NDArray[np.str_]
    sources: NDArray[np.intp]
    is_original: NDArray[np.bool_]
    genders: Mapping[str, str]
    n_emotions: int

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
        )

    def weights(self, *, balanced: bool, copy_weight: float = 1.0) -> NDArray[np.float64]:
        """Return a weight for each example, of mean 1.

        Parameters
        ----------
        balanced : bool
            Give every emotion the same weight in all.
        copy_weight : float > 0
            Weight of an augmented copy against its original.
        """
        weights = np.where(self.is_original, 1.0, copy_weight)
        if balanced:
            totals = np.bincount(self.targets, weights=weights, minlength=self.n_emotions)
            weights = weights / np.maximum(totals, 1e-12)[self.targets]
        return weights / weights.mean()


class Model(ABC):
    """A fitted model."""

    n_parameters: int

    @abstractmethod
    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions); a clip's do not depend on its neighbours in the batch."""


class Family(ABC):
    """A kind of model: its key, title, input, search space, defaults, and how to fit, save and load it.

    Attributes
    ----------
    key, title, description : str
        Its name in commands and files, its name for people, and one sentence on what it is.
    input_kind : str
        Key of the input kind that it reads, or :data:`MEMBER_PROBABILITIES`.
    is_neural : bool
        Whether it learns in epochs, and so is pruned by epoch instead of by fold.
    defaults : mapping
        The configuration of trial 0: every parameter of the search space that it leads to.
    is_tuned : bool
        Whether there is anything to search.
    is_pretrained : bool
        Whether it stands on a network that heard other recordings before.
    champion_overrides : mapping
        What a tested or shipped model has more of than a trial's (such as more bagged members); fixed beforehand, never tuned.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    input_kind: ClassVar[str]
    is_neural: ClassVar[bool] = False
    is_tuned: ClassVar[bool] = True
    is_pretrained: ClassVar[bool] = False
    defaults: ClassVar[Config]
    champion_overrides: ClassVar[Config] = {}

    @property
    def initial_trials(self) -> tuple[Config, ...]:
        """Parameters of a study's first trials: the defaults, and whatever else deserves to be tried for certain."""
        return (self.defaults,)

    def require(self, *, may_download: bool) -> None:  # noqa: B027 (most families stand on nothing)
        """Make sure that what a pretrained family stands on is here.

        Raises
        ------
        EmotuneError
            If it is not and cannot, or shall not, be fetched.
        """

    @abstractmethod
    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration from the search space."""

    @abstractmethod
    def fit(self, examples: Examples, config: Config, *, seed: int, callback: EpochCallback | None = None) -> Model:
        """Return a model fitted to the examples; the same seed gives the same model.

        Parameters
        ----------
        examples : Examples
            Training clips and variants; any validation the family needs is cut out of these, by speaker.
        config : mapping
            A configuration as :meth:`suggest` or ``defaults`` gives.
        seed : int
            The only source of randomness.
        callback : callable, optional
            Told the inner validation UAR after each epoch.
        """

    @abstractmethod
    def save(self, model: Model, folder: Path) -> None:
        """Write the weights into an existing folder, in native formats."""

    @abstractmethod
    def load(self, folder: Path, *, n_emotions: int) -> Model:
        """Return the model that :meth:`save` wrote."""
