"""clip → array: functionals, MFCC sequences, log-mel images, layers of pretrained encoders; named columns and an on-disk cache.

To add an input kind, write its file and add its line to :data:`INPUT_KINDS`.
"""

from __future__ import annotations

from emotune.registry import Registry
from features.analysis import Analysis
from features.egemaps import EGemaps
from features.functionals import Functionals
from features.kind import InputKind
from features.log_mel import LogMel
from features.mfcc import MfccSequence
from features.whisper.layers import WhisperBase, WhisperTiny

INPUT_KINDS: Registry[InputKind] = Registry(
    "input kind", (Functionals(), MfccSequence(), LogMel(), WhisperTiny(), WhisperBase(), EGemaps())
)

__all__ = ["INPUT_KINDS", "Analysis", "InputKind"]
