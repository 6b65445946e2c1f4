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
from features.whisper.layers import WhisperLayers
from features.whisper.weights import read_stored, scale_shape
from models import FAMILIES, Examples, Family
from models.family import KeptSample
from models.whisper.family import WIDE_AUGMENTATIONS, EncoderFamily
from models.whisper.layer_selection import LAYERS, PERCENTILES, READOUTS, last_layer

MakeExamples = Callable[[str], Examples]
WHISPER, BASE = FAMILIES["whisper"], FAMILIES["whisper_base"]
N_COLUMNS = 2 * 4 * 16
CONFIG = {**WHISPER.defaults, "augmentation": "none"}
STEPS = np.random.default_rng(0).normal(size=(9, N_COLUMNS)).astype(np.float16)


@pytest.mark.parametrize(
    ("layers", "readout", "spans"),
    [
        ("lower", "layers", [(0, 32)]),
        ("middle", "attended", [(80, 112)]),
        ("middle", "both", [(16, 48), (80, 112)]),
        ("all", "both", [(0, 64), (64, 128)]),
    ],
)
def test_layers_are_chosen_by_their_depth(layers: str, readout: str, spans: list[tuple[int, int]]) -> None:
    config = {**WHISPER.defaults, "layers": layers, "readout": readout}
    assert WHISPER.select_layers(config, n_columns=N_COLUMNS).spans == spans


@pytest.mark.parametrize("statistics", PERCENTILES)
def test_a_head_reads_statistics_over_the_clip(statistics: str) -> None:
    config = {**WHISPER.defaults, "layers": "all", "statistics": statistics}
    vector = WHISPER.select_layers(config, n_columns=N_COLUMNS)(STEPS)
    assert vector.shape == ((2 + len(PERCENTILES[statistics])) * N_COLUMNS,)
    np.testing.assert_allclose(vector[:N_COLUMNS], STEPS.astype(np.float32).mean(axis=0), rtol=1e-5)


@pytest.fixture
def examples(make_examples: MakeExamples) -> Examples:
    return make_examples("whisper")


@pytest.mark.parametrize("statistics", PERCENTILES)
def test_a_model_predicts_the_same_after_loading(examples: Examples, tmp_path: Path, statistics: str) -> None:
    model = WHISPER.fit(examples, {**CONFIG, "statistics": statistics}, seed=0)
    WHISPER.save(model, tmp_path)
    loaded = WHISPER.load(tmp_path, n_emotions=examples.n_emotions)
    np.testing.assert_array_equal(loaded.predict(examples.inputs[:4]), model.predict(examples.inputs[:4]))
    assert loaded.n_parameters == model.n_parameters


@pytest.mark.parametrize("family", [WHISPER, BASE], ids=lambda family: family.key)
def test_a_search_draws_every_choice_that_the_family_has(family: EncoderFamily) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    drawn = [family.suggest(study.ask()) for _ in range(60)]
    assert {config["layers"] for config in drawn} == set(LAYERS)
    assert {config["readout"] for config in drawn} == set(READOUTS)
    assert {config["statistics"] for config in drawn} == set(family.statistics)
    assert {config["augmentation"] for config in drawn} == {"none", *WIDE_AUGMENTATIONS}


def test_an_emotion_without_examples_has_no_probability(examples: Examples) -> None:
    lacking = examples.select(~np.isin(examples.targets, [1, 6]))
    probabilities = WHISPER.fit(lacking, CONFIG, seed=0).predict(examples.inputs)
    assert probabilities[:, [1, 6]].max() <= 1e-6
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_the_models_of_a_bag_are_those_fitted_one_by_one(examples: Examples) -> None:
    parts = [[speaker] for speaker in sorted(set(examples.speakers.tolist()))[:2]]
    bag = WHISPER.fit_bag(examples, CONFIG, seed=0, parts=parts)
    alone = WHISPER.fit(examples.select(~np.isin(examples.speakers, parts[0])), CONFIG, seed=0)
    np.testing.assert_array_equal(bag.without[0].predict(examples.inputs[:4]), alone.predict(examples.inputs[:4]))
    assert len(bag.without) == len(parts)


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
    steps = INPUT_KINDS["whisper"].kept_in(tmp_path).extract(Analysis(few_clips[0].samples))
    with pytest.raises(ValueError, match="NaN"):
        model.predict([steps])


@pytest.mark.parametrize(("layers", "expected"), [("lower", 2), ("middle", 3), ("all", 4)])
@pytest.mark.parametrize("readout", ["layers", "attended", "both"])
def test_the_uppermost_layer_of_a_selection_is_told_from_its_columns(layers: str, readout: str, expected: int) -> None:
    spans = WHISPER.select_layers({**WHISPER.defaults, "layers": layers, "readout": readout}, n_columns=N_COLUMNS).spans
    assert last_layer(spans, n_layers=4, n_columns=N_COLUMNS) == expected
