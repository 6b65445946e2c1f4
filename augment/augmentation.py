"""The interface of an effect, which applies parameters, and of an augmentation, which draws them too."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Parameters = Mapping[str, Any]


class Effect(ABC):
    """A change of a recording that preserves its emotion.

    Attributes
    ----------
    key, title : str
        Name in configurations; name for users.
    uses_codecs : bool
        Whether the codecs of this machine's PyAV determine the audio (:mod:`augment.codec`).
    """

    key: ClassVar[str]
    title: ClassVar[str]
    uses_codecs: ClassVar[bool] = False

    @abstractmethod
    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the changed audio; the same samples and parameters give the same audio.

        Parameters
        ----------
        samples : ndarray [shape=(n,), dtype=float32]
            Mono audio at ``SAMPLE_RATE_HZ``.
        parameters : mapping
            As drawn by :meth:`Augmentation.draw`, or set by hand.

        Returns
        -------
        ndarray [shape=(m,), dtype=float32]
            ``m`` differs from ``n`` only if the effect changes the tempo.
        """


class Augmentation(Effect):
    """An effect that draws its parameters.

    Drawing and applying are separate, so that the page can set parameters by hand. What is drawn never reaches the strengths of the
    test suite (:data:`evaluation.robustness.SUITE`).
    """

    @abstractmethod
    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw parameters.

        Parameters
        ----------
        rng : Generator
            The only source of randomness.
        strength : float in (0, 1]
            Size of the change; 1 is the strongest change that still preserves the perceived emotion.
        """
