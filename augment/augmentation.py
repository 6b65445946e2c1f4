"""The interface of an augmentation: it draws parameters and applies them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Parameters = Mapping[str, Any]


class Augmentation(ABC):
    """A change of a recording that preserves its emotion.

    Drawing and applying are separate, so that the page can set parameters by hand.

    Attributes
    ----------
    key, title : str
        Name in configurations; name for users.
    """

    key: ClassVar[str]
    title: ClassVar[str]

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

    @abstractmethod
    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the changed audio; the same samples and parameters give the same audio.

        Parameters
        ----------
        samples : ndarray [shape=(n,), dtype=float32]
            Mono audio at ``SAMPLE_RATE_HZ``.
        parameters : mapping
            As drawn by :meth:`draw`.

        Returns
        -------
        ndarray [shape=(m,), dtype=float32]
            ``m`` differs from ``n`` only if the augmentation changes the tempo.
        """
