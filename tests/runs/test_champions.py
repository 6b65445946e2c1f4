"""Champions on disk: what comes back, and what is refused and why."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from numpy.typing import NDArray

from emotune.errors import ChampionError
from emotune.files import sha256_of_file
from evaluation.ensembles import MEMBER_KEYS
from features import INPUT_KINDS, Analysis
from models import FAMILIES, Examples, Model
from models.family import MEMBER_PROBABILITIES
from models.networks.model import NeuralModel
from models.networks.numpy_network import NumpyNetwork
from runs import champions
from runs.cards import CARD_FILE, SCHEMA, Card, card_versions, member_spec, read_card, update_scores, write_card
from runs.champions import GOLDEN_FILE, Champion, load_champion, needs_keras, save_champion
from runs.layout import SHIPPED

EMOTIONS = ("neutral", "happy", "sad", "angry")


class Stranger:
    """A type that no champion may hold."""


@pytest.fixture
def fitted(random_examples: Examples) -> Champion:
    """A linear model of random vectors; its card says functionals."""
    family, kind = FAMILIES["linear"], INPUT_KINDS["functionals"]
    card = Card(
        family=family.key,
        title=family.title,
        corpus="made up",
        licence="none",
        is_real=False,
        emotions=EMOTIONS,
        config=dict(family.defaults),
        input_kind=kind.key,
        input_fingerprint=kind.fingerprint,
        input_spec=kind.spec,
        temperature=1.7,
        scores={"uar": 0.5},
        seed=3,
        versions={"numpy": "of long ago"},
        files={},
    )
    return Champion(card, family.fit(random_examples, family.defaults, seed=3))


@pytest.fixture
def golden_inputs(random_examples: Examples) -> tuple[NDArray[Any], ...]:
    return random_examples.inputs[:2]


@pytest.fixture
def folder(fitted: Champion, golden_inputs: tuple[NDArray[Any], ...], tmp_path: Path) -> Path:
    place = tmp_path / "models" / "linear"
    save_champion(place, fitted, golden_inputs=golden_inputs)
    return place


def edit_card(folder: Path, **changes: Any) -> None:
    path = folder / CARD_FILE
    fields = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**fields, **changes}), encoding="utf-8")


def accept_files(folder: Path) -> None:
    """Write the hashes of what lies in the folder into the card, as someone would who passes on a model of their own making."""
    edit_card(folder, files={path.name: sha256_of_file(path) for path in folder.iterdir() if path.name != CARD_FILE})


def test_a_champion_comes_back_with_its_card_and_its_answers(folder: Path, fitted: Champion, random_examples: Examples) -> None:
    champion = load_champion(folder)
    np.testing.assert_allclose(
        champion.predict_inputs(random_examples.inputs), fitted.predict_inputs(random_examples.inputs), atol=1e-9
    )
    assert set(champion.card.files) == {"model.skops", "standardiser.npz", GOLDEN_FILE}
    as_written = json.loads(json.dumps(dataclasses.asdict(dataclasses.replace(fitted.card, files=champion.card.files))))
    assert json.loads(json.dumps(dataclasses.asdict(champion.card))) == as_written
    assert champion.card.emotions == EMOTIONS


def test_probabilities_are_divided_by_the_temperature(fitted: Champion, golden_inputs: tuple[NDArray[Any], ...]) -> None:
    raw = fitted.model.predict(golden_inputs)
    cooled = raw ** (1 / 1.7)
    expected = cooled / cooled.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.predict_inputs(golden_inputs), expected, atol=1e-6)


def test_a_champion_answers_analyses_through_its_input_kind(fitted: Champion) -> None:
    class Listener(Model):
        def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
            self.heard = inputs
            return np.full((len(inputs), 4), 0.25)

    listener, kind = Listener(), INPUT_KINDS["functionals"]
    analyses = [Analysis(np.sin(np.arange(8000) * pace).astype(np.float32)) for pace in (0.05, 0.2)]
    assert Champion(fitted.card, listener, kind).predict(analyses).shape == (2, 4)
    np.testing.assert_array_equal(listener.heard, [kind.extract(analysis) for analysis in analyses])


def test_saving_replaces_the_champion_before_and_leaves_no_litter(
    folder: Path, fitted: Champion, golden_inputs: tuple[NDArray[Any], ...]
) -> None:
    (folder / "member0.keras").write_text("of an earlier model")
    save_champion(folder, dataclasses.replace(fitted, card=dataclasses.replace(fitted.card, seed=4)), golden_inputs=golden_inputs)
    assert load_champion(folder).card.seed == 4
    assert [path.name for path in folder.parent.iterdir()] == ["linear"]


def test_saving_the_same_champion_again_changes_its_scores_and_no_weights(
    folder: Path, fitted: Champion, golden_inputs: tuple[NDArray[Any], ...]
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != CARD_FILE}
    card = dataclasses.replace(fitted.card, scores={"uar": 0.75})
    saved = save_champion(folder, dataclasses.replace(fitted, card=card), golden_inputs=golden_inputs)
    assert saved.card.scores == {"uar": 0.75}
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != CARD_FILE} == before


@pytest.mark.parametrize("is_same", [True, False])
def test_an_ensemble_goes_when_a_member_is_replaced_by_another(
    folder: Path, fitted: Champion, golden_inputs: tuple[NDArray[Any], ...], is_same: bool
) -> None:
    spec, fingerprint = member_spec(folder.parent, ["linear"])
    card = dataclasses.replace(
        fitted.card,
        family="ensemble",
        config={MEMBER_KEYS: ["linear"]},
        input_kind=MEMBER_PROBABILITIES,
        input_spec=spec,
        input_fingerprint=fingerprint,
    )
    write_card(folder.with_name("ensemble"), card)
    seed = fitted.card.seed if is_same else 4
    save_champion(folder, dataclasses.replace(fitted, card=dataclasses.replace(fitted.card, seed=seed)), golden_inputs=golden_inputs)
    assert folder.with_name("ensemble").exists() is is_same


def test_a_model_that_answers_otherwise_once_saved_is_refused_and_the_one_before_stays(
    folder: Path, fitted: Champion, golden_inputs: tuple[NDArray[Any], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_another(model: Any, place: Path) -> None:
        twisted = dataclasses.replace(model, standardiser=dataclasses.replace(model.standardiser, mean=model.standardiser.mean + 1))
        type(FAMILIES["linear"]).save(FAMILIES["linear"], twisted, place)

    with monkeypatch.context() as patch:
        patch.setattr(champions, "FAMILIES", {fitted.card.family: Twisted(save_another)})
        another = dataclasses.replace(fitted, card=dataclasses.replace(fitted.card, seed=4))
        with pytest.raises(ChampionError, match="golden probabilities"):
            save_champion(folder, another, golden_inputs=golden_inputs)
    assert load_champion(folder).card.seed == 3


class Twisted:
    """The linear family with another way to save."""

    title, is_neural = "Linear", False

    def __init__(self, save: Callable[[Any, Path], None]) -> None:
        self.save, self.load = save, FAMILIES["linear"].load


@pytest.mark.parametrize("name", ["model.skops", "standardiser.npz", GOLDEN_FILE])
def test_a_changed_file_is_refused_by_its_path(name: str, folder: Path) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ChampionError, match=rf"{name}: its SHA-256 must be [0-9a-f]{{12}}…, found [0-9a-f]{{12}}…"):
        load_champion(folder)


@pytest.mark.parametrize("name", ["model.skops", "standardiser.npz", GOLDEN_FILE])
def test_a_missing_file_is_refused_by_its_path(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(ChampionError, match=rf"{name}.*found nothing"):
        load_champion(folder)


@pytest.mark.parametrize("name", ["member0.keras", "more.npz"])
def test_a_file_that_the_card_does_not_name_is_refused(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"smuggled in")
    with pytest.raises(ChampionError, match=rf"{name}.*named in the card"):
        load_champion(folder)


def test_a_file_that_a_file_manager_leaves_does_no_harm(folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"icons")
    assert load_champion(folder)


def test_a_folder_without_a_card_is_refused(folder: Path) -> None:
    (folder / CARD_FILE).unlink()
    with pytest.raises(ChampionError, match=r"card\.json.*run the search"):
        load_champion(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", f'{{"schema": {SCHEMA}}}', f'{{"schema": {SCHEMA}, "emotions": null}}'])
def test_a_damaged_card_is_refused(content: str, folder: Path) -> None:
    (folder / CARD_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ChampionError, match=r"card\.json"):
        read_card(folder)


def test_a_card_of_a_newer_schema_is_refused_with_both_numbers(folder: Path) -> None:
    edit_card(folder, schema=SCHEMA + 1)
    with pytest.raises(ChampionError, match=rf"schema {SCHEMA}, got {SCHEMA + 1}; refit"):
        read_card(folder)


@pytest.mark.parametrize("name", ["../../model.skops", "a/b.npz", "/etc/hosts", ".hidden"])
def test_a_card_that_names_files_elsewhere_is_refused(name: str, folder: Path) -> None:
    edit_card(folder, files={name: "0" * 64})
    with pytest.raises(ChampionError, match="files of its own folder only"):
        read_card(folder)


def test_new_scores_change_nothing_else_of_a_card(folder: Path) -> None:
    before = read_card(folder)
    update_scores(folder, {"uar": 0.75})
    assert load_champion(folder).card == dataclasses.replace(before, scores={"uar": 0.75})


@pytest.mark.parametrize("champion", sorted((SHIPPED / "ravdess" / "models").iterdir()), ids=lambda path: path.name)
def test_a_shipped_champion_repeats_its_golden_probabilities(champion: Path) -> None:
    assert load_champion(champion).card.family == champion.name


def test_a_card_with_an_unknown_field_is_refused(folder: Path) -> None:
    edit_card(folder, mood="unknown")
    with pytest.raises(ChampionError, match="mood"):
        read_card(folder)


def test_another_preprocessing_is_refused_with_both_specs(folder: Path) -> None:
    edit_card(folder, input_fingerprint="0" * 16, input_spec={"hop_samples": 777})
    with pytest.raises(ChampionError, match=r"'hop_samples': 777.*'hop_samples': 160"):
        load_champion(folder)


def test_a_golden_answer_that_is_not_met_is_refused_with_the_versions(folder: Path) -> None:
    with np.load(folder / GOLDEN_FILE) as golden:
        arrays = dict(golden)
    np.savez(folder / GOLDEN_FILE, **{**arrays, "probabilities": arrays["probabilities"][:, ::-1]})
    accept_files(folder)
    with pytest.raises(ChampionError, match=r"golden probabilities.*of long ago"):
        load_champion(folder)


def test_a_model_of_strange_types_is_refused_by_their_names(folder: Path) -> None:
    skops.io.dump(Stranger(), folder / "model.skops")
    accept_files(folder)
    with pytest.raises(ChampionError, match="Stranger"):
        load_champion(folder)


def test_pickled_arrays_are_refused(folder: Path) -> None:
    np.savez(folder / "standardiser.npz", columns=np.array([{"a": "dict"}], dtype=object), mean=0.0, scale=1.0)
    accept_files(folder)
    with pytest.raises(ChampionError, match="refit the model"):
        load_champion(folder)


@pytest.mark.parametrize("name", ["model.skops", "standardiser.npz", GOLDEN_FILE])
def test_files_that_hold_something_else_are_refused_even_when_the_card_vouches_for_them(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"not a model")
    accept_files(folder)
    with pytest.raises(ChampionError, match="refit the model"):
        load_champion(folder)


def test_an_unheard_of_number_of_emotions_is_refused(folder: Path) -> None:
    edit_card(folder, emotions=["neutral"])
    with pytest.raises(ChampionError):
        load_champion(folder)


def test_a_champion_moves_with_its_folder(folder: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert load_champion(moved).card == load_champion(folder).card


def test_versions_of_the_libraries_are_those_installed() -> None:
    versions = card_versions()
    assert versions["numpy"] == np.__version__
    assert {"emotune", "scikit-learn", "xgboost", "keras", "tensorflow", "librosa"} <= set(versions)


@pytest.mark.parametrize("layers", [None, {}], ids=["of NumPy", "of Keras"])
def test_networks_answer_without_keras_unless_a_layer_needs_it(
    layers: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if layers is not None:
        monkeypatch.setattr("models.networks.numpy_network.LAYERS", layers)
    folder = SHIPPED / "emodb" / "models" / "conv1d"
    champion = load_champion(folder)
    assert needs_keras(folder) == (layers is not None)
    assert isinstance(champion.model, NeuralModel)
    assert all(isinstance(network, NumpyNetwork) == (layers is None) for network in champion.model.networks)
    assert champion.model.n_parameters > 10_000
