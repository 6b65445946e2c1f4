"""The heads on the encoder, and the layers that they read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna
import pytest

from audio.clip import Clip
from emotune.errors import DownloadError
from emotune.files import PROJECT_ROOT
from features import INPUT_KINDS, Analysis
from features.whisper import published
from features.whisper.layers import WhisperLayers
from features.whisper.weights import read_stored, scale_shape
from models import FAMILIES, Examples, Family, Model
from models.family import KeptSample
from models.networks.training import NeuralFamily
from models.whisper.layer_selection import PERCENTILES, LayerSelection, last_layer
from models.whisper.tuned_layer import TunedLayer, probe_weights

MakeExamples = Callable[[str], Examples]
WHISPER, BASE = FAMILIES["whisper"], FAMILIES["whisper_base"]
N_COLUMNS = 2 * 4 * 16
DRAWN = {
    "augmentation": "none",
    "learning_rate": 1e-3,
    "tuning_rate": 1e-4,
    "layers": "middle",
    "readout": "both",
    "statistics": "moments",
    "n_speaker_directions": 0,
    "copy_weight": 0.5,
    "penalty": 100.0,
    "original_share": 0.5,
    "n_epochs": 10,
    "weight_decay": 1e-2,
    "label_smoothing": 0.1,
    "mixup": 0.0,
    "time_mask": 1,
    "column_mask": 0,
    "pooling": "statistics",
    "n_units": 64,
    "n_hidden": 0,
    "dropout": 0.1,
    "head_dropout": 0.3,
    "n_tuning_epochs": 4,
    "low_rank": 0,
}
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
    assert WHISPER.select_layers("linear", config, n_columns=N_COLUMNS).spans == spans


def test_a_tuned_layer_is_given_the_one_below() -> None:
    assert WHISPER.select_layers("layer", WHISPER.defaults, n_columns=N_COLUMNS).spans == [(16, 32), (80, 96)]


@pytest.mark.parametrize("statistics", PERCENTILES)
def test_a_linear_head_reads_statistics_over_the_clip(statistics: str) -> None:
    config = {**WHISPER.defaults, "layers": "all", "statistics": statistics}
    vector = WHISPER.select_layers("linear", config, n_columns=N_COLUMNS)(STEPS)
    assert vector.shape == ((2 + len(PERCENTILES[statistics])) * N_COLUMNS,)
    np.testing.assert_allclose(vector[:N_COLUMNS], STEPS.astype(np.float32).mean(axis=0), rtol=1e-5)


def test_a_network_reads_the_steps_themselves() -> None:
    selection = WHISPER.select_layers("network", {"layers": "middle", "readout": "both"}, n_columns=N_COLUMNS)
    np.testing.assert_array_equal(selection(STEPS), np.hstack([STEPS[:, 16:48], STEPS[:, 80:112]]).astype(np.float32))


def test_the_shipped_selection_loads() -> None:
    stored = json.loads((PROJECT_ROOT / "leaderboard/shipped/ravdess/models/whisper/layer_selection.json").read_text("utf-8"))
    linear, layer = (LayerSelection(**selection) for selection in stored)
    assert (linear.learner, layer.learner) == ("linear", "layer")
    assert layer(np.zeros((3, 3072), np.float16)).shape == (3, 2 * 384)


def test_a_quick_look_limits_the_epochs_of_the_tuned_layer(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs: list[float] = []
    monkeypatch.setattr("models.networks.training.learning_rate_share", lambda epoch, **_: epochs.append(epoch) or 0.0)
    WHISPER.fit(examples, {**config_of("tuned"), "n_epochs": 9, "max_epochs": 2}, seed=0)
    assert {int(epoch) for epoch in epochs} == {0, 1}


@pytest.fixture
def examples(make_examples: MakeExamples) -> Examples:
    return make_examples("whisper")


def config_of(head: str, **chosen: Any) -> dict[str, Any]:
    trial = optuna.trial.FixedTrial({"learning_rate": 1e-3, "tuning_rate": 1e-4, "augmentation": "none", **DRAWN, **chosen})
    return {**WHISPER.suggest_head(trial, head), "n_epochs": 2}  # type: ignore[arg-type]


@pytest.mark.parametrize("low_rank", [0, 8])
def test_every_head_predicts_the_same_after_loading(examples: Examples, tmp_path: Path, low_rank: int) -> None:
    for head in WHISPER.heads:
        model = WHISPER.fit(examples, config_of(head, low_rank=low_rank), seed=0)
        folder = tmp_path / head
        folder.mkdir()
        WHISPER.save(model, folder)
        loaded = WHISPER.load(folder, n_emotions=examples.n_emotions)
        np.testing.assert_allclose(loaded.predict(examples.inputs[:4]), model.predict(examples.inputs[:4]), atol=1e-6)


def weights_of(network: keras.Model) -> dict[str, np.ndarray]:
    return {variable.path: variable.numpy() for variable in network.weights}


def tuned(examples: Examples, low_rank: int, learning_rate: float) -> Model:
    config = {**config_of("tuned", low_rank=low_rank), "learning_rate": learning_rate, "penalty": 1.0}
    return WHISPER.fit(examples, config, seed=0).models[1]


def test_low_rank_tuning_moves_the_dense_parts_and_full_tuning_everything(examples: Examples) -> None:
    for low_rank in (0, 8):
        still, moved = (weights_of(tuned(examples, low_rank, rate).networks[0]) for rate in (0.0, 1e-2))  # type: ignore[attr-defined]
        changed = {path for path in still if not np.array_equal(still[path], moved[path])}
        (kernel,) = (path for path in changed if path.endswith("fc1/kernel"))
        rank = np.linalg.matrix_rank(moved[kernel] - still[kernel], tol=1e-4)
        assert (0 < rank <= 8) == (low_rank == 8)
        assert any(path.endswith("gamma") for path in changed) == (low_rank == 0)


def inputs_of_layer(examples: Examples) -> Examples:
    selection = WHISPER.select_layers("layer", WHISPER.defaults, n_columns=N_COLUMNS)
    return replace(examples, inputs=tuple(selection(steps) for steps in examples.inputs))


@pytest.mark.parametrize("low_rank", [0, 8])
def test_the_average_of_one_network_predicts_as_it_does(examples: Examples, low_rank: int) -> None:
    config = {**config_of("tuned", low_rank=low_rank), "learning_rate": 1e-2}
    selected = inputs_of_layer(examples)
    alone = NeuralFamily.fit(TunedLayer("whisper"), selected, config, seed=0)
    averaged = TunedLayer("whisper").fit(selected, config, seed=0)
    np.testing.assert_allclose(averaged.predict(selected.inputs[:4]), alone.predict(selected.inputs[:4]), atol=1e-5)


def test_several_networks_become_one_between_them(examples: Examples) -> None:
    config = {**config_of("tuned"), "learning_rate": 1e-2}
    selected = inputs_of_layer(examples)
    parts = [[speaker] for speaker in sorted(set(selected.speakers.tolist()))[:2]]
    bags = NeuralFamily.fit(TunedLayer("whisper"), selected, config, seed=0, parts=parts).networks
    (average,) = TunedLayer("whisper").fit(selected, config, seed=0, parts=parts).networks
    first, second, between = (network.get_layer("probe").kernel.numpy() for network in (*bags, average))
    assert not np.allclose(first, second)
    np.testing.assert_allclose(between, (first + second) / 2, atol=1e-5)


def test_tuning_begins_at_the_linear_probe(examples: Examples) -> None:
    """Without a step it already tells its training clips apart, as no random classifier does."""
    probabilities = tuned(examples, 0, 0.0).predict(inputs_of_layer(examples).inputs)
    assert (probabilities.argmax(axis=1) == examples.targets).mean() > 0.6


def test_the_tuned_head_pools_a_linear_one_and_a_layer(examples: Examples) -> None:
    model = WHISPER.fit(examples, config_of("tuned"), seed=0)
    linear, layer = (
        learnt.predict([selection(steps) for steps in examples.inputs[:5]])
        for selection, learnt in zip(model.selections, model.models, strict=True)
    )
    pooled = np.sqrt(linear * layer)
    np.testing.assert_allclose(model.predict(examples.inputs[:5]), pooled / pooled.sum(axis=1, keepdims=True), atol=1e-6)


def test_a_search_draws_the_cheap_head_alone() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    assert {WHISPER.suggest(study.ask())["head"] for _ in range(10)} == {"linear"}


@pytest.mark.parametrize("head", WHISPER.heads)
def test_an_emotion_without_examples_has_no_probability(head: str, examples: Examples) -> None:
    lacking = examples.select(~np.isin(examples.targets, [1, 6]))
    probabilities = WHISPER.fit(lacking, config_of(head), seed=0).predict(examples.inputs)
    assert probabilities[:, [1, 6]].max() <= 1e-6
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_the_tuned_layer_does_not_depend_on_earlier_fits(examples: Examples) -> None:
    config, inputs = {**config_of("tuned", low_rank=8), "learning_rate": 1e-3}, examples.inputs[:4]
    alone = WHISPER.fit(examples, config, seed=0)
    expected = alone.predict(inputs)
    WHISPER.fit(examples, {**config, "penalty": 1.0, "head_dropout": 0.1}, seed=1)
    np.testing.assert_array_equal(alone.predict(inputs), expected)
    np.testing.assert_array_equal(WHISPER.fit(examples, config, seed=0).predict(inputs), expected)


def test_an_emotion_without_examples_is_never_predicted(examples: Examples) -> None:
    two = examples.select(np.isin(examples.targets, [2, 5]))
    X = np.random.default_rng(0).normal(size=(len(two), 5)).astype(np.float32)
    X[:, 0] += two.targets
    kernel, bias = probe_weights(X, two, penalty=0.1)
    predicted = (X @ kernel + bias).argmax(axis=1)
    assert set(predicted) == {2, 5}
    assert (predicted == two.targets).mean() > 0.9


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
    model = WHISPER.fit(examples, config_of("linear"), seed=0)
    sentence = WHISPER.keep_input(model, tmp_path, sample_of(few_clips, WHISPER))
    assert "may change at most 1% of the predictions" in sentence
    assert "kept in float16" in sentence
    assert {tensor.dtype for tensor in read_stored(tmp_path / "whisper").values()} == {np.dtype(np.float16)}


def test_a_model_that_reads_a_layer_that_was_not_kept_does_not_predict(
    examples: Examples, few_clips: tuple[Clip, ...], tmp_path: Path
) -> None:
    model = WHISPER.fit(examples, config_of("linear", layers="all"), seed=0)
    INPUT_KINDS["whisper"].keep(tmp_path, n_layers=1)
    steps = INPUT_KINDS["whisper"].kept_in(tmp_path).extract(Analysis(few_clips[0].samples))
    with pytest.raises(ValueError, match="NaN"):
        model.predict([steps])


@pytest.mark.parametrize(("layers", "expected"), [("lower", 2), ("middle", 3), ("all", 4)])
@pytest.mark.parametrize("readout", ["layers", "attended", "both"])
def test_the_uppermost_layer_of_a_selection_is_told_from_its_columns(layers: str, readout: str, expected: int) -> None:
    spans = WHISPER.select_layers("linear", {**WHISPER.defaults, "layers": layers, "readout": readout}, n_columns=N_COLUMNS).spans
    assert last_layer(spans, n_layers=4, n_columns=N_COLUMNS) == expected
