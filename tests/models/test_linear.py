"""Logistic regression, also where examples could not have every emotion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize

from models import Examples
from models.linear import Linear, _fit_among_possible, _loss_among_possible, fit_logistic

N, N_COLUMNS, N_CLASSES = 60, 5, 4
CONFIG = {**Linear.defaults, "n_features": 40, "penalty": 10.0, "n_speaker_directions": 0}


def problem(*, seed: int = 0, n_classes: int = N_CLASSES) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors, emotions and weights; the first columns tell the emotions."""
    rng = np.random.default_rng(seed)
    targets = np.arange(N) % n_classes
    return rng.normal(size=(N, N_COLUMNS)) + np.eye(n_classes, N_COLUMNS)[targets], targets, rng.uniform(0.5, 2, N)


def without_last(targets: np.ndarray, n_classes: int = N_CLASSES) -> np.ndarray:
    """Which emotions are possible, where every second example of the first emotions could not have the last."""
    lacks = (targets < n_classes - 1) & (np.arange(len(targets)) // n_classes % 2 == 0)
    return ~(lacks[:, None] & (np.arange(n_classes) == n_classes - 1))


@pytest.mark.parametrize("penalty", [0.1, 10.0])
def test_where_everything_is_possible_the_fit_is_that_of_scikit_learn(penalty: float) -> None:
    X, targets, weights = problem()
    ours = _fit_among_possible(X, targets, weights, np.ones((N, N_CLASSES), dtype=bool), penalty)
    theirs = fit_logistic(X, targets, weights, penalty=penalty)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_is_that_of_the_loss(seed: int) -> None:
    X, targets, weights = problem(seed=seed)
    given = (X, targets[:, None] == np.arange(N_CLASSES), weights, without_last(targets), 3.0)
    at = np.random.default_rng(seed).normal(size=N_CLASSES * (N_COLUMNS + 1))
    loss, slopes = (lambda parameters, k=k: _loss_among_possible(parameters, *given)[k] for k in range(2))
    error = scipy.optimize.check_grad(loss, slopes, at)
    assert error < 1e-6


def test_an_example_moves_no_coefficient_of_an_emotion_that_it_cannot_have() -> None:
    X, targets, weights = problem()
    possible = without_last(targets)
    lacking = ~possible[:, -1]
    parameters = np.random.default_rng(0).normal(size=N_CLASSES * (N_COLUMNS + 1))
    _, slopes = _loss_among_possible(
        parameters, X[lacking], targets[lacking, None] == np.arange(N_CLASSES), weights[lacking], possible[lacking], 0.0
    )
    of_class = np.abs(slopes.reshape(N_CLASSES, -1))
    assert (of_class[-1] == 0).all()
    assert (of_class[:-1] > 0).all()


def test_two_emotions_of_which_some_examples_could_have_one_are_fitted_to_the_others() -> None:
    X, targets, weights = problem(n_classes=2)
    possible = without_last(targets, 2)
    asked = possible.all(axis=1)
    found = fit_logistic(X, targets, weights, penalty=1e-3, possible=possible)
    expected = fit_logistic(X[asked], targets[asked], weights[asked], penalty=1e-3)
    np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(X), atol=0.02)


def of_two_corpora(examples: Examples) -> Examples:
    """The same examples, where the first three speakers are of a corpus without emotion 1."""
    of_first = np.isin(examples.speakers, ["S0", "S1", "S2"])
    possible = ~(of_first[:, None] & (np.arange(4) == 1))
    return replace(examples, possible=possible).select(possible[np.arange(len(examples)), examples.targets])


def test_a_corpus_without_an_emotion_is_no_evidence_against_it(random_examples: Examples) -> None:
    two = of_two_corpora(random_examples)
    misled, fair = (Linear().fit(some, CONFIG, seed=0) for some in (replace(two, possible=None), two))
    lacking = [vector for vector, speaker in zip(two.inputs, two.speakers, strict=True) if speaker < "S3"]
    assert fair.predict(lacking)[:, 1].mean() > 1.5 * misled.predict(lacking)[:, 1].mean()


def test_a_model_of_two_corpora_comes_back_from_its_file(random_examples: Examples, tmp_path: Path) -> None:
    two = of_two_corpora(random_examples)
    model = Linear().fit(two, CONFIG, seed=0)
    Linear().save(model, tmp_path)
    loaded = Linear().load(tmp_path, n_emotions=4)
    np.testing.assert_array_equal(loaded.predict(random_examples.inputs), model.predict(random_examples.inputs))
    assert model.classifier.coef_.dtype == np.float32
    assert np.mean(model.predict(two.inputs).argmax(axis=1) == two.targets) > 0.9
