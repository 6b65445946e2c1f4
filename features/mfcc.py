"""MFCC sequences: the input of the recurrent and one-dimensional networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.analysis import Analysis
from features.frames import FRAMES_SPEC, delta
from features.kind import InputKind, finite
from features.voice import VOICE_SPEC

N_MFCC = 30
FRAMES_PER_STEP = 4


def decimate(tracks: NDArray[Any], frames_per_step: int) -> NDArray[Any]:
    """Average groups of frames, without an incomplete last one: (n_frames, n) → (n_frames // frames_per_step, n)."""
    return _steps(tracks, frames_per_step).mean(axis=1)


def _steps(tracks: NDArray[Any], frames_per_step: int) -> NDArray[Any]:
    n_steps = len(tracks) // frames_per_step
    return tracks[: n_steps * frames_per_step].reshape(n_steps, frames_per_step, -1)


class MfccSequence(InputKind):
    """Mean and deviation of MFCC, mean level, pitch, voicing, harmonicity and chroma, one step each 40 ms."""

    key = "sequence"
    title = "MFCC sequence"
    spec = {"frames": FRAMES_SPEC, "voice": VOICE_SPEC, "n_mfcc": N_MFCC, "frames_per_step": FRAMES_PER_STEP, "version": 3}
    columns = (
        *(f"mfcc{k}" for k in range(N_MFCC)),
        *(f"mfcc{k}.deviation" for k in range(N_MFCC)),
        *("level_db", "f0_semitones", "f0_semitones.voiced", "is_voiced", "harmonicity"),
        *("level_db.delta", "f0_semitones.delta"),
        *(f"chroma{k}" for k in range(12)),
    )

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the sequence, (n_steps, 79), float16."""
        mfcc = analysis.mfcc[:, :N_MFCC]
        voice = analysis.voice
        scalars = [
            analysis.level_db,
            voice.f0_semitones,
            voice.f0_semitones * voice.is_voiced,
            voice.is_voiced,
            voice.harmonicity,
            delta(analysis.level_db),
            delta(voice.f0_semitones) * voice.is_voiced,
        ]
        means = decimate(np.concatenate([mfcc, np.stack(scalars, axis=1), analysis.chroma], axis=1), FRAMES_PER_STEP)
        deviations = _steps(mfcc, FRAMES_PER_STEP).std(axis=1)
        return finite(np.concatenate([means[:, :N_MFCC], deviations, means[:, N_MFCC:]], axis=1), dtype=np.float16)
