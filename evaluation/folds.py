"""Speaker folds: which speakers a model may learn from, and which it is tested on.

Conventions
-----------
A *fold* is a set of test speakers; folds are disjoint and cover every speaker. The folds form two *halves*; a study tunes on
one half and its best configuration is tested on the folds of the other (cross-fitted tuning, see the README).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emotune.errors import ProtocolError, UnknownKeyError

HALVES = ("A", "B")
MAX_SPEAKERS_FOR_LEAVE_ONE_OUT = 10
N_BALANCED_FOLDS = 6
SPEAKERS = "speakers"
LEAVE_CORPORA_OUT = "corpora"
RULES = (SPEAKERS, "balanced", "leave-one-speaker-out", LEAVE_CORPORA_OUT)
"""How outer folds may be made: of speakers, published ones where a corpus has them, else balanced ones; or of whole corpora."""
MIN_FOLDS = 4
LEFT_OUT_WHOLE = "leave-one-corpus-out"
MIN_CORPORA = 2


class TestedOn(StrEnum):
    """Whom a run's figures are for."""

    __test__ = False  # not a test case, whatever pytest takes its name for

    UNSEEN_SPEAKERS = "unseen speakers"
    UNSEEN_CORPORA = "unseen corpora"
    UNKNOWN_SPEAKERS = "unknown speakers"


@dataclass(frozen=True)
class Folds:
    """The outer folds of a corpus.

    Attributes
    ----------
    name : str
        Which rule made them.
    test_speakers : tuple of tuple of str
        Test speakers of each fold.

    Raises
    ------
    ProtocolError
        If a speaker is in two folds, or there are too few folds.
    """

    name: str
    test_speakers: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        everyone = [speaker for fold in self.test_speakers for speaker in fold]
        repeated = sorted({speaker for speaker in everyone if everyone.count(speaker) > 1})
        if repeated:
            raise ProtocolError(f"Folds must share no speaker, but {', '.join(repeated)} is in two; give each speaker one fold.")
        fewest = MIN_CORPORA if self.are_corpora else MIN_FOLDS
        if len(self.test_speakers) < fewest or not all(self.test_speakers):
            raise ProtocolError(
                f"The protocol needs at least {fewest} folds with a speaker each, got {len(self.test_speakers)}; "
                f"add recordings of more speakers."
            )

    @property
    def are_corpora(self) -> bool:
        """Whether each fold is a whole corpus."""
        return self.name == LEFT_OUT_WHOLE

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


def make_folds(genders: Mapping[str, str], *, published: Sequence[Sequence[str]] | None = None, rule: str = SPEAKERS) -> Folds:
    """Return a corpus's outer folds: published ones where they exist, else deterministic gender-balanced ones.

    Parameters
    ----------
    genders : mapping of str to str
        Gender of each speaker (``""`` where unknown).
    published : sequence of sequences of str, optional
        Published test speakers of each fold. Speakers without clips are left out of their fold.
    rule : str
        One of :data:`RULES` but :data:`LEAVE_CORPORA_OUT`. Ten speakers or fewer are always left out one by one where no folds are
        published.

    Raises
    ------
    ProtocolError
        If fewer than four folds have a speaker, or a speaker has no published fold.
    """
    name, groups = _groups(genders, published=published, rule=rule)
    return Folds(name, groups)


def folds_over_corpora(
    genders: Mapping[str, Mapping[str, str]], *, published: Mapping[str, Sequence[Sequence[str]]], rule: str = SPEAKERS
) -> Folds:
    """Return the outer folds of one or several corpora.

    The folds of several corpora are dealt out over :data:`N_BALANCED_FOLDS`, so that each fold tests speakers of every corpus that
    has as many; under :data:`LEAVE_CORPORA_OUT` each corpus is a fold of its own.

    Parameters
    ----------
    genders : mapping of str to mapping of str to str
        Gender of each speaker, by corpus.
    published : mapping of str to sequence of sequences of str
        Published folds of the corpora that have some.
    rule : str
        One of :data:`RULES`.

    Raises
    ------
    ProtocolError
        If there are too few folds, a speaker has no published fold or is in two corpora, or a single corpus is to be left out.
    """
    if rule == LEAVE_CORPORA_OUT:
        return _leave_corpora_out(genders)
    if len(genders) == 1:
        ((corpus, only),) = genders.items()
        return make_folds(only, published=published.get(corpus), rule=rule)
    dealt: list[list[str]] = [[] for _ in range(N_BALANCED_FOLDS)]
    names = []
    for corpus, of_corpus in genders.items():
        # A speaker of several corpora is one person: the first corpus deals.
        new = {speaker: gender for speaker, gender in of_corpus.items() if not any(speaker in fold for fold in dealt)}
        name, groups = _groups(new, published=published.get(corpus), rule=rule)
        names.append(f"{corpus} {name}")
        # The emptiest folds come first, of both halves in turn, so that even two speakers of a corpus are in different halves.
        order = sorted(range(N_BALANCED_FOLDS), key=lambda fold: (len(dealt[fold]), fold % (N_BALANCED_FOLDS // 2)))
        for k, group in enumerate(groups):
            dealt[order[k % N_BALANCED_FOLDS]].extend(group)
    return Folds(f"mixed ({', '.join(names)})", tuple(tuple(fold) for fold in dealt if fold))


def _leave_corpora_out(genders: Mapping[str, Mapping[str, str]]) -> Folds:
    if len(genders) < MIN_CORPORA:
        raise ProtocolError(
            f"--protocol {LEAVE_CORPORA_OUT} leaves out whole corpora and needs two or more, got {', '.join(genders)}; "
            f"name several, such as --corpus ravdess+emodb."
        )
    speakers = [speaker for of_corpus in genders.values() for speaker in of_corpus]
    shared = sorted({speaker for speaker in speakers if speakers.count(speaker) > 1})
    if shared:
        raise ProtocolError(
            f"--protocol {LEAVE_CORPORA_OUT} needs speakers who are in one corpus each, but {', '.join(shared[:3])} is in two; "
            f"if they are different people, name them apart, such as a-{shared[0]} and b-{shared[0]}."
        )
    return Folds(LEFT_OUT_WHOLE, tuple(tuple(sorted(speakers)) for speakers in genders.values()))


def _groups(
    genders: Mapping[str, str], *, published: Sequence[Sequence[str]] | None, rule: str
) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Return the name of the rule that holds for a corpus, and the speakers of each fold."""
    if rule not in RULES:
        raise UnknownKeyError("protocol", rule, list(RULES))
    if published is not None and rule == SPEAKERS:
        missing = sorted(set(genders) - {speaker for fold in published for speaker in fold})
        if missing:
            raise ProtocolError(
                f"Every speaker needs a published fold, but {', '.join(missing)} has none; check the folder names, or give "
                f"--protocol balanced."
            )
        present = [tuple(speaker for speaker in fold if speaker in genders) for fold in published]
        return "published", tuple(fold for fold in present if fold)
    ordered = sorted(genders, key=lambda speaker: (genders[speaker], speaker))
    if len(ordered) <= MAX_SPEAKERS_FOR_LEAVE_ONE_OUT or rule == "leave-one-speaker-out":
        # Alternating over the gender-sorted list gives both halves men and women.
        return "leave-one-speaker-out", tuple((speaker,) for speaker in ordered[::2] + ordered[1::2])
    return "gender-balanced", tuple(tuple(ordered[k::N_BALANCED_FOLDS]) for k in range(N_BALANCED_FOLDS))
