"""The emotions and their order: defined here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

RAVDESS_EMOTIONS: tuple[str, ...] = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""The eight emotions of RAVDESS in the order of its codes 01-08; the first ones of every probability vector."""


def in_order(emotions: Iterable[str]) -> tuple[str, ...]:
    """Return the given emotions in the project's order: RAVDESS's eight in order, then any other by name.

    Parameters
    ----------
    emotions : iterable of str
        Names of emotions; repeated ones count once.
    """
    given = set(emotions)
    return (*(emotion for emotion in RAVDESS_EMOTIONS if emotion in given), *sorted(given.difference(RAVDESS_EMOTIONS)))
