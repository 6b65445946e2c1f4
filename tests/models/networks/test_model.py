"""Predictions of one network and of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from models.networks.batches import SequenceStandardiser
from models.networks.model import BAG_TEMPERATURE, PREDICTION_BATCH, NeuralModel

N_COLUMNS, N_EMOTIONS = 3, 4
STANDARDISER = SequenceStandardiser(np.zeros(N_COLUMNS, np.float32), np.ones(N_COLUMNS, np.float32), 0.0)
of_members = arrays(np.float32, st.tuples(st.integers(1, 5), st.just(N_EMOTIONS)), elements=st.floats(-20, 20, width=32))


def model_of(logits: np.ndarray) -> NeuralModel:
    """Members that give the same logits, (n_members, n_emotions), for every clip."""

    def forward_to(row: np.ndarray) -> Callable[[Any, Any], np.ndarray]:
        return lambda batch, _: np.tile(row, (len(batch), 1))

    return NeuralModel(STANDARDISER, (None,) * len(logits), tuple(map(forward_to, logits)))  # type: ignore[arg-type]


def predict(logits: np.ndarray) -> np.ndarray:
    (probabilities,) = model_of(logits).predict([np.zeros((5, N_COLUMNS), np.float32)])
    return probabilities


@given(of_members)
@settings(derandomize=True)
def test_members_are_pooled_by_the_sharpened_geometric_mean(logits: np.ndarray) -> None:
    members = softmax(logits.astype(np.float64), axis=1)
    powered = np.prod(members ** (1 / len(members) / (BAG_TEMPERATURE if len(members) > 1 else 1)), axis=0)
    np.testing.assert_allclose(predict(logits), powered / powered.sum(), atol=1e-9)


@given(of_members, st.floats(-50, 50, width=32))
@settings(derandomize=True)
def test_a_constant_added_to_the_logits_of_a_member_changes_nothing(logits: np.ndarray, constant: float) -> None:
    shifted = logits.copy()
    shifted[0] += np.float32(constant)
    np.testing.assert_allclose(predict(shifted), predict(logits), atol=1e-4)


def test_members_that_agree_are_surer_together() -> None:
    logits = np.array([[2, 0, 0, -1]], np.float32)
    assert predict(np.repeat(logits, 3, axis=0)).max() > predict(logits).max()


def test_what_one_member_rules_out_is_ruled_out() -> None:
    logits = np.array([[-1e9, 0, 1, 2], [3, 0, 1, 2]], np.float32)
    assert predict(logits)[0] == 0


@pytest.mark.parametrize("n", [1, PREDICTION_BATCH, PREDICTION_BATCH + 1])
def test_predictions_keep_the_order_of_their_clips(n: int) -> None:
    lengths = np.random.default_rng(0).integers(1, 50, size=n)
    model = NeuralModel(STANDARDISER, (None,), (lambda batch, mask: np.outer(mask.sum(axis=1), np.arange(N_EMOTIONS) / 50),))  # type: ignore[arg-type]
    found = model.predict([np.zeros((length, N_COLUMNS), np.float32) for length in lengths.tolist()])
    np.testing.assert_allclose(found, softmax(np.outer(lengths, np.arange(N_EMOTIONS) / 50), axis=1), atol=1e-9)
