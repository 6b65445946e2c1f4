"""Dataset: the clips of a run, its folds, and the only door from clips to training examples and test inputs.

Test inputs are asked for by clip alone, training examples by clip and configuration: only the latter ever make variants, so an
augmented copy of a test clip cannot reach a model.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from audio.clip import Clip
from augment import ORIGINAL, Variant
from augment.policy import variants_of
from emotune.errors import ProtocolError
from evaluation.folds import Folds, TestedOn
from features import InputKind
from features.store import FeatureStore
from models import Config, Examples
from models.speakers import n_inner_speakers, require_disjoint

Rows = NDArray[np.intp]
N_SPEAKER_PARTS = 3
CORPORA_COUNT = "corpora_count"
ALIKE = "alike"
BY_CLIPS = "by clips"
"""Values of the configuration's key :data:`CORPORA_COUNT`: whether each corpus or each clip weighs the same in training."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a run works on.

    Attributes
    ----------
    clips : tuple of Clip
        Every clip of the corpus, sorted by name.
    emotions : tuple of str
        In the order of every probability vector.
    folds : Folds
        The outer folds.
    store : FeatureStore
        Where arrays come from.
    speakers_known : bool
        False if the speakers were made up.
    """

    clips: tuple[Clip, ...]
    emotions: tuple[str, ...]
    folds: Folds
    store: FeatureStore
    speakers_known: bool = True

    @property
    def tested_on(self) -> TestedOn:
        """Whom the figures are for."""
        if not self.speakers_known:
            return TestedOn.UNKNOWN_SPEAKERS
        return TestedOn.UNSEEN_CORPORA if self.folds.are_corpora else TestedOn.UNSEEN_SPEAKERS

    @cached_property
    def targets(self) -> Rows:
        """Index of each clip's emotion, (n_clips,)."""
        return np.array([self.emotions.index(clip.emotion) for clip in self.clips])

    @cached_property
    def speakers(self) -> NDArray[np.str_]:
        """Speaker of each clip, (n_clips,)."""
        return np.array([clip.speaker for clip in self.clips])

    @cached_property
    def corpus_of_clip(self) -> NDArray[np.str_]:
        """Corpus of each clip, (n_clips,)."""
        return np.array([clip.corpus for clip in self.clips])

    @cached_property
    def corpora(self) -> tuple[str, ...]:
        """The corpora, in the order of their first clips."""
        return tuple(dict.fromkeys(self.corpus_of_clip.tolist()))

    @cached_property
    def genders(self) -> dict[str, str]:
        """Gender of each speaker."""
        return {clip.speaker: clip.gender for clip in self.clips}

    @cached_property
    def corpora_of(self) -> dict[str, str]:
        """Corpus of each speaker."""
        return {clip.speaker: clip.corpus for clip in self.clips}

    @property
    def n_folds(self) -> int:
        """Number of outer folds."""
        return len(self.folds.test_speakers)

    @cached_property
    def fold_of_clip(self) -> Rows:
        """Outer fold of each clip, (n_clips,)."""
        fold = self.folds.fold_of_speaker()
        return np.array([fold[clip.speaker] for clip in self.clips])

    @cached_property
    def data_hash(self) -> str:
        """A fingerprint of the clips, their speakers, emotions and, if there are several, corpora."""
        digest = hashlib.sha256()
        for clip in self.clips:
            corpus = f"\t{clip.corpus}" if len(self.corpora) > 1 else ""
            digest.update(f"{clip.name}\t{clip.speaker}\t{clip.emotion}\t{clip.digest}{corpus}\n".encode())
        return digest.hexdigest()[:16]

    @cached_property
    def folds_hash(self) -> str:
        """A fingerprint of the outer folds."""
        return hashlib.sha256(json.dumps(self.folds.test_speakers).encode()).hexdigest()[:16]

    def rows_of(self, speakers: Sequence[str]) -> Rows:
        """Return the clips of some speakers."""
        return np.flatnonzero(np.isin(self.speakers, speakers))

    def rows_in(self, folds: Sequence[int]) -> Rows:
        """Return the clips of some folds."""
        return np.flatnonzero(np.isin(self.fold_of_clip, folds))

    def split(self, *, test_fold: int) -> tuple[Rows, Rows]:
        """Return training and test clips of a fold; no speaker is in both."""
        tested = self.rows_in([test_fold])
        return self.disjoint(self.all_rows(), tested)

    def parts_of(self, half: str) -> list[Rows]:
        """Return the clips of a half in parts that are held out in turn, one a fold; no speaker is in two.

        A half with one fold, as where few corpora are left out whole, is parted by its speakers.
        """
        folds = self.folds.in_half(half)
        if len(folds) > 1:
            return [self.rows_in([fold]) for fold in folds]
        ordered = sorted(self.folds.test_speakers[folds[0]], key=lambda speaker: (self.genders[speaker], speaker))
        n = min(N_SPEAKER_PARTS, len(ordered))
        return [self.rows_of(ordered[k::n]) for k in range(n)]

    def inner_parts(self, half: str, *, n_parts: int, turn: int = 0) -> list[Rows]:
        """Return the clips of some small groups of speakers of a half, of both genders and several corpora where it has them.

        Where corpora are tested whole the groups are the half's corpora, so that what inner predictions teach (temperatures,
        thresholds, ensembles' weights, adaptation, the epoch at which a network stops) is for corpora that a model has not met.

        Parameters
        ----------
        half : str
            One of :data:`evaluation.folds.HALVES`.
        n_parts : int
            How many groups; fewer if the half has fewer speakers.
        turn : int
            Another turn starts at other speakers, so that several turns reach all of them.
        """
        groups = self._inner_groups(half)
        n = min(n_parts, len(groups))
        return [self.rows_of(groups[(turn * n + k) % len(groups)]) for k in range(n)]

    def _inner_groups(self, half: str) -> list[Sequence[str]]:
        folds = self.folds.in_half(half)
        if self.folds.are_corpora and len(folds) > 1:
            return [self.folds.test_speakers[fold] for fold in folds]
        speakers = sorted({speaker for fold in folds for speaker in self.folds.test_speakers[fold]})
        alike: dict[tuple[str, str], list[str]] = {}
        for speaker in speakers:
            alike.setdefault((self.corpora_of[speaker], self.genders[speaker]), []).append(speaker)
        mixed = [one for group in itertools.zip_longest(*alike.values()) for one in group if one is not None]
        size = n_inner_speakers(len(self.genders))
        return [mixed[start : start + size] for start in range(0, len(mixed), size)]

    def all_rows(self) -> Rows:
        """Return every clip."""
        return np.arange(len(self.clips))

    def disjoint(self, training: Rows, tested: Rows) -> tuple[Rows, Rows]:
        """Return the clips to train on without those to test on, and the latter.

        Raises
        ------
        ProtocolError
            If a speaker is then in both, or nobody is left to learn from.
        """
        training = np.setdiff1d(training, tested)
        require_disjoint(self.speakers[training].tolist(), self.speakers[tested].tolist())
        if not len(training):
            names = ", ".join(sorted(set(self.speakers[tested].tolist())))
            raise ProtocolError(
                f"A model needs speakers to learn from besides those it is tested on ({names}); add recordings of others."
            )
        return training, tested

    def taught(self, training: Rows, tested: Rows) -> Rows:
        """Return the clips to test on whose emotions the training clips have: no model finds another, whatever its configuration.

        Raises
        ------
        ProtocolError
            If there are none.
        """
        found = tested[np.isin(self.targets[tested], self.targets[training])]
        if not len(found):
            names = ", ".join(self.emotions[emotion] for emotion in np.unique(self.targets[tested]))
            raise ProtocolError(
                f"A model needs clips of the emotions that it is tested on ({names}); add recordings of them by others."
            )
        return found

    def examples(self, kind: InputKind, rows: Rows, config: Config) -> Examples:
        """Return training examples: the clips and the variants that a configuration asks for."""
        variants = (ORIGINAL, *variants_of(config))
        n = len(variants)
        self.store.complete(kind, [self.clips[row] for row in rows], variants)
        return Examples(
            inputs=tuple(self.store.fetch(kind, self.clips[row], variant) for row in rows for variant in variants),
            targets=np.repeat(self.targets[rows], n),
            speakers=np.repeat(self.speakers[rows], n),
            sources=np.repeat(rows, n),
            is_original=np.tile(np.arange(n) == 0, len(rows)),
            genders=self.genders,
            n_emotions=len(self.emotions),
            corpus_weights=self._corpus_weights(rows, config, n_variants=n),
            possible=self._possible(rows, n_variants=n),
        )

    def _corpus_weights(self, rows: Rows, config: Config, *, n_variants: int) -> NDArray[np.float64] | None:
        """Return weights of training examples that make every corpus count alike, unless the configuration says otherwise."""
        corpora, of_row, n_clips = np.unique(self.corpus_of_clip[rows], return_inverse=True, return_counts=True)
        if len(corpora) == 1 or config.get(CORPORA_COUNT, ALIKE) != ALIKE:
            return None
        return np.repeat(len(rows) / (len(corpora) * n_clips[of_row]), n_variants)

    def _possible(self, rows: Rows, *, n_variants: int) -> NDArray[np.bool_] | None:
        """Return which emotions the corpus of each training example has, (n, n_emotions); None if that tells nothing.

        It tells nothing if the corpora have the same emotions. If they fall into groups without a common emotion, only their
        examples of different emotions can teach to tell the groups apart, so that every emotion counts as possible.
        """
        corpora, of_row = np.unique(self.corpus_of_clip[rows], return_inverse=True)
        has = np.array([np.isin(np.arange(len(self.emotions)), self.targets[self.corpus_of_clip == corpus]) for corpus in corpora])
        if (has == has[0]).all() or connected_components(has @ has.T)[0] > 1:
            return None
        return np.repeat(has[of_row], n_variants, axis=0)

    def inputs(self, kind: InputKind, rows: Rows, variant: Variant = ORIGINAL) -> list[NDArray[Any]]:
        """Return test inputs; a variant other than the original is for testing robustness."""
        return [self.store.fetch(kind, self.clips[row], variant) for row in rows]


def require_held_out(examples: Examples, test: Rows) -> None:
    """Refuse training examples that are a test clip, or a variant of one.

    Raises
    ------
    ProtocolError
        Naming how many are.
    """
    leaked = np.isin(examples.sources, test)
    if leaked.any():
        raise ProtocolError(
            f"No test clip nor a variant of one may be trained on, but {leaked.sum()} of {len(examples)} examples are; "
            f"make variants of training clips only."
        )


def derive_seed(seed: int, *parts: object) -> int:
    """Return a seed for a part of a run, the same in every run and process."""
    text = "/".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % 2**31
