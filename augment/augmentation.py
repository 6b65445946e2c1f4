"""What every augmentation says about itself: how it draws its parameters, and how it applies them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Parameters = Mapping[str, Any]


class Augmentation(ABC):
    """A change of the recording that leaves its emotion.

    Drawing is kept apart from applying, so that the page can set by hand what the search draws.

    Attributes
    ----------
    key, title : str
        Its name in configurations and for people.
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
            1 allows the strongest change that is still the same emotion to a listener.
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
            ``m`` differs from ``n`` only where the augmentation changes the tempo.
        """
