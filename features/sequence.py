"""MFCC sequences: what the recurrent and one-dimensional networks read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.analysis import Analysis
from features.frames import FRAMES_SPEC, delta
from features.kind import InputKind, finite
from features.voice import VOICE_SPEC

N_MFCC = 30
FRAMES_PER_STEP = 2


def pool_frames(tracks: NDArray[Any], frames_per_step: int) -> NDArray[Any]:
    """Average each ``frames_per_step`` frames, dropping a shorter rest: (n_frames, n) → (n_frames // frames_per_step, n)."""
    n_steps = len(tracks) // frames_per_step
    return tracks[: n_steps * frames_per_step].reshape(n_steps, frames_per_step, -1).mean(axis=1)


class Sequence(InputKind):
    """MFCC with deltas, level, pitch, voicing, harmonicity and chroma, one step each 20 ms."""

    key = "sequence"
    title = "MFCC sequence"
    spec = {"frames": FRAMES_SPEC, "voice": VOICE_SPEC, "n_mfcc": N_MFCC, "frames_per_step": FRAMES_PER_STEP, "version": 1}
    columns = (
        *(f"mfcc{k}" for k in range(N_MFCC)),
        *(f"mfcc{k}.delta" for k in range(N_MFCC)),
        *("level_db", "level_db.delta", "f0_semitones", "f0_semitones.delta", "is_voiced", "harmonicity"),
        *(f"chroma{k}" for k in range(12)),
    )

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the sequence, (n_steps, 78), float16."""
        mfcc = analysis.mfcc[:, :N_MFCC]
        voice = analysis.voice
        f0 = np.where(voice.is_voiced, voice.f0_semitones, 0)
        scalars = [
            analysis.level_db,
            delta(analysis.level_db),
            f0,
            delta(voice.f0_semitones) * voice.is_voiced,
            voice.is_voiced,
            voice.harmonicity,
        ]
        tracks = np.concatenate([mfcc, delta(mfcc), np.stack(scalars, axis=1), analysis.chroma], axis=1)
        return finite(pool_frames(tracks, FRAMES_PER_STEP), dtype=np.float16)
