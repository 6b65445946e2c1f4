"""What the families that read functionals share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from emotune.errors import ChampionError
from models import FAMILIES, Examples
from models.linear import Linear
from models.tabular import CLIP_LIMIT, Standardiser, fit_standardiser, speaker_directions

N_TREES = {"random_forest": "n_trees", "xgboost": "n_rounds"}
"""What a configuration calls the number of trees."""


class Stranger:
    """A type that no champion may hold."""


def between_speaker_variance(X: np.ndarray, examples: Examples) -> float:
    """Variance of the speakers' means, emotions taken off."""
    centred = X - np.stack([X[examples.targets == target].mean(axis=0) for target in examples.targets])
    means = np.stack([centred[examples.speakers == speaker].mean(axis=0) for speaker in np.unique(examples.speakers)])
    return float((means**2).sum())


def test_functionals_are_standardised_on_the_training_clips(random_examples: Examples) -> None:
    originals = random_examples.select(random_examples.is_original)
    X = fit_standardiser(originals)(originals.inputs)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(X.std(axis=0), 1, atol=0.02)


@pytest.mark.parametrize("n_features", [None, 10])
def test_scaling_and_selection_look_at_originals_alone(n_features: int | None, random_examples: Examples) -> None:
    wild = tuple(
        array if original else array * 1000
        for array, original in zip(random_examples.inputs, random_examples.is_original, strict=True)
    )
    tame = fit_standardiser(random_examples, n_features=n_features)
    found = fit_standardiser(replace(random_examples, inputs=wild), n_features=n_features)
    for name in ("columns", "mean", "scale"):
        np.testing.assert_array_equal(getattr(found, name), getattr(tame, name))


def test_the_functionals_that_tell_emotions_apart_are_kept(random_examples: Examples) -> None:
    kept = fit_standardiser(random_examples, n_features=4).columns
    assert kept.tolist() == [0, 1, 2, 3]
    assert fit_standardiser(random_examples, n_features=1000).columns.tolist() == list(range(40))


def test_columns_are_selected_among_those_that_are_allowed(random_examples: Examples) -> None:
    allowed = np.array([1, 3, 20, 30])
    assert fit_standardiser(random_examples, among=allowed).columns.tolist() == [1, 3, 20, 30]
    assert fit_standardiser(random_examples, among=allowed, n_features=2).columns.tolist() == [1, 3]


def test_functionals_that_never_vary_are_dropped(random_examples: Examples) -> None:
    constant = tuple(np.append(array, np.float32(7.25)) for array in random_examples.inputs)
    assert 40 not in fit_standardiser(replace(random_examples, inputs=constant)).columns


def test_what_is_far_out_is_cut(random_examples: Examples) -> None:
    standardiser = fit_standardiser(random_examples)
    assert np.abs(standardiser([np.full(40, 1e6, np.float32), np.full(40, -1e6, np.float32)])).tolist() == [[CLIP_LIMIT] * 40] * 2


def test_a_vector_does_not_depend_on_its_batch(random_examples: Examples) -> None:
    standardiser = fit_standardiser(random_examples, n_speaker_directions=3)
    together = standardiser(random_examples.inputs)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(np.concatenate([standardiser([vector]) for vector in random_examples.inputs]), together)


def test_the_scaling_of_large_numbers_is_exact(random_examples: Examples) -> None:
    far = replace(random_examples, inputs=tuple(1e4 + array.round(1) for array in random_examples.inputs))
    X = np.stack(far.inputs).astype(np.float64)[far.is_original]
    expected = np.clip((X - X.mean(axis=0)) / X.std(axis=0), -CLIP_LIMIT, CLIP_LIMIT)
    np.testing.assert_allclose(fit_standardiser(far)(far.inputs)[far.is_original], expected, atol=1e-6)


@pytest.mark.parametrize("key", ["random_forest", "xgboost"])
def test_nodes_are_counted_when_they_are_asked_for(
    key: str, random_examples: Examples, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    family, asked = FAMILIES[key], list[object]()
    monkeypatch.setattr(type(family), "count_parameters", lambda _, classifier: asked.append(classifier) or 7)
    model = family.fit(random_examples, {**family.defaults, N_TREES[key]: 2}, seed=0)
    family.save(model, tmp_path)
    family.load(tmp_path, n_emotions=4).predict(random_examples.inputs[:2])
    assert not asked
    assert (model.n_parameters, model.n_parameters) == (7, 7)
    assert len(asked) == 1


def test_a_standardiser_comes_back_as_it_was(random_examples: Examples, tmp_path: Path) -> None:
    standardiser = fit_standardiser(random_examples, n_features=7, n_speaker_directions=2)
    standardiser.save(tmp_path)
    np.testing.assert_array_equal(Standardiser.load(tmp_path)(random_examples.inputs), standardiser(random_examples.inputs))


@pytest.mark.parametrize("n_directions", [1, 3, 5, 50])
def test_speaker_directions_are_orthonormal_and_fewer_than_speakers(n_directions: int, random_examples: Examples) -> None:
    X = np.stack(random_examples.inputs).astype(np.float64)
    directions = speaker_directions(X, random_examples.targets, random_examples.speakers, n_directions=n_directions)
    assert directions.shape == (min(n_directions, 5), 40)
    np.testing.assert_allclose(directions @ directions.T, np.eye(len(directions)), atol=1e-9)


def test_removing_speaker_directions_takes_speakers_out_and_leaves_emotions(random_examples: Examples) -> None:
    X = np.stack(random_examples.inputs).astype(np.float64)
    variances = [between_speaker_variance(X, random_examples)]
    for n_directions in (1, 2, 5):
        directions = speaker_directions(X, random_examples.targets, random_examples.speakers, n_directions=n_directions)
        blind = X - (X @ directions.T) @ directions
        variances.append(between_speaker_variance(blind, random_examples))
    assert variances == sorted(variances, reverse=True)
    assert variances[-1] == pytest.approx(0, abs=1e-9)
    means = np.stack([blind[random_examples.targets == target].mean(axis=0) for target in range(4)])
    assert np.linalg.matrix_rank(means - means.mean(axis=0), tol=0.5) == 3


def test_a_standardiser_projects_speaker_directions_away(random_examples: Examples) -> None:
    blind, plain = (fit_standardiser(random_examples, n_speaker_directions=n)(random_examples.inputs) for n in (5, 0))
    assert between_speaker_variance(blind, random_examples) < 1e-6 * between_speaker_variance(plain, random_examples)


def test_a_planted_speaker_direction_is_found(random_examples: Examples) -> None:
    rng = np.random.default_rng(3)
    planted = rng.normal(size=40)
    planted /= np.linalg.norm(planted)
    _, speaker = np.unique(random_examples.speakers, return_inverse=True)
    X = rng.normal(size=(len(random_examples), 40)) + 20 * np.outer(speaker - speaker.mean(), planted)
    (found,) = speaker_directions(X, random_examples.targets, random_examples.speakers, n_directions=1)
    assert abs(found @ planted) > 0.99


def test_a_scikit_learn_model_comes_back_from_its_file(random_examples: Examples, tmp_path: Path) -> None:
    X = np.stack(random_examples.inputs)
    classifier = LogisticRegression(C=0.1).fit(X, random_examples.targets)
    Linear().write_classifier(classifier, tmp_path)
    np.testing.assert_array_equal(Linear().read_classifier(tmp_path).predict_proba(X), classifier.predict_proba(X))


def test_a_file_with_another_type_is_refused_by_its_name(tmp_path: Path) -> None:
    skops.io.dump(Stranger(), tmp_path / "model.skops")
    with pytest.raises(ChampionError, match=r"model\.skops.*Stranger"):
        Linear().read_classifier(tmp_path)
