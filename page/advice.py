"""Advice: what makes a recording hard to judge, in plain words.

Each measure is simple enough to explain; each limit was set so that clean acted speech (RAVDESS, EmoDB, EMOVO) stays well on the
right side of it.

Conventions
-----------
Levels are of 10 ms blocks, in dB of full scale. The *peak level* is their 97th percentile, the *floor* their 5th.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.notes import NoteKind
from features import Analysis
from features.frames import trim

BLOCK_SAMPLES = 160
POWER_FLOOR = 1e-10

QUIET_DB = -55.0
FULL_SCALE = 0.97
MAX_FULL_SCALE_SHARE = 5e-4
SHORT_SECONDS = 0.8
ACTIVE_DB = 30.0
MIN_ACTIVE_SHARE = 0.2
MIN_CONTRAST_DB = 20.0
HELD_FRAMES = 25
HELD_SEMITONES = 0.5
MAX_HELD_SHARE = 0.12
STRANGE, VERY_STRANGE = 1.0, 3.0


def block_levels_db(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the level of each 10 ms, (n_blocks,); at least one block."""
    n_blocks = max(1, len(samples) // BLOCK_SAMPLES)
    blocks = np.resize(samples, n_blocks * BLOCK_SAMPLES).reshape(n_blocks, BLOCK_SAMPLES).astype(np.float64)
    return np.asarray(10 * np.log10(np.mean(blocks**2, axis=1) + POWER_FLOOR))


def held_share(analysis: Analysis) -> float:
    """Return the share of a clip in which the pitch stays within half a semitone for a quarter of a second.

    Notes are held, speech glides: pitch dynamics tell singing from speaking (Ohishi, Goto, Itou & Takeda 2005, Interspeech).
    """
    voice = analysis.voice
    if len(voice.f0_semitones) < HELD_FRAMES:
        return 0.0
    spans = np.ptp(sliding_window_view(voice.f0_semitones, HELD_FRAMES), axis=1)
    voiced = sliding_window_view(voice.is_voiced, HELD_FRAMES).all(axis=1)
    return float(((spans < HELD_SEMITONES) & voiced).mean())


def advise(
    samples: NDArray[np.float32], *, held: float, ood_score: float | None, noted: Collection[NoteKind] = ()
) -> tuple[str, ...]:
    """Return what to know before trusting the predictions, the weightiest first; nothing for a good recording.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        The recording.
    held : float
        As :func:`held_share` measures it.
    ood_score : float, optional
        How unlike the training speech it is, 1 being the limit.
    noted : collection of NoteKind
        What the loader's notes already tell.
    """
    levels = block_levels_db(samples)
    floor_db, loud_db, peak_db = np.quantile(levels, [0.05, 0.95, 0.97])
    seconds = len(trim(samples)) / SAMPLE_RATE_HZ
    active_share = float((levels > peak_db - ACTIVE_DB).mean())
    full_scale_share = float((np.abs(samples) >= FULL_SCALE).mean())
    contrast_db = float(loud_db - floor_db)
    found = (
        (seconds < SHORT_SECONDS, f"Too short: {seconds:.1f} s of speech; the models learnt from whole sentences."),
        (peak_db < QUIET_DB, f"Too quiet: the loudest parts reach {peak_db:.0f} dB of full scale. Come closer to the microphone."),
        (
            full_scale_share > MAX_FULL_SCALE_SHARE and NoteKind.CLIPPED not in noted,
            f"Clipped: {full_scale_share:.1%} of the samples sit at full scale. Record quieter.",
        ),
        (active_share < MIN_ACTIVE_SHARE, f"Mostly silence: there is sound in {active_share:.0%} of it. Cut the pauses."),
        (contrast_db < MIN_CONTRAST_DB, f"Noisy: the loudest parts stand only {contrast_db:.0f} dB above the background."),
        (held > MAX_HELD_SHARE, f"May be music or singing: the pitch is held like notes in {held:.0%} of it."),
    )
    return (*_strange(ood_score), *(words for applies, words in found if applies))


def is_nonsense(*, held: float, ood_score: float | None) -> bool:
    """Return whether a clip resembles speech so little that no prediction of it is sure, whatever its confidence.

    Parameters
    ----------
    held, ood_score : float
        As in :func:`advise`.
    """
    return held > MAX_HELD_SHARE or (ood_score is not None and ood_score > VERY_STRANGE)


def _strange(ood_score: float | None) -> tuple[str, ...]:
    if ood_score is None or ood_score <= STRANGE:
        return ()
    if ood_score <= VERY_STRANGE:
        return ("Unlike the training speech: another language, microphone, room or way of speaking. Expect more mistakes.",)
    return ("Hardly resembles the training speech; it may not be speech at all. Do not trust the predictions.",)
