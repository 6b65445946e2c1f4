"""The head on an encoder, and the layers that it reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pytest

from audio.clip import Clip
from emotune.errors import DownloadError
from features import INPUT_KINDS, Analysis
from features.whisper import published
from features.whisper.layers import MOMENTS, PARTS, WhisperLayers
from features.whisper.weights import read_stored, scale_shape
from models import FAMILIES, Examples, Family
from models.family import KeptSample
from models.linear import fit_logistic
from models.whisper.family import FEWEST_LAYERS, WIDE_AUGMENTATIONS, EncoderFamily, pool_heads

MakeExamples = Callable[[str], Examples]
WHISPER, BASE = FAMILIES["whisper"], FAMILIES["whisper_base"]
CONFIG = {**WHISPER.defaults, "augmentation": "none"}


@pytest.mark.parametrize("n_layers", [2, 3, 4])
def test_layers_are_counted_from_the_input_with_both_parts_and_moments(n_layers: int) -> None:
    columns = WHISPER.columns({"n_layers": n_layers})
    names = np.array(WHISPER.kind.columns)[columns]
    assert {name.split(".")[0] for name in names} == {f"{part}{layer}" for part in PARTS for layer in range(1, n_layers + 1)}
    assert len(set(names)) == len(names) == n_layers * len(PARTS) * 16 * len(MOMENTS)
    assert np.unique(WHISPER.layers_of(columns)).tolist() == list(range(1, n_layers + 1))


def test_a_model_is_the_pool_of_a_head_for_each_layer(random_examples: Examples) -> None:
    places = [np.arange(0, 40, 2), np.arange(1, 40, 2)]
    X, ones = np.stack(random_examples.inputs), np.ones(len(random_examples))
    heads = [fit_logistic(X[:, columns], random_examples.targets, ones, penalty=5.0) for columns in places]
    pooled = np.prod([head.predict_proba(X[:, columns]) for head, columns in zip(heads, places, strict=True)], axis=0) ** 0.5
    np.testing.assert_allclose(pool_heads(heads, places).predict_proba(X), pooled / pooled.sum(axis=1, keepdims=True), rtol=1e-4)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_heads_learn_from_what_is_left_without_a_share_of_the_effects(
    share: float, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.linear.speaker_effects", lambda X, *_: X.copy())
    model = WHISPER.fit(examples, {**CONFIG, "speaker_effect_removal": share}, seed=0)
    assert model.classifier.coef_.any() == (share == 0)


def test_a_model_reads_no_other_columns(examples: Examples) -> None:
    model = WHISPER.fit(examples, CONFIG, seed=0)
    lacking = []
    for vector in examples.inputs[:4]:
        only = np.full_like(vector, np.nan)
        only[WHISPER.columns(CONFIG)] = vector[WHISPER.columns(CONFIG)]
        lacking.append(only)
    np.testing.assert_array_equal(model.predict(lacking), model.predict(examples.inputs[:4]))


@pytest.fixture
def examples(make_examples: MakeExamples) -> Examples:
    return make_examples("whisper")


@pytest.mark.parametrize("family", [WHISPER, BASE], ids=lambda family: family.key)
def test_a_search_draws_every_choice_that_the_family_has(family: EncoderFamily) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    drawn = [family.suggest(study.ask()) for _ in range(60)]
    assert {config["n_layers"] for config in drawn} == set(range(FEWEST_LAYERS, family.most_layers + 1))
    assert {config["augmentation"] for config in drawn} == {"none", *WIDE_AUGMENTATIONS}


def test_an_emotion_without_examples_has_no_probability(examples: Examples) -> None:
    lacking = examples.select(~np.isin(examples.targets, [1, 6]))
    probabilities = WHISPER.fit(lacking, CONFIG, seed=0).predict(examples.inputs)
    assert probabilities[:, [1, 6]].max() <= 1e-6
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_a_results_folder_keeps_the_encoder_and_what_it_computes(tmp_path: Path) -> None:
    kind = INPUT_KINDS["whisper"]
    kind.keep(tmp_path)
    kept = kind.kept_in(tmp_path)
    assert isinstance(kept, WhisperLayers)
    assert kept.folder == tmp_path / "whisper"
    assert kept.fingerprint == kind.fingerprint


def test_a_results_folder_without_an_encoder_leaves_the_kind_as_it_is(tmp_path: Path) -> None:
    assert INPUT_KINDS["whisper"].kept_in(tmp_path) is INPUT_KINDS["whisper"]


def test_each_family_requires_its_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for encoder, family in zip(published.ENCODERS, (WHISPER, BASE), strict=True):
        monkeypatch.delenv(encoder.variable)
        monkeypatch.setattr(published, "_chosen", {})
        monkeypatch.setattr(published, "DATA_FOLDER", tmp_path)
        with pytest.raises(DownloadError, match=f"{encoder.option} DIR"):
            family.require(may_download=False)


def sample_of(clips: tuple[Clip, ...], family: Family) -> KeptSample:
    kind = INPUT_KINDS[family.input_kind]
    return KeptSample(tuple(clip.samples for clip in clips), tuple(kind.extract(Analysis(clip.samples)) for clip in clips))


@pytest.mark.parametrize("family", [WHISPER, BASE], ids=lambda family: family.key)
def test_the_layers_that_a_champion_reads_are_kept_in_int8(
    family: Family, make_examples: MakeExamples, few_clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.whisper.family.MAX_SHARE_CHANGED", 0.5)  # a random encoder multiplies every rounding
    model = family.fit(make_examples(family.input_kind), {**family.defaults, "augmentation": "none", "n_layers": 3}, seed=0)
    assert family.keep_input(model, tmp_path, sample_of(few_clips, family)) == ""
    stored = read_stored(tmp_path / family.key)
    assert {name.split(".")[1] for name in stored if name.startswith("layers.")} == {"0", "1", "2"}
    assert {stored[name].dtype for name in ("conv1.weight", "layers.0.fc1.weight")} == {np.dtype(np.int8)}
    assert {stored[name].dtype for name in ("conv1.bias", "embed_positions.weight", "layer_norm.weight")} == {np.dtype(np.float16)}
    kept = INPUT_KINDS[family.input_kind].kept_in(tmp_path)
    inputs = [kept.extract(Analysis(clip.samples)) for clip in few_clips[:8]]
    assert np.isfinite(model.predict(inputs)).all()


def test_an_encoder_that_int8_changes_too_much_is_kept_in_float16_and_said_so(
    examples: Examples, few_clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "features.whisper.kept.quantise", lambda weight: (np.zeros(weight.shape, np.int8), np.ones(scale_shape(weight), np.float16))
    )
    model = WHISPER.fit(examples, CONFIG, seed=0)
    sentence = WHISPER.keep_input(model, tmp_path, sample_of(few_clips, WHISPER))
    assert "may change at most 1% of the predictions" in sentence
    assert "kept in float16" in sentence
    assert {tensor.dtype for tensor in read_stored(tmp_path / "whisper").values()} == {np.dtype(np.float16)}


def test_a_model_that_reads_a_layer_that_was_not_kept_does_not_predict(
    examples: Examples, few_clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    model = WHISPER.fit(examples, {**CONFIG, "n_layers": 4}, seed=0)
    INPUT_KINDS["whisper"].keep(tmp_path, n_layers=1)
    vector = INPUT_KINDS["whisper"].kept_in(tmp_path).extract(Analysis(few_clips[0].samples))
    with pytest.raises(ValueError, match="NaN"):
        model.predict([vector])
