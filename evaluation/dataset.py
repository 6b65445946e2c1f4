"""Dataset: the clips of a run, its folds, and the only door from clips to training examples and test inputs.

Test inputs are asked for by clip alone, training examples by clip and configuration: only the latter ever make variants, so an
augmented copy of a test clip cannot reach a model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import Clip
from augment import ORIGINAL, Variant
from augment.policy import variants_of
from emotune.errors import ProtocolError
from evaluation.folds import Folds
from features import InputKind
from features.store import FeatureStore
from models import Config, Examples
from models.speakers import require_disjoint

Rows = NDArray[np.intp]


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
    """

    clips: tuple[Clip, ...]
    emotions: tuple[str, ...]
    folds: Folds
    store: FeatureStore

    @cached_property
    def targets(self) -> Rows:
        """Index of each clip's emotion, (n_clips,)."""
        return np.array([self.emotions.index(clip.emotion) for clip in self.clips])

    @cached_property
    def speakers(self) -> NDArray[np.str_]:
        """Speaker of each clip, (n_clips,)."""
        return np.array([clip.speaker for clip in self.clips])

    @cached_property
    def genders(self) -> dict[str, str]:
        """Gender of each speaker."""
        return {clip.speaker: clip.gender for clip in self.clips}

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
        """A fingerprint of the clips, their speakers and emotions."""
        digest = hashlib.sha256()
        for clip in self.clips:
            digest.update(f"{clip.name}\t{clip.speaker}\t{clip.emotion}\t{clip.digest}\n".encode())
        return digest.hexdigest()[:16]

    @cached_property
    def folds_hash(self) -> str:
        """A fingerprint of the outer folds."""
        return hashlib.sha256(json.dumps(self.folds.test_speakers).encode()).hexdigest()[:16]

    def rows_in(self, folds: Sequence[int]) -> Rows:
        """Return the clips of some folds."""
        return np.flatnonzero(np.isin(self.fold_of_clip, folds))

    def split(self, *, test_fold: int, among: Sequence[int] | None = None) -> tuple[Rows, Rows]:
        """Return training and test clips of a fold; no speaker is in both.

        Parameters
        ----------
        test_fold : int
            The fold tested on.
        among : sequence of int, optional
            The folds to train on besides; all by default, those of one half in a study.
        """
        everything = range(self.n_folds)
        return self.split_folds(test=[test_fold], left_out=[] if among is None else sorted(set(everything) - set(among)))

    def split_folds(self, *, test: Sequence[int], left_out: Sequence[int]) -> tuple[Rows, Rows]:
        """Return the clips of some folds to test on, and before them those of every other fold but a few to train on."""
        trained_on = [fold for fold in range(self.n_folds) if fold not in {*test, *left_out}]
        training, tested = self.rows_in(trained_on), self.rows_in(test)
        require_disjoint(self.speakers[training].tolist(), self.speakers[tested].tolist())
        return training, tested

    def examples(self, kind: InputKind, rows: Rows, config: Config) -> Examples:
        """Return training examples: the clips and the variants that a configuration asks for."""
        variants = (ORIGINAL, *variants_of(config))
        n = len(variants)
        return Examples(
            inputs=tuple(self.store.fetch(kind, self.clips[row], variant) for row in rows for variant in variants),
            targets=np.repeat(self.targets[rows], n),
            speakers=np.repeat(self.speakers[rows], n),
            sources=np.repeat(rows, n),
            is_original=np.tile(np.arange(n) == 0, len(rows)),
            genders=self.genders,
            n_emotions=len(self.emotions),
        )

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
