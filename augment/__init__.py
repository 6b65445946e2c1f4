"""clip → clip: the augmentations, each in its own file, and the augmented copies of a clip."""

from __future__ import annotations

from augment.augmentation import Augmentation
from augment.catalogue import AUGMENTATIONS
from augment.variant import ORIGINAL, Variant, make_variant

__all__ = ["AUGMENTATIONS", "ORIGINAL", "Augmentation", "Variant", "make_variant"]
