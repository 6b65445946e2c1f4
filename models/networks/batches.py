"""Batches for the networks: standardised sequences, one variant of each clip per epoch, SpecAugment, mixup.

An epoch shows each clip once, either unchanged or as a random augmented copy, so that augmentation does not lengthen an epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.family import Config, Examples
from models.networks.blocks import MASKED_SCORE
from models.networks.tracing import Forward

STEP_MULTIPLE = 8
"""Padded lengths are multiples of this, so that up to three poolings by two do not depend on the padding."""
MAX_TRAINING_STEPS = 100
LONGEST_TIME_MASK = 0.2
WIDEST_COLUMN_MASK = 0.2
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SequenceStandardiser:
    """Standardisation by mean and deviation of each column; it can also subtract a share of each clip's own mean.

    Attributes
    ----------
    mean, scale : ndarray [shape=(n_columns,), dtype=float32]
        Statistics over all frames of the original training clips.
    clip_mean_removal : float in [0, 1]
        Share of the clip's own mean that is subtracted (1 is cepstral mean normalisation).
    """

    mean: Array
    scale: Array
    clip_mean_removal: float

    def __call__(self, sequence: NDArray[Any]) -> Array:
        """Return a standardised sequence, (n_steps, n_columns), float32."""
        standardised = (sequence.astype(np.float32) - self.mean) / self.scale
        return np.clip(standardised - self.clip_mean_removal * standardised.mean(axis=0), -5, 5)

    def save(self, folder: Path) -> None:
        """Write ``standardiser.npz``."""
        np.savez(folder / "standardiser.npz", mean=self.mean, scale=self.scale, clip_mean_removal=self.clip_mean_removal)

    @classmethod
    def load(cls, folder: Path) -> SequenceStandardiser:
        """Read ``standardiser.npz``."""
        with np.load(folder / "standardiser.npz", allow_pickle=False) as arrays:
            return cls(arrays["mean"], arrays["scale"], float(arrays["clip_mean_removal"]))


def fit_sequence_standardiser(examples: Examples, *, clip_mean_removal: float) -> SequenceStandardiser:
    """Fit mean and deviation to the frames of the original training clips."""
    frames = np.concatenate([examples.inputs[k] for k in np.flatnonzero(examples.is_original)]).astype(np.float32)
    return SequenceStandardiser(frames.mean(axis=0), np.maximum(frames.std(axis=0), 1e-3), clip_mean_removal)


def pad(sequences: Sequence[Array]) -> tuple[Array, Array]:
    """Return a zero-padded batch (n, n_steps, n_columns) and its mask (n, n_steps), both float32."""
    longest = max(len(sequence) for sequence in sequences)
    n_steps = -(-longest // STEP_MULTIPLE) * STEP_MULTIPLE
    batch = np.zeros((len(sequences), n_steps, sequences[0].shape[1]), dtype=np.float32)
    mask = np.zeros((len(sequences), n_steps), dtype=np.float32)
    for row, sequence in enumerate(sequences):
        batch[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return batch, mask


def possible_mask(examples: Examples) -> Array:
    """Return 1 for the emotions that each example could have and 0 for the others, (n, n_emotions)."""
    if examples.possible is None:
        return np.ones((len(examples), examples.n_emotions), np.float32)
    return examples.possible.astype(np.float32)


@dataclass(frozen=True, eq=False)
class ValidationBatch:
    """Original clips of the inner speakers.

    Attributes
    ----------
    inputs, mask : ndarray [shape=(n, n_steps, n_columns) and (n, n_steps)]
        Padded sequences, and which steps are real.
    targets : ndarray of int [shape=(n,)]
        Their emotions.
    possible : ndarray [shape=(n, n_emotions)]
        1 for the emotions that each clip could have.
    """

    inputs: Array
    mask: Array
    targets: NDArray[np.intp]
    possible: Array

    def logits(self, forward: Forward) -> NDArray[np.float32]:
        """Return the logits of a network, (n, n_emotions); those of impossible emotions are very low."""
        return np.asarray(forward(self.inputs, self.mask)) + (1 - self.possible) * np.float32(MASKED_SCORE)


@dataclass(frozen=True, eq=False)
class BatchMaker:
    """The batches of a training set.

    Attributes
    ----------
    sequences : sequence of ndarray
        Standardised inputs of the examples, in their order.
    examples : Examples
        Training clips and augmented copies.
    config : mapping
        ``batch_size``, ``balanced``, ``original_share``, ``time_mask``, ``column_mask``, ``mixup``, ``label_smoothing``.
        The smoothed share of a target is spread over its example's possible emotions that have examples. ``original_share`` is the
        probability that an epoch shows a clip unchanged, if the clip has augmented copies.
    """

    sequences: Sequence[Array]
    examples: Examples
    config: Config

    @property
    def n_batches(self) -> int:
        """Number of batches of an epoch."""
        return max(1, round(len(np.unique(self.examples.sources)) / self.config["batch_size"]))

    def epoch(self, rng: np.random.Generator) -> Iterator[tuple[Array, Array, Array, Array, Array]]:
        """Yield (inputs, mask, target distributions, possible emotions, example weights) of every batch of one epoch."""
        chosen = self._choose_variants(rng)
        weights = self.examples.weights(balanced=self.config["balanced"])
        smoothing = self.config["label_smoothing"]
        targets = np.eye(self.examples.n_emotions, dtype=np.float32)[self.examples.targets]
        possible = possible_mask(self.examples)
        shares = possible * np.isin(np.arange(self.examples.n_emotions), self.examples.targets)
        targets = targets * (1 - smoothing) + smoothing * shares / shares.sum(axis=1, keepdims=True)
        for rows in np.array_split(chosen, self.n_batches):
            inputs, mask = pad([self._augment(self.sequences[row], rng) for row in rows])
            mixed = self._mix(inputs, mask, targets[rows], possible[rows], rng)
            yield *mixed, weights[rows].astype(np.float32)

    def _choose_variants(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return one example of each source clip, shuffled: the original with probability ``original_share``, else any copy."""
        order = rng.permutation(len(self.examples))
        _, clip = np.unique(self.examples.sources, return_inverse=True)
        shows_original = rng.random(clip.max() + 1) < self.config["original_share"]
        is_wanted = self.examples.is_original == shows_original[clip]
        order = order[np.argsort(~is_wanted[order], kind="stable")]  # a clip without copies falls back on its original
        _, first = np.unique(self.examples.sources[order], return_index=True)
        return rng.permutation(order[first])

    def _augment(self, sequence: Array, rng: np.random.Generator) -> Array:
        """Crop a long sequence, and mask steps and columns (SpecAugment, Park et al. 2019, Interspeech)."""
        start = int(rng.integers(max(1, len(sequence) - MAX_TRAINING_STEPS + 1)))
        sequence = sequence[start : start + MAX_TRAINING_STEPS].copy()
        n_steps, n_columns = sequence.shape
        for _ in range(self.config["time_mask"]):
            width = int(rng.integers(1, max(2, round(LONGEST_TIME_MASK * n_steps))))
            at = int(rng.integers(n_steps - width + 1))
            sequence[at : at + width] = 0
        for _ in range(self.config["column_mask"]):
            width = int(rng.integers(1, max(2, round(WIDEST_COLUMN_MASK * n_columns))))
            at = int(rng.integers(n_columns - width + 1))
            sequence[:, at : at + width] = 0
        return sequence

    def _mix(
        self, inputs: Array, mask: Array, targets: Array, possible: Array, rng: np.random.Generator
    ) -> tuple[Array, Array, Array, Array]:
        """Blend each example with another (mixup, Zhang et al. 2018, ICLR); what one of both could have is possible."""
        if not self.config["mixup"]:
            return inputs, mask, targets, possible
        share = rng.beta(self.config["mixup"], self.config["mixup"], len(inputs)).astype(np.float32)
        share = np.maximum(share, 1 - share)
        other = rng.permutation(len(inputs))
        x_share, t_share = share[:, None, None], share[:, None]
        return (
            x_share * inputs + (1 - x_share) * inputs[other],
            np.maximum(mask, mask[other]),
            t_share * targets + (1 - t_share) * targets[other],
            np.maximum(possible, possible[other]),
        )
