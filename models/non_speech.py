"""Non-speech vectors: functionals of sounds made by code, and of what recordings hold where nobody speaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audio.non_speech import LEARNT, make, room_tone
from features import INPUT_KINDS, Analysis

N_EACH = 4
"""Of each sound made by code."""
MAX_ROOMS = 16


def non_speech_vectors(recordings: Sequence[NDArray[np.float32]] = ()) -> NDArray[np.float32]:
    """Return functionals of what is no speech, the same in every run.

    Parameters
    ----------
    recordings : sequence of ndarray [shape=(n,), dtype=float32]
        Training clips; the quiet parts of some, raised to the level of speech, are the real non-speech.

    Returns
    -------
    ndarray [shape=(m, d), dtype=float32]
        First the sounds made by code, then the rooms.
    """
    step = max(1, len(recordings) // MAX_ROOMS)
    rooms = [tone for samples in recordings[::step][:MAX_ROOMS] if (tone := room_tone(samples)) is not None]
    made = [make(sound, seed=seed) for sound in LEARNT.values() for seed in range(N_EACH)]
    return np.stack([INPUT_KINDS["functionals"].extract(Analysis(samples)) for samples in (*made, *rooms)])
