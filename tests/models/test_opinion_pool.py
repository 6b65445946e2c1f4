"""Opinion pools and their weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models import FAMILIES, Examples
from models.ensemble import LogOpinionPool

ENSEMBLE = FAMILIES["ensemble"]


def member_probabilities(targets: NDArray[np.intp], *, skills: list[float], seed: int = 0) -> tuple[NDArray[np.float64], ...]:
    """Calibrated probabilities of independent members of different skill."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(targets), len(skills), 4))
    for member, skill in enumerate(skills):
        logits[:, member] *= skill
        logits[np.arange(len(targets)), member, targets] += skill**2
    powered = np.exp(logits)
    return tuple(powered / powered.sum(axis=2, keepdims=True))


def pool_of(examples: Examples, *, skills: list[float]) -> LogOpinionPool:
    model = ENSEMBLE.fit(replace(examples, inputs=member_probabilities(examples.targets, skills=skills)), ENSEMBLE.defaults, seed=0)
    assert isinstance(model, LogOpinionPool)
    return model


def test_a_single_member_of_weight_one_is_the_pool() -> None:
    (member,) = member_probabilities(np.array([2]), skills=[1.0, 2.0])
    np.testing.assert_allclose(LogOpinionPool(np.array([1.0, 0.0])).predict([member])[0], member[0])


def test_a_pool_is_the_normalised_product_of_powers() -> None:
    members = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])
    product = members[0] ** 0.7 * members[1] ** 0.4
    np.testing.assert_allclose(LogOpinionPool(np.array([0.7, 0.4])).predict([members])[0], product / product.sum())


def test_a_confident_guesser_gets_a_small_weight_and_no_weight_is_negative(random_examples: Examples) -> None:
    honest, rng = member_probabilities(random_examples.targets, skills=[1.5]), np.random.default_rng(1)
    guesses = rng.dirichlet(np.full(4, 0.2), size=(len(honest), 1))
    both = tuple(np.concatenate([member, guess]) for member, guess in zip(honest, guesses, strict=True))
    weights = ENSEMBLE.fit(replace(random_examples, inputs=both), ENSEMBLE.defaults, seed=0).weights  # type: ignore[attr-defined]
    assert weights[0] > 0.5
    assert 0 <= weights[1] < 0.2


def test_independent_members_make_a_pool_more_confident_than_each(random_examples: Examples) -> None:
    assert pool_of(random_examples, skills=[1.0, 1.0, 1.0]).weights.sum() > 1.5


@pytest.mark.parametrize("certainty", [0.0, 1.0])
def test_members_that_are_certain_and_wrong_keep_the_pool_finite(certainty: float) -> None:
    members = np.array([[1.0, 0.0, 0.0], [0.0, certainty, 1 - certainty]])
    probabilities = LogOpinionPool(np.array([1.0, 1.0])).predict([members])
    assert np.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1)
