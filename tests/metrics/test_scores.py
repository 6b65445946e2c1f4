from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from emotune.errors import PredictionsError
from metrics import scores as metrics

TOLERANCE = 1e-12


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Any truth, emotions missing from it included, with sharp or flat random probabilities."""
    n_clips, n_emotions = draw(st.integers(1, 60)), draw(st.integers(2, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    probabilities = rng.dirichlet(np.full(n_emotions, draw(st.sampled_from([0.05, 0.5, 5.0]))), size=n_clips)
    return rng.integers(draw(st.integers(1, n_emotions)), size=n_clips), probabilities


@settings(derandomize=True)
@given(predictions())
def test_uar_is_scikit_learns_mean_recall_of_the_true_emotions(case):
    y_true, probabilities = case
    expected = reference.recall_score(y_true, probabilities.argmax(1), average="macro", labels=np.unique(y_true))
    assert metrics.uar(y_true, probabilities) == pytest.approx(expected, abs=TOLERANCE)


@settings(derandomize=True)
@given(predictions())
def test_accuracy_is_scikit_learns(case):
    y_true, probabilities = case
    expected = reference.accuracy_score(y_true, probabilities.argmax(1))
    assert metrics.accuracy(y_true, probabilities) == pytest.approx(expected, abs=TOLERANCE)


@settings(derandomize=True)
@given(predictions())
def test_macro_f1_is_scikit_learns(case):
    y_true, probabilities = case
    expected = reference.f1_score(y_true, probabilities.argmax(1), average="macro")
    assert metrics.macro_f1(y_true, probabilities) == pytest.approx(expected, abs=TOLERANCE)


@settings(derandomize=True)
@given(predictions())
def test_f1_of_each_emotion_is_scikit_learns_and_nan_where_the_emotion_never_occurs(case):
    y_true, probabilities = case
    labels = np.arange(probabilities.shape[1])
    expected = reference.f1_score(y_true, probabilities.argmax(1), average=None, labels=labels, zero_division=np.nan)
    np.testing.assert_allclose(metrics.f1_by_emotion(y_true, probabilities), expected, atol=TOLERANCE)


@settings(derandomize=True)
@given(predictions())
def test_log_loss_is_scikit_learns(case):
    y_true, probabilities = case
    expected = reference.log_loss(y_true, probabilities, labels=np.arange(probabilities.shape[1]))
    assert metrics.log_loss(y_true, probabilities) == pytest.approx(expected, abs=1e-9)


@settings(derandomize=True)
@given(predictions())
def test_the_confusion_matrix_is_scikit_learns(case):
    y_true, probabilities = case
    expected = reference.confusion_matrix(y_true, probabilities.argmax(1), labels=np.arange(probabilities.shape[1]))
    np.testing.assert_array_equal(metrics.confusion_matrix(y_true, probabilities), expected)


@settings(derandomize=True)
@given(predictions())
def test_ece_is_the_mean_gap_of_the_bins_counted_one_by_one(case):
    y_true, probabilities = case
    confidence, hit = probabilities.max(1), probabilities.argmax(1) == y_true
    expected = 0.0
    for k in range(15):
        inside = (confidence > k / 15) & (confidence <= (k + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(hit[inside].mean() - confidence[inside].mean())
    assert metrics.ece(y_true, probabilities) == pytest.approx(expected, abs=1e-9)


def test_ece_of_a_hand_example():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    y_true = np.array([0, 1, 0, 1])
    assert metrics.ece(y_true, probabilities) == pytest.approx(0.5 * abs(0.5 - 0.9) + 0.5 * abs(1.0 - 0.6))


def test_constant_predictions_score_chance_however_unbalanced_the_emotions():
    probabilities = np.tile([0.7, 0.2, 0.1], (100, 1))
    y_true = np.repeat([0, 1, 2], [80, 15, 5])
    assert metrics.uar(y_true, probabilities) == pytest.approx(1 / 3)
    assert metrics.accuracy(y_true, probabilities) == pytest.approx(0.8)


def test_confusions_by_group_add_up_to_the_whole_and_come_in_order_of_name():
    rng = np.random.default_rng(0)
    y_true, probabilities = rng.integers(4, size=50), rng.dirichlet(np.ones(4), size=50)
    names, counts = metrics.confusion_by(rng.choice(["b", "a", "c"], size=50), y_true, probabilities)
    assert names == ["a", "b", "c"]
    np.testing.assert_array_equal(counts.sum(axis=0), metrics.confusion_matrix(y_true, probabilities))


def test_evaluate_names_every_metric_in_the_order_of_the_table():
    scores = metrics.evaluate(np.array([0, 1]), np.eye(2), emotions=("calm", "angry"))
    assert list(scores) == ["uar", "accuracy", "macro_f1", "f1_calm", "f1_angry", "log_loss", "ece"]
    assert list(scores.values()) == pytest.approx([1, 1, 1, 1, 1, 0, 0], abs=TOLERANCE)


@pytest.mark.parametrize(
    ("y_true", "probabilities", "said"),
    [
        (np.array([0, 1]), np.eye(3), r"got \(3, 3\) beside \(2,\)"),
        (np.array([], dtype=int), np.zeros((0, 3)), "at least one clip"),
        (np.array([0, 3]), np.full((2, 2), 0.5), "from 0 to 3"),
        (np.array([0, -1]), np.full((2, 2), 0.5), "from -1 to 0"),
        (np.array([0.0, 1.0]), np.full((2, 2), 0.5), "float64"),
        (np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.6]]), "row 1"),
        (np.array([0, 1]), np.array([[-0.5, 1.5], [0.5, 0.5]]), "row 0"),
        (np.array([0, 1]), np.array([[0.5, 0.5], [np.nan, 1.0]]), "row 1"),
    ],
)
def test_what_is_no_prediction_is_refused_with_what_was_received(y_true, probabilities, said):
    with pytest.raises(PredictionsError, match=said):
        metrics.evaluate(y_true, probabilities, emotions=("calm", "angry"))
