"""clip → clip: the augmentations, each in its own file, and the augmented copies of a clip."""

from __future__ import annotations

from augment.augmentation import Augmentation, Effect
from augment.catalogue import AUGMENTATIONS, EFFECTS, PARTS
from augment.variant import ORIGINAL, Variant, make_variant

__all__ = ["AUGMENTATIONS", "EFFECTS", "ORIGINAL", "PARTS", "Augmentation", "Effect", "Variant", "make_variant"]
