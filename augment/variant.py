"""Variants: named, reproducible augmented copies of a clip."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import Clip
from augment.augmentation import Augmentation
from augment.catalogue import DRAWN, EFFECTS
from augment.codec import codecs_hash

STRENGTHS: Mapping[str, float] = {"gentle": 0.5, "strong": 1.0}


@dataclass(frozen=True)
class Variant:
    """The name of an augmented copy; a clip and a variant determine the audio exactly.

    Attributes
    ----------
    augmentation : str
        Key of an augmentation, or of an effect with fixed parameters; ``"none"`` for the clip itself.
    strength : str
        A key of :data:`STRENGTHS`, or ``"fixed"`` with parameters.
    copy : int
        Number of the copy, from 0.
    parameters : tuple of (str, value)
        Parameters that replace drawn ones, for tests of robustness.
    """

    augmentation: str = "none"
    strength: str = "gentle"
    copy: int = 0
    parameters: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """A short name, the same everywhere."""
        if self.augmentation == "none":
            return "original"
        fixed = hashlib.sha256(repr(self.parameters).encode()).hexdigest()[:8] if self.parameters else self.strength
        return f"{self.augmentation}-{fixed}-{self.copy}"

    @property
    def key(self) -> str:
        """A short name of the audio, usable in a file name: other codecs give other audio of one name."""
        uses_codecs = self.augmentation in EFFECTS and EFFECTS[self.augmentation].uses_codecs
        return f"{self.name}-{codecs_hash()}" if uses_codecs else self.name


ORIGINAL = Variant()
"""The clip itself."""


def make_variant(clip: Clip, variant: Variant, *, augmentation: Augmentation | None = None) -> NDArray[np.float32]:
    """Return the audio of a variant.

    The seed depends on the clip's content and the variant's name only, so every run gives the same audio.

    Parameters
    ----------
    clip : Clip
        The original.
    variant : Variant
        Name of the copy.
    augmentation : Augmentation, optional
        Its augmentation; looked up in the registry if not given.
    """
    if variant == ORIGINAL:
        return clip.samples
    if variant.parameters:
        return (augmentation or EFFECTS[variant.augmentation]).apply(clip.samples, dict(variant.parameters))
    if augmentation is None:
        augmentation = DRAWN[variant.augmentation]
    seed = int.from_bytes(hashlib.sha256(f"{clip.digest}/{variant.name}".encode()).digest()[:8])
    parameters = augmentation.draw(np.random.default_rng(seed), strength=STRENGTHS[variant.strength])
    return augmentation.apply(clip.samples, parameters)
