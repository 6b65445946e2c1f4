"""Speaker-independent splits: the choice of inner speakers, and the check that no speaker is on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from emotune.errors import ProtocolError


def n_inner_speakers(n_speakers: int) -> int:
    """Return how many of so many training speakers validate a network: a sixth of few, two of about twenty, a tenth of many."""
    return max(1, min(2, n_speakers // 6), n_speakers // 10)


def choose_inner_speakers(genders: Mapping[str, str], *, n_speakers: int, seed: int) -> frozenset[str]:
    """Choose speakers to hold out inside the training side, as evenly over the genders as possible.

    Parameters
    ----------
    genders : mapping of str to str
        Gender of each training speaker.
    n_speakers : int
        Number of speakers to hold out, less than there are.
    seed : int
        Seed of the choice.
    """
    if not 0 < n_speakers < len(genders):
        raise ProtocolError(
            f"Inner validation must hold out between 1 and {len(genders) - 1} of {len(genders)} speakers, got {n_speakers}."
        )
    rng = np.random.default_rng(seed)
    by_gender = [sorted(s for s in genders if genders[s] == gender) for gender in sorted(set(genders.values()))]
    shuffled = [list(rng.permutation(group)) for group in by_gender]
    first = int(rng.integers(len(shuffled)))
    order = shuffled[first:] + shuffled[:first]
    interleaved = [group[k] for k in range(max(map(len, order))) for group in order if k < len(group)]
    return frozenset(str(speaker) for speaker in interleaved[:n_speakers])


def require_disjoint(training: Sequence[str], held_out: Sequence[str]) -> None:
    """Check that no speaker is on both sides of a split.

    Raises
    ------
    ProtocolError
        If any speaker is on both sides.
    """
    shared = sorted(set(training) & set(held_out))
    if shared:
        raise ProtocolError(f"No speaker may be on both sides of a split, but {', '.join(shared)} is; split by speaker.")
