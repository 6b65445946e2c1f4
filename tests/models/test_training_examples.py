"""Examples and their weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Examples


def uneven_examples(targets: list[int], is_original: list[bool]) -> Examples:
    n = len(targets)
    return Examples(
        inputs=tuple(np.full(2, k, np.float32) for k in range(n)),
        targets=np.array(targets),
        speakers=np.array([f"S{k % 2}" for k in range(n)]),
        sources=np.arange(n),
        is_original=np.array(is_original),
        genders={"S0": "female", "S1": "male"},
        n_emotions=5,
        possible=np.arange(5) >= np.arange(n)[:, None] % 3,
    )


examples = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=40).map(
    lambda pairs: uneven_examples(*(list(side) for side in zip(*pairs, strict=True)))
)


@given(examples, st.booleans(), st.floats(0.1, 1))
@settings(derandomize=True)
def test_weights_are_positive_and_one_on_average(some: Examples, balanced: bool, copy_weight: float) -> None:
    weights = some.weights(balanced=balanced, copy_weight=copy_weight)
    assert weights.shape == (len(some),)
    assert (weights > 0).all()
    assert weights.mean() == pytest.approx(1)


@given(examples, st.floats(0.1, 1))
@settings(derandomize=True)
def test_balanced_weights_give_every_emotion_that_occurs_the_same(some: Examples, copy_weight: float) -> None:
    totals = np.bincount(some.targets, some.weights(balanced=True, copy_weight=copy_weight), minlength=5)
    np.testing.assert_allclose(totals[np.unique(some.targets)], len(some) / len(np.unique(some.targets)))


@given(examples, st.booleans())
@settings(derandomize=True)
def test_a_copy_weighs_its_share_of_an_original_of_the_same_emotion(some: Examples, balanced: bool) -> None:
    weights = some.weights(balanced=balanced, copy_weight=0.25)
    for target in np.unique(some.targets):
        originals = weights[(some.targets == target) & some.is_original]
        copies = weights[(some.targets == target) & ~some.is_original]
        if len(originals) and len(copies):
            np.testing.assert_allclose(copies, 0.25 * originals[0])


def test_selected_examples_keep_what_belongs_to_each() -> None:
    some = uneven_examples([0, 1, 2, 3], [True, False, True, False])
    odd = some.select(np.array([False, True, False, True]))
    assert len(odd) == 2
    assert [array[0] for array in odd.inputs] == [1, 3]
    assert odd.targets.tolist() == [1, 3]
    assert odd.sources.tolist() == [1, 3]
    assert odd.possible.tolist() == [[False, True, True, True, True], [True] * 5]
    assert odd.speakers.tolist() == ["S1", "S1"]
    assert not odd.is_original.any()
    assert (odd.n_emotions, odd.genders) == (some.n_emotions, some.genders)
