"""A chain: several augmentations one after another, each with its own probability."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from augment.augmentation import Augmentation, Parameters


class Chain(Augmentation):
    """What applies the steps that it drew, in their order.

    Attributes
    ----------
    steps : tuple of (Augmentation, float)
        Each step with its probability.
    """

    steps: ClassVar[tuple[tuple[Augmentation, float], ...]]

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw the parameters of every step that is applied, by the step's key."""
        # Every step draws, even if it is then dropped, so that one step's probability does not change the numbers of the next.
        drawn = {step.key: (rng.uniform() < probability, step.draw(rng, strength=strength)) for step, probability in self.steps}
        return {key: parameters for key, (takes_part, parameters) in drawn.items() if takes_part}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the audio after all steps with parameters."""
        for step, _ in self.steps:
            if step.key in parameters:
                samples = step.apply(samples, dict(parameters[step.key]))
        return samples
