"""Speaker folds: which speakers a model may learn from, and which it is tested on.

Conventions
-----------
A *fold* is a set of test speakers; folds are disjoint and cover every speaker. The folds form two *halves*; a study tunes on
one half and its best configuration is tested on the folds of the other (cross-fitted tuning, see the README).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emotune.errors import ProtocolError, UnknownKeyError

HALVES = ("A", "B")
MAX_SPEAKERS_FOR_LEAVE_ONE_OUT = 10
N_BALANCED_FOLDS = 6
RULES = ("published", "balanced", "leave-one-speaker-out")
"""How outer folds may be made; "published" falls back to "balanced" where a corpus has none."""
MIN_FOLDS = 4


@dataclass(frozen=True)
class Folds:
    """The outer folds of a corpus.

    Attributes
    ----------
    name : str
        Which rule made them.
    test_speakers : tuple of tuple of str
        Test speakers of each fold.
    """

    name: str
    test_speakers: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        everyone = [speaker for fold in self.test_speakers for speaker in fold]
        repeated = sorted({speaker for speaker in everyone if everyone.count(speaker) > 1})
        if repeated:
            raise ProtocolError(f"Folds must share no speaker, but {', '.join(repeated)} is in two; give each speaker one fold.")
        if len(self.test_speakers) < MIN_FOLDS or not all(self.test_speakers):
            raise ProtocolError(
                f"The protocol needs at least {MIN_FOLDS} folds with a speaker each, got {len(self.test_speakers)}; "
                f"add recordings of more speakers."
            )

    @property
    def speakers(self) -> frozenset[str]:
        """Every speaker of every fold."""
        return frozenset(speaker for fold in self.test_speakers for speaker in fold)

    def half_of(self, fold: int) -> str:
        """Return the half that a fold lies in (its speakers' own half, not the one that tunes for it)."""
        return HALVES[0] if fold < (len(self.test_speakers) + 1) // 2 else HALVES[1]

    def tuning_half_for(self, fold: int) -> str:
        """Return the half whose study tunes the configuration that is tested on a fold: always the other one."""
        return HALVES[1 - HALVES.index(self.half_of(fold))]

    def in_half(self, half: str) -> tuple[int, ...]:
        """Return the numbers of the folds in a half."""
        return tuple(fold for fold in range(len(self.test_speakers)) if self.half_of(fold) == half)

    def fold_of_speaker(self) -> dict[str, int]:
        """Return each speaker's fold."""
        return {speaker: fold for fold, speakers in enumerate(self.test_speakers) for speaker in speakers}


def make_folds(genders: Mapping[str, str], *, published: Sequence[Sequence[str]] | None = None, rule: str = "published") -> Folds:
    """Return a corpus's outer folds: published ones where they exist, else deterministic gender-balanced ones.

    Parameters
    ----------
    genders : mapping of str to str
        Gender of each speaker (``""`` where unknown).
    published : sequence of sequences of str, optional
        Published test speakers of each fold. Speakers without clips are left out of their fold.
    rule : str
        One of :data:`RULES`. Ten speakers or fewer are always left out one by one where no folds are published.

    Raises
    ------
    ProtocolError
        If fewer than four folds have a speaker, or a speaker has no published fold.
    """
    if rule not in RULES:
        raise UnknownKeyError("protocol", rule, list(RULES))
    if published is not None and rule == "published":
        missing = sorted(set(genders) - {speaker for fold in published for speaker in fold})
        if missing:
            raise ProtocolError(
                f"Every speaker needs a published fold, but {', '.join(missing)} has none; check the folder names, or give "
                f"--protocol balanced."
            )
        present = [tuple(speaker for speaker in fold if speaker in genders) for fold in published]
        return Folds("published", tuple(fold for fold in present if fold))
    ordered = sorted(genders, key=lambda speaker: (genders[speaker], speaker))
    if len(ordered) <= MAX_SPEAKERS_FOR_LEAVE_ONE_OUT or rule == "leave-one-speaker-out":
        # Alternating over the gender-sorted list gives both halves men and women.
        return Folds("leave-one-speaker-out", tuple((speaker,) for speaker in ordered[::2] + ordered[1::2]))
    return Folds("gender-balanced", tuple(tuple(ordered[k::N_BALANCED_FOLDS]) for k in range(N_BALANCED_FOLDS)))
