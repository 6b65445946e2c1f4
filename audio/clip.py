"""A clip: one utterance, ready for features."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
"""The only sample rate inside the project; the loader resamples to it."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One utterance of one speaker.

    Attributes
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at :data:`SAMPLE_RATE_HZ`, nominally in [-1, 1].
    name : str
        Unique within its corpus, such as ``Actor_01/03-01-01-01-01-01-01``.
    speaker, emotion, corpus, language, source : str
        Who speaks, with which emotion, from which corpus, in which language (ISO 639-1), read from which file.
    gender : str
        ``"female"``, ``"male"`` or ``""`` where a corpus does not say.
    digest : str
        SHA-256 of the samples; the identity of the audio wherever it is cached or compared.
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
        self.samples.setflags(write=False)
        object.__setattr__(self, "digest", hashlib.sha256(self.samples.tobytes()).hexdigest())

    @property
    def duration_seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ
