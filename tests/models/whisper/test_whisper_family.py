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
from models.whisper.family import LAYERS, READOUTS, WIDE_AUGMENTATIONS, EncoderFamily

MakeExamples = Callable[[str], Examples]
WHISPER, BASE = FAMILIES["whisper"], FAMILIES["whisper_base"]
CONFIG = {**WHISPER.defaults, "augmentation": "none"}


@pytest.mark.parametrize(
    ("layers", "readout", "expected"),
    [
        ("lower", "layers", {"layer1", "layer2"}),
        ("middle", "attended", {"attended2", "attended3"}),
        ("middle", "both", {"layer2", "layer3", "attended2", "attended3"}),
        ("all", "both", {f"{part}{layer}" for part in PARTS for layer in (1, 2, 3, 4)}),
    ],
)
def test_layers_are_chosen_by_their_depth_with_both_moments(layers: str, readout: str, expected: set[str]) -> None:
    names = np.array(WHISPER.kind.columns)[WHISPER.columns({"layers": layers, "readout": readout})]
    assert {name.split(".")[0] for name in names} == expected
    assert len(set(names)) == len(names) == len(expected) * 16 * len(MOMENTS)


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
    assert {config["layers"] for config in drawn} == set(LAYERS)
    assert {config["readout"] for config in drawn} == set(READOUTS)
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
    model = family.fit(make_examples(family.input_kind), {**family.defaults, "augmentation": "none", "layers": "middle"}, seed=0)
    assert family.keep_input(model, tmp_path, sample_of(few_clips, family)) == ""
    stored = read_stored(tmp_path / family.key)
    n_layers = {"whisper": 3, "whisper_base": 4}[family.key]
    assert {name.split(".")[1] for name in stored if name.startswith("layers.")} == {str(k) for k in range(n_layers)}
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
    model = WHISPER.fit(examples, {**CONFIG, "layers": "all"}, seed=0)
    INPUT_KINDS["whisper"].keep(tmp_path, n_layers=1)
    vector = INPUT_KINDS["whisper"].kept_in(tmp_path).extract(Analysis(few_clips[0].samples))
    with pytest.raises(ValueError, match="NaN"):
        model.predict([vector])


@pytest.mark.parametrize(("layers", "expected"), [("lower", 2), ("middle", 3), ("all", 4)])
@pytest.mark.parametrize("readout", READOUTS)
def test_the_uppermost_layer_of_a_selection_is_told_from_its_columns(layers: str, readout: str, expected: int) -> None:
    assert WHISPER.last_layer(WHISPER.columns({"layers": layers, "readout": readout})) == expected
