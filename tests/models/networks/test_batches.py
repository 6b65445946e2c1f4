"""Batches: one variant of each clip an epoch, padded, masked and mixed by the configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models import Examples
from models.networks.batches import BatchMaker, ValidationBatch, fit_sequence_standardiser, pad

N_CLIPS, N_COPIES, N_COLUMNS = 20, 3, 12
PLAIN = {
    "batch_size": 8,
    "balanced": False,
    "original_share": 0.5,
    "time_mask": 0,
    "column_mask": 0,
    "mixup": 0.0,
    "label_smoothing": 0.0,
}


@pytest.fixture
def examples() -> Examples:
    """Sequences whose every value is the number of the example, from 1."""
    rng = np.random.default_rng(0)
    n = N_CLIPS * N_COPIES
    return Examples(
        inputs=tuple(np.full((int(rng.integers(9, 60)), N_COLUMNS), k + 1, np.float32) for k in range(n)),
        targets=np.repeat(np.arange(N_CLIPS) % 4, N_COPIES),
        speakers=np.repeat([f"S{k % 5}" for k in range(N_CLIPS)], N_COPIES),
        sources=np.repeat(np.arange(N_CLIPS) + 100, N_COPIES),
        is_original=np.tile(np.arange(N_COPIES) == 0, N_CLIPS),
        genders={},
        n_emotions=4,
    )


def epoch(examples: Examples, *, seed: int = 0, **changes: Any) -> list[tuple[np.ndarray, ...]]:
    maker = BatchMaker(examples.inputs, examples, {**PLAIN, **changes})
    return list(maker.epoch(np.random.default_rng(seed)))


def shown(batches: list[tuple[np.ndarray, ...]]) -> np.ndarray:
    """Numbers of the examples that an epoch of plain sequences shows."""
    return np.concatenate([inputs.max(axis=(1, 2)) for inputs, *_ in batches]).astype(int) - 1


def test_padding_is_zero_and_masked() -> None:
    batch, mask = pad([np.ones((5, 2), np.float32), np.ones((11, 2), np.float32)])
    assert batch.shape[0] == 2
    assert batch.shape[1] >= 11
    assert mask.sum(axis=1).tolist() == [5, 11]
    np.testing.assert_array_equal(batch[..., 0], mask)


def test_an_epoch_shows_every_clip_once_as_one_of_its_variants(examples: Examples) -> None:
    for seed in range(5):
        assert sorted(examples.sources[shown(epoch(examples, seed=seed))]) == list(range(100, 100 + N_CLIPS))


def test_epochs_differ_and_a_seed_repeats_them(examples: Examples) -> None:
    assert shown(epoch(examples, seed=1)).tolist() == shown(epoch(examples, seed=1)).tolist()
    assert shown(epoch(examples, seed=1)).tolist() != shown(epoch(examples, seed=2)).tolist()


@pytest.mark.parametrize("original_share", [0.0, 0.1, 0.5, 0.8, 1.0])
def test_originals_are_shown_with_the_probability_of_the_configuration(original_share: float, examples: Examples) -> None:
    chosen = np.concatenate([shown(epoch(examples, seed=seed, original_share=original_share)) for seed in range(100)])
    deviation = np.sqrt(original_share * (1 - original_share) / len(chosen))
    assert abs(examples.is_original[chosen].mean() - original_share) <= 4 * deviation
    copies = np.bincount(chosen[~examples.is_original[chosen]] % N_COPIES, minlength=N_COPIES)[1:]
    assert abs(copies[0] - copies[1]) <= 4 * np.sqrt(copies.sum())


def test_a_clip_without_copies_is_shown_unchanged(examples: Examples) -> None:
    originals = examples.select(examples.is_original)
    assert len(shown(epoch(originals, original_share=0.1))) == N_CLIPS


@pytest.mark.parametrize(("mask", "axis"), [("time_mask", 1), ("column_mask", 2)])
def test_masks_reach_the_first_and_the_last_position(mask: str, axis: int, examples: Examples) -> None:
    alike = replace(examples, inputs=tuple(np.ones((16, N_COLUMNS), np.float32) for _ in examples.inputs))
    batches = [inputs for seed in range(30) for inputs, *_ in epoch(alike, seed=seed, **{mask: 1})]
    is_masked = np.concatenate([(inputs == 0).all(axis=3 - axis) for inputs in batches]).mean(axis=0)
    assert is_masked.min() > 0
    assert is_masked[0] == pytest.approx(is_masked[-1], abs=0.06)


def test_targets_belong_to_their_sequences(examples: Examples) -> None:
    batches = epoch(examples)
    found = np.concatenate([targets for _, _, targets, *_ in batches])
    np.testing.assert_array_equal(found, np.eye(4, dtype=np.float32)[examples.targets[shown(batches)]])


def test_smoothing_gives_every_emotion_its_share(examples: Examples) -> None:
    for _, _, targets, *_ in epoch(examples, label_smoothing=0.2):
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
        assert targets.min() == pytest.approx(0.05)
        assert targets.max() == pytest.approx(0.85)


def test_emotions_without_examples_get_no_share(examples: Examples) -> None:
    for _, _, targets, *_ in epoch(examples.select(examples.targets != 2), label_smoothing=0.2):
        assert (targets[:, 2] == 0).all()
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)


def of_two_corpora(examples: Examples) -> Examples:
    """The same examples, of which those of emotion 3 are of a corpus without emotions 0 and 1, and the others of one without 3."""
    without = np.where((examples.targets == 3)[:, None], np.arange(4) < 2, np.arange(4) == 3)
    return replace(examples, possible=~without)


def test_without_a_mask_every_emotion_is_possible(examples: Examples) -> None:
    for *_, possible, weights in epoch(examples):
        np.testing.assert_array_equal(possible, np.ones((len(weights), 4), np.float32))


def test_batches_say_which_emotions_are_possible(examples: Examples) -> None:
    two = of_two_corpora(examples)
    batches = epoch(two)
    found = np.concatenate([possible for *_, possible, _ in batches])
    np.testing.assert_array_equal(found, two.possible[shown(batches)])


def test_smoothing_spares_what_an_example_cannot_have(examples: Examples) -> None:
    for _, _, targets, possible, _ in epoch(of_two_corpora(examples), label_smoothing=0.2):
        np.testing.assert_array_equal(targets > 0, possible > 0)
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)


def test_what_one_of_two_mixed_examples_could_have_is_possible(examples: Examples) -> None:
    batches = epoch(of_two_corpora(examples), mixup=0.4)
    assert all((possible[targets > 0] == 1).all() for _, _, targets, possible, _ in batches)
    n_possible = np.concatenate([possible.sum(axis=1) for *_, possible, _ in batches])
    assert set(n_possible.tolist()) == {2, 3, 4}


def test_validation_does_not_ask_for_what_a_clip_cannot_have() -> None:
    possible = np.array([[1, 1, 1], [1, 0, 1]], np.float32)
    validation = ValidationBatch(*pad([np.ones((4, 2), np.float32)] * 2), np.array([0, 2]), possible)
    logits = validation.logits(lambda inputs, _: np.tile(np.array([1, 3, 2], np.float32), (len(inputs), 1)))
    assert logits.argmax(axis=1).tolist() == [1, 2]
    np.testing.assert_array_equal(logits[possible == 1], [1, 3, 2, 1, 2])


@pytest.mark.parametrize("balanced", [True, False])
def test_examples_carry_the_weights_of_their_corpora(balanced: bool, examples: Examples) -> None:
    weighted = replace(examples, corpus_weights=np.where(examples.sources % 3 == 0, 2.0, 0.5))
    batches = epoch(weighted, balanced=balanced)
    found = np.concatenate([weights for *_, weights in batches])
    np.testing.assert_allclose(found, weighted.weights(balanced=balanced)[shown(batches)], rtol=1e-6)
    assert len(np.unique(found)) > 1


def test_mixing_blends_sequences_and_targets_and_keeps_distributions(examples: Examples) -> None:
    batches = epoch(examples, mixup=0.4)
    targets = np.concatenate([targets for _, _, targets, *_ in batches])
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    assert ((targets > 0).sum(axis=1) == 2).any()
    assert (targets.max(axis=1) >= 0.5).all()


@pytest.mark.parametrize("mask", ["time_mask", "column_mask"])
def test_masks_hide_a_stretch_of_every_sequence_and_leave_the_examples_alone(mask: str, examples: Examples) -> None:
    before = [array.copy() for array in examples.inputs]
    for inputs, real, *_ in epoch(examples, **{mask: 1}):
        hidden = (inputs == 0) & (real[..., None] == 1)
        assert (hidden.sum(axis=(1, 2)) > 0).all()
        whole = hidden.all(axis=2) if mask == "time_mask" else hidden.sum(axis=1) == real.sum(axis=1)[:, None]
        assert (whole.sum(axis=1) >= 1).all()
        assert hidden.mean() < 0.5
    for array, copy in zip(examples.inputs, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_sequences_are_standardised_on_originals_alone(examples: Examples) -> None:
    rng = np.random.default_rng(1)
    inputs = tuple(rng.normal(5, 3, size=(30, N_COLUMNS)).astype(np.float32) for _ in examples.inputs)
    wild = tuple(a if original else a * 1000 for a, original in zip(inputs, examples.is_original, strict=True))
    standardiser = fit_sequence_standardiser(replace(examples, inputs=wild), clip_mean_removal=0.0)
    frames = np.concatenate([standardiser(inputs[k]) for k in np.flatnonzero(examples.is_original)])
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(frames.std(axis=0), 1, atol=0.01)


def test_the_mean_of_a_clip_is_removed_where_asked_for(examples: Examples) -> None:
    rng = np.random.default_rng(1)
    inputs = tuple(rng.normal(k % 3, 1, size=(30, N_COLUMNS)).astype(np.float32) for k in range(len(examples)))
    standardiser = fit_sequence_standardiser(replace(examples, inputs=inputs), clip_mean_removal=1.0)
    np.testing.assert_allclose(standardiser(inputs[2]).mean(axis=0), 0, atol=1e-5)
