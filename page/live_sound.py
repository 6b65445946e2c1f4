"""Live sound: the last seconds that a session heard, and where in them somebody spoke."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.speech import HOP_SECONDS, VoiceActivity

SILENCE_DB = -100.0


class LiveSound:
    """Sound that goes on, of which the end is kept.

    Parameters
    ----------
    kept_seconds : float
        How much of it.
    """

    def __init__(self, kept_seconds: float) -> None:
        self._n_kept = round(kept_seconds * SAMPLE_RATE_HZ)
        self._voiced: deque[bool] = deque(maxlen=round(kept_seconds / HOP_SECONDS))
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.samples: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self.level_db = SILENCE_DB
        self._voiced.clear()
        self._activity = VoiceActivity()

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take what follows."""
        if len(samples):
            self.level_db = float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-10))
        self._voiced.extend(self._activity.push(samples).is_voiced.tolist())
        self._keep(samples)

    def skip(self, seconds: float) -> None:
        """Keep the place of sound that did not come, so that what lies around it keeps its time."""
        self._voiced.extend([False] * round(seconds / HOP_SECONDS))
        self._keep(np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32))

    def voice_seconds(self, last_seconds: float | None = None) -> float:
        """Return how long somebody spoke in what is kept, or in its end."""
        n = len(self._voiced) if last_seconds is None else round(last_seconds / HOP_SECONDS)
        return sum(list(self._voiced)[-n:]) * HOP_SECONDS

    def _keep(self, samples: NDArray[np.float32]) -> None:
        self.samples = np.concatenate([self.samples, samples])[-self._n_kept :]
