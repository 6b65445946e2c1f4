"""The emotions and their order: defined here and nowhere else."""

from __future__ import annotations

RAVDESS_EMOTIONS: tuple[str, ...] = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""The eight emotions of RAVDESS in the order of its codes 01-08; the order of every probability vector."""

ALL_EMOTIONS: tuple[str, ...] = (*RAVDESS_EMOTIONS, "bored")
"""Every emotion a corpus may have, in the order in which a corpus lists those that it has."""


def in_order(emotions: set[str]) -> tuple[str, ...]:
    """Return the given emotions in the project's order.

    Parameters
    ----------
    emotions : set of str
        Names from :data:`ALL_EMOTIONS`.
    """
    return tuple(emotion for emotion in ALL_EMOTIONS if emotion in emotions)
