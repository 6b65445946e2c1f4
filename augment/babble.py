"""Babble: other people who talk at the same time. Nothing draws it; the test suite is made with it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from augment.augmentation import Effect, Parameters

N_TALKERS = 6


@dataclass(frozen=True)
class Voices:
    """Several people who talk at once.

    Attributes
    ----------
    digest : str
        Names them: equal digests, equal samples.
    samples : ndarray [shape=(n,), dtype=float32]
        At ``SAMPLE_RATE_HZ``; begun again where it ends.
    """

    digest: str
    samples: NDArray[np.float32] = field(repr=False, compare=False)


def mix_voices(talkers: Sequence[Sequence[NDArray[np.float32]]]) -> Voices:
    """Return people who talk at once, each as loud as the others, for as long as the one who says the least.

    Parameters
    ----------
    talkers : sequence of sequence of ndarray [shape=(n,), dtype=float32]
        Clips of each, said one after another.
    """
    tracks = [np.concatenate([_at_one_level(clip) for clip in clips]) for clips in talkers]
    n = min(map(len, tracks))
    mixed = np.sum([track[:n] for track in tracks], axis=0).astype(np.float32)
    return Voices(hashlib.sha256(mixed.tobytes()).hexdigest()[:16], mixed)


class Babble(Effect):
    """Add voices at a signal-to-noise ratio over the whole clip, from a place in them that the clip itself decides."""

    key = "babble"
    title = "Babble"

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return audio plus ``voices`` (:class:`Voices`) at ``snr_db``."""
        voices: Voices = parameters["voices"]
        start = zlib.crc32(samples.tobytes()) % len(voices.samples)
        babble = np.resize(np.roll(voices.samples, -start), len(samples)).astype(np.float64)
        signal_rms, babble_rms = (np.sqrt(np.mean(np.square(one, dtype=np.float64))) for one in (samples, babble))
        scale = signal_rms / max(babble_rms, 1e-12) * 10 ** (-parameters["snr_db"] / 20)
        return (samples + scale * babble).astype(np.float32)


def _at_one_level(clip: NDArray[np.float32]) -> NDArray[np.float64]:
    samples = clip.astype(np.float64)
    return samples / max(float(np.sqrt(np.mean(samples**2))), 1e-6)
