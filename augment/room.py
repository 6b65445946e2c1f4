"""Room: the reverberation of a small room."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment.augmentation import Augmentation, Parameters

SHORTEST_RT60_SECONDS = 0.1
LONGEST_RT60_SECONDS = 0.5
DRIEST_DB = 18.0
WETTEST_DB = 3.0


class Room(Augmentation):
    """Convolve with a synthetic room: a direct path and exponentially decaying noise.

    The model of late reverberation is Moorer's (1979, Computer Music Journal 3(2)). The level stays the same.
    """

    key = "room"
    title = "Room"

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``rt60_seconds``, ``direct_to_reverberant_db`` and ``seed``.

        At full strength 0.22 to 0.5 s and 13.5 down to 3 dB; at half 0.16 to 0.3 s and 15.8 down to 10.5 dB.
        """
        return {
            "rt60_seconds": SHORTEST_RT60_SECONDS
            + float(rng.uniform(0.3, 1.0)) * (LONGEST_RT60_SECONDS - SHORTEST_RT60_SECONDS) * strength,
            "direct_to_reverberant_db": DRIEST_DB - float(rng.uniform(0.3, 1.0)) * (DRIEST_DB - WETTEST_DB) * strength,
            "seed": int(rng.integers(2**31)),
        }

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the audio in the room, as long and as loud as the original."""
        impulse_response = _impulse_response(**parameters)
        wet = scipy.signal.fftconvolve(samples, impulse_response)[: len(samples)]
        loudness = np.sqrt(np.mean(samples.astype(np.float64) ** 2) / max(float(np.mean(wet**2)), 1e-20))
        return (wet * loudness).astype(np.float32)


def _impulse_response(*, rt60_seconds: float, direct_to_reverberant_db: float, seed: int) -> NDArray[np.float64]:
    n = max(2, round(rt60_seconds * SAMPLE_RATE_HZ))
    decay = 10 ** (-3 * np.arange(1, n) / n)  # -60 dB at rt60
    tail = np.random.default_rng(seed).standard_normal(n - 1) * decay
    tail *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt(np.sum(tail**2))
    return np.concatenate([[1.0], tail])
