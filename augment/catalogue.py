"""The registry of augmentations; to add one, write its file and add its line here."""

from __future__ import annotations

from augment.augmentation import Augmentation
from augment.gain import Gain
from augment.mixed import Mixed
from augment.noise import Noise
from augment.pitch import Pitch
from augment.room import Room
from augment.tempo import Tempo
from emotune.registry import Registry

AUGMENTATIONS: Registry[Augmentation] = Registry("augmentation", (Noise(), Pitch(), Tempo(), Gain(), Room(), Mixed()))
