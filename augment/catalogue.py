"""The registries of augmentations and effects; to add one, write its file and add its line here."""

from __future__ import annotations

from augment.augmentation import Augmentation, Effect
from augment.babble import Babble
from augment.band import Band
from augment.clipping import Clipping
from augment.codec import Codec
from augment.distance import Distance
from augment.equaliser import Equaliser
from augment.gain import Gain
from augment.microphone import Microphone
from augment.mixed import Mixed
from augment.noise import Noise
from augment.pitch import Pitch
from augment.room import Room
from augment.speed import Speed
from augment.tempo import Tempo
from emotune.registry import Registry

AUGMENTATIONS: Registry[Augmentation] = Registry("augmentation", (Noise(), Pitch(), Speed(), Room(), Mixed(), Microphone()))
"""What a search can choose. Each costs the features of every clip, so there are few."""

PARTS: Registry[Augmentation] = Registry("part of an augmentation", (Tempo(), Distance(), Equaliser(), Band(), Clipping(), Codec()))
"""What only chains draw."""

DRAWN: Registry[Augmentation] = Registry("augmentation", (*AUGMENTATIONS.values(), *PARTS.values()))
"""What draws its parameters."""

EFFECTS: Registry[Effect] = Registry("effect", (*DRAWN.values(), Gain(), Babble()))
"""What can be applied with parameters that are set by hand."""
