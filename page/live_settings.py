"""Live settings: how a session listens, how often it answers, and when it says what is amiss."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LiveSettings:
    """How a session listens.

    Attributes
    ----------
    window_seconds, every_seconds : float
        What is predicted, and how often.
    min_voice_seconds : float
        A window with less voice is not predicted.
    silent_after_seconds : float
        Without voice for so long there is silence.
    smoothing : float
        Weight of the newest probabilities.
    n_agreeing : int
        How many answers in a row change the state.
    patience_seconds : float
        How long a window waits for its turn before it is dropped.
    behind_seconds : float
        An answer older than this is told to be late.
    away_seconds : float
        After so long without a chunk, nobody listened; shorter gaps are sound that was lost.
    lost_noted_seconds : float
        For so long it is told that sound was lost.
    most_rows : int
        The latest rows are kept, at most so many.
    """

    window_seconds: float = 2.5
    every_seconds: float = 0.5
    min_voice_seconds: float = 0.25
    silent_after_seconds: float = 0.8
    smoothing: float = 0.5
    n_agreeing: int = 2
    patience_seconds: float = 0.45
    behind_seconds: float = 1.5
    away_seconds: float = 2.0
    lost_noted_seconds: float = 60.0
    most_rows: int = 7200
