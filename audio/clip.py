"""A clip: one utterance, ready for features."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
"""The sample rate of every clip; the loader resamples to it."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One utterance of one speaker.

    Attributes
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at :data:`SAMPLE_RATE_HZ`, nominally in [-1, 1]; read-only, copied from the argument if that is writable.
    name : str
        Unique within its corpus, such as ``Actor_01/03-01-01-01-01-01-01``.
    speaker, emotion, corpus, language, source : str
        Speaker, emotion, corpus, language (ISO 639-1) and path of the recording.
    gender : str
        ``"female"``, ``"male"`` or ``""`` if the corpus does not name it.
    digest : str
        SHA-256 of the samples; caches and comparisons identify the audio by it.
    """

    samples: NDArray[np.float32]
    name: str
    speaker: str
    emotion: str
    corpus: str
    language: str
    source: str
    gender: str = ""
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        if self.samples.flags.writeable:
            object.__setattr__(self, "samples", self.samples.copy())
        self.samples.setflags(write=False)
        object.__setattr__(self, "digest", hashlib.sha256(self.samples.tobytes()).hexdigest())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.samples.setflags(write=False)  # pickling loses the flag

    @property
    def duration_seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ
