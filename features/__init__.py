"""clip → array: functionals, MFCC sequences, log-mel images, layers of a pretrained encoder; named columns and an on-disk cache.

Adding an input kind is its file and its line in :data:`INPUT_KINDS`.
"""

from __future__ import annotations

from audio.errors import UnknownKeyError
from features.analysis import Analysis
from features.functionals import Functionals
from features.image import Image
from features.kind import InputKind
from features.sequence import Sequence
from features.whisper import WhisperLayers

INPUT_KINDS: dict[str, InputKind] = {kind.key: kind for kind in (Functionals(), Sequence(), Image(), WhisperLayers())}

__all__ = ["INPUT_KINDS", "Analysis", "InputKind", "get_input_kind"]


def get_input_kind(key: str) -> InputKind:
    """Return an input kind by its key.

    Raises
    ------
    UnknownKeyError
        If there is none of that name.
    """
    try:
        return INPUT_KINDS[key]
    except KeyError:
        raise UnknownKeyError("input kind", key, sorted(INPUT_KINDS)) from None
