"""clip → clip: the augmentations, each in its own file, and the variants that a search can choose.

Adding an augmentation is its file and its line in :data:`AUGMENTATIONS`.
"""

from __future__ import annotations

from audio.errors import UnknownKeyError
from augment.augmentation import Augmentation
from augment.gain import Gain
from augment.mixed import Mixed
from augment.noise import Noise
from augment.pitch import Pitch
from augment.room import Room
from augment.tempo import Tempo
from augment.variant import ORIGINAL, Variant, make_variant

AUGMENTATIONS: dict[str, Augmentation] = {
    augmentation.key: augmentation for augmentation in (Noise(), Pitch(), Tempo(), Gain(), Room(), Mixed())
}

__all__ = ["AUGMENTATIONS", "ORIGINAL", "Augmentation", "Variant", "get_augmentation", "make_variant"]


def get_augmentation(key: str) -> Augmentation:
    """Return an augmentation by its key.

    Raises
    ------
    UnknownKeyError
        If there is none of that name.
    """
    try:
        return AUGMENTATIONS[key]
    except KeyError:
        raise UnknownKeyError("augmentation", key, sorted(AUGMENTATIONS)) from None
