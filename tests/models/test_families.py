"""The contract of every family."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from numpy.typing import NDArray

import models.networks.training
from augment.policy import policy_params
from emotune.errors import UnknownKeyError
from features import INPUT_KINDS
from models import FAMILIES, Config, Examples, Family, Model
from models.family import MEMBER_PROBABILITIES
from models.networks.training import NeuralFamily

N_POINTS, N_FITTED_POINTS = 12, 4
"""Points of the search space whose network is built, and those at which a family without networks of its own is fitted."""
NATIVE_FORMATS = {".json", ".npz", ".skops", ".ubj", ".keras"}
MakeExamples = Callable[[str], Examples]
SmallestConfig = Callable[[Family], Config]
every_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
tuned_families = pytest.mark.parametrize("family", [f for f in FAMILIES.values() if f.is_tuned], ids=lambda family: family.key)
neural_families = pytest.mark.parametrize("family", [f for f in FAMILIES.values() if f.is_neural], ids=lambda family: family.key)


@dataclass(frozen=True)
class Fitted:
    family: Family
    config: Config
    examples: Examples
    model: Model
    observed: list[float]


@pytest.fixture(scope="module", params=FAMILIES)
def fitted(request: pytest.FixtureRequest, make_examples: MakeExamples, smallest_config: SmallestConfig) -> Fitted:
    family = FAMILIES[request.param]
    config, examples, observed = smallest_config(family), make_examples(family.input_kind), []
    return Fitted(family, config, examples, family.fit(examples, config, seed=3, callback=observed.append), observed)


def unlike_inputs(fitted: Fitted) -> list[NDArray[Any]]:
    """Inputs of the training clips; sequences among them are also cut to a few steps and repeated to many."""
    inputs = list(fitted.examples.inputs[:6])
    if inputs[0].ndim == 2 and fitted.family.input_kind != MEMBER_PROBABILITIES:
        inputs += [inputs[0][:1], inputs[1][:7], np.concatenate(inputs[:5])]
    return inputs


@pytest.fixture
def trials() -> Iterator[optuna.Trial]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=7))
    return (study.ask() for _ in range(N_POINTS))


def test_probabilities_are_finite_and_sum_to_one(fitted: Fitted) -> None:
    probabilities = fitted.model.predict(unlike_inputs(fitted))
    assert probabilities.shape == (len(unlike_inputs(fitted)), fitted.examples.n_emotions)
    assert probabilities.dtype == np.float64
    assert np.isfinite(probabilities).all()
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_a_batch_equals_its_clips_one_by_one_whatever_their_neighbours(fitted: Fitted) -> None:
    inputs = unlike_inputs(fitted)
    alone = np.concatenate([fitted.model.predict([array]) for array in inputs])
    np.testing.assert_allclose(fitted.model.predict(inputs), alone, atol=1e-5)
    np.testing.assert_allclose(fitted.model.predict(inputs[::-1]), alone[::-1], atol=1e-5)


def test_a_saved_model_predicts_the_same_in_native_formats_alone(fitted: Fitted, tmp_path: Path) -> None:
    fitted.family.save(fitted.model, tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= NATIVE_FORMATS
    loaded = fitted.family.load(tmp_path, n_emotions=fitted.examples.n_emotions)
    inputs = unlike_inputs(fitted)
    np.testing.assert_allclose(loaded.predict(inputs), fitted.model.predict(inputs), atol=1e-6)
    assert loaded.n_parameters == fitted.model.n_parameters > 0


def test_the_same_seed_gives_the_same_model(fitted: Fitted) -> None:
    again = fitted.family.fit(fitted.examples, fitted.config, seed=3)
    inputs = unlike_inputs(fitted)
    np.testing.assert_allclose(again.predict(inputs), fitted.model.predict(inputs), atol=1e-6)


def test_networks_report_the_inner_uar_of_each_epoch_and_others_nothing(fitted: Fitted) -> None:
    assert len(fitted.observed) == (fitted.config["n_epochs"] if fitted.family.is_neural else 0)
    assert all(0 <= uar <= 1 for uar in fitted.observed)


@neural_families
def test_a_callback_can_stop_a_fit(family: Family, make_examples: MakeExamples, smallest_config: SmallestConfig) -> None:
    reported: list[float] = []

    def stop(uar: float) -> None:
        reported.append(uar)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        family.fit(make_examples(family.input_kind), smallest_config(family), seed=1, callback=stop)
    assert len(reported) == 1


@tuned_families
def test_every_point_of_the_search_space_builds(family: Family, trials: Iterator[optuna.Trial], make_examples: MakeExamples) -> None:
    examples = make_examples(family.input_kind)
    few = examples.select(np.isin(examples.speakers, np.unique(examples.speakers)[:2]) & examples.is_original)
    for number, trial in enumerate(trials):
        config = family.suggest(trial)
        assert json.loads(json.dumps(config)) == config
        if isinstance(family, NeuralFamily):
            network = family.build(config, n_columns=examples.inputs[0].shape[1], n_emotions=8)
            assert network.output_shape == (None, 8)
        elif number < N_FITTED_POINTS:
            quick = {**config, "n_epochs": 1} if "n_epochs" in config else config
            assert np.isfinite(family.fit(few, quick, seed=0).predict(few.inputs[:2])).all()


@every_family
def test_the_defaults_lie_inside_the_search_space(family: Family) -> None:
    study = optuna.create_study()
    study.enqueue_trial(dict(family.defaults))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert family.suggest(study.ask()) == family.defaults
    assert json.loads(json.dumps(family.defaults)) == family.defaults


@tuned_families
def test_every_initial_trial_lies_inside_the_search_space(family: Family) -> None:
    assert family.initial_trials[0] == family.defaults
    for initial in family.initial_trials:
        study = optuna.create_study()
        study.enqueue_trial(dict(initial))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config = family.suggest(study.ask())
        assert policy_params(config) == policy_params(initial)


@tuned_families
def test_the_first_trials_try_the_defaults_and_mixed_copies_of_both_strengths(family: Family) -> None:
    policies = [policy_params(config) for config in family.initial_trials]
    assert policies[0] == policy_params(family.defaults)
    for strength in ("gentle", "strong"):
        assert policies.count({"augmentation": "mixed", "strength": strength, "n_copies": 3}) == 1


@pytest.mark.parametrize("key", ["dummy", "baseline", "ensemble"])
def test_what_has_nothing_to_tune_has_one_trial(key: str) -> None:
    assert FAMILIES[key].initial_trials == (FAMILIES[key].defaults,)


@tuned_families
def test_no_augmentation_is_a_point_of_the_search_space(family: Family) -> None:
    study = optuna.create_study()
    study.enqueue_trial({"augmentation": "none"})
    assert family.suggest(study.ask())["augmentation"] == "none"


@tuned_families
def test_examples_of_corpora_with_different_emotions_are_learnt_from_together(
    family: Family, make_examples: MakeExamples, smallest_config: SmallestConfig
) -> None:
    every = make_examples(family.input_kind)
    of_first = every.speakers == every.speakers[0]
    some = every.select(~(of_first & (every.targets < 2)))
    possible = np.ones((len(some), every.n_emotions), dtype=bool)
    possible[some.speakers == every.speakers[0], :2] = False
    probabilities = family.fit(replace(some, possible=possible), smallest_config(family), seed=0).predict(every.inputs[:6])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert probabilities.min() >= 0


@pytest.mark.parametrize("key", ["dummy", "linear", "random_forest", "xgboost"])
def test_an_emotion_without_training_clips_keeps_its_column(
    key: str, random_examples: Examples, smallest_config: SmallestConfig
) -> None:
    family = FAMILIES[key]
    lacking = random_examples.select(random_examples.targets != 1)
    probabilities = family.fit(lacking, smallest_config(family), seed=0).predict(random_examples.inputs[:5])
    assert probabilities.shape == (5, 4)
    assert probabilities[:, 1].max() < 0.1
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("key", [key for key, family in FAMILIES.items() if family.is_tuned and family.input_kind == "functionals"])
def test_the_cheap_families_learn_what_is_there_to_learn(key: str, random_examples: Examples) -> None:
    is_training = random_examples.speakers != "S5"
    model = FAMILIES[key].fit(random_examples.select(is_training), FAMILIES[key].defaults, seed=0)
    unseen = random_examples.select(~is_training)
    assert np.mean(model.predict(unseen.inputs).argmax(axis=1) == unseen.targets) > 0.5


def test_the_dummy_predicts_the_shares_of_the_emotions(random_examples: Examples) -> None:
    uneven = random_examples.select(np.arange(len(random_examples)) < 6)
    expected = np.bincount(uneven.targets, minlength=4) / 6
    model = FAMILIES["dummy"].fit(uneven, {"augmentation": "none"}, seed=0)
    np.testing.assert_allclose(model.predict(random_examples.inputs[:3]), np.tile(expected, (3, 1)))


def signed_by_speaker(examples: Examples) -> Examples:
    """Sequences whose first column is the number of the speaker."""
    _, speaker = np.unique(examples.speakers, return_inverse=True)
    signed = []
    for k, sequence in enumerate(examples.inputs):
        signed.append(sequence.astype(np.float32))
        signed[k][:, 0] = speaker[k]
    return replace(examples, inputs=tuple(signed))


@neural_families
@pytest.mark.parametrize("seed", range(4))
def test_no_speaker_crosses_the_inner_split_and_no_variant_validates(
    family: Family, seed: int, make_examples: MakeExamples, smallest_config: SmallestConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def record(network: Any, forward: Any, training: Any, validation: Any, *_: Any, **__: Any) -> None:
        seen.update(training=training, validation=validation)

    monkeypatch.setattr(models.networks.training, "train", record)
    monkeypatch.setattr(type(family), "build", lambda *_, **__: TinyNetwork())
    monkeypatch.setattr(models.networks.training, "trace_forward", lambda *_: None)
    examples = signed_by_speaker(make_examples(family.input_kind))
    family.fit(examples, {**smallest_config(family), "clip_mean_removal": 0.0}, seed=seed)

    validation = seen["validation"]
    validating = {round(float(sequence[0, 0]), 3) for sequence in validation.inputs}
    trained_on = {round(float(sequence[0, 0]), 3) for sequence in seen["training"].sequences}
    assert validating
    assert trained_on
    assert not validating & trained_on
    assert len(validating | trained_on) == len(np.unique(examples.speakers))
    assert len(validation.targets) == examples.is_original.sum() * len(validating) / len(validating | trained_on)
    assert set(validation.targets) == set(range(8))


@pytest.mark.parametrize("family", [f for f in FAMILIES.values() if f.input_kind != MEMBER_PROBABILITIES], ids=lambda f: f.key)
def test_every_part_of_the_speakers_is_predicted_by_a_model_that_did_not_learn_from_it(
    family: Family, make_examples: MakeExamples, smallest_config: SmallestConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = make_examples(family.input_kind)
    speakers = set(examples.speakers.tolist())
    parts = [[speaker] for speaker in sorted(speakers)[:2]]
    learnt_from: list[set[str]] = []
    make_batches, fit = models.networks.training.BatchMaker, family.fit

    def batches(sequences: Any, of: Examples, config: Config) -> Any:
        learnt_from.append(set(of.speakers.tolist()))
        return make_batches(sequences, of, config)

    def fits(of: Examples, config: Config, **options: Any) -> Any:
        learnt_from.append(set(of.speakers.tolist()))
        return fit(of, config, **options)

    if family.is_neural:
        monkeypatch.setattr(models.networks.training, "BatchMaker", batches)
    else:
        monkeypatch.setattr(family, "fit", fits)
    bag = family.fit_bag(examples, smallest_config(family), seed=0, parts=parts)
    assert learnt_from[:2] == [speakers - set(part) for part in parts]
    assert len(bag.without) == len(parts)
    for model in (bag.model, *bag.without):
        np.testing.assert_allclose(model.predict(examples.inputs[:3]).sum(axis=1), 1, atol=1e-6)


class TinyNetwork:
    """Stands for a network that is never trained."""


@every_family
def test_a_family_describes_itself(family: Family) -> None:
    assert FAMILIES[family.key] is family
    assert family.title
    assert family.description.endswith(".")
    assert family.input_kind in {*INPUT_KINDS, MEMBER_PROBABILITIES}


def test_an_unknown_family_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownKeyError, match=f"'svm'.*{', '.join(FAMILIES)}"):
        FAMILIES["svm"]
