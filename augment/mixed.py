"""Mixed: several augmentations in a chain, each with its own probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augment.augmentation import Augmentation, Parameters
from augment.gain import Gain
from augment.noise import Noise
from augment.pitch import Pitch
from augment.room import Room
from augment.tempo import Tempo

CHAIN: tuple[tuple[Augmentation, float], ...] = ((Pitch(), 1.0), (Tempo(), 1.0), (Room(), 0.3), (Gain(), 0.5), (Noise(), 0.5))
"""Steps in their order, each with its probability."""


class Mixed(Augmentation):
    """Pitch and tempo, sometimes followed by a room, gain and noise."""

    key = "mixed"
    title = "Mixed"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw the parameters of every step that is applied."""
        # Every step draws, even if it is then dropped, so that one step's probability does not change the numbers of the next.
        drawn = {step.key: (rng.uniform() < probability, step.draw(rng, strength=strength)) for step, probability in CHAIN}
        return {key: parameters for key, (takes_part, parameters) in drawn.items() if takes_part}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the audio after all steps with parameters."""
        for step, _ in CHAIN:
            if step.key in parameters:
                samples = step.apply(samples, parameters[step.key])
        return samples
