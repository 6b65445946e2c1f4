"""A result with a pretrained family and an ensemble, on the page and in a Space."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from audio.clip import Clip
from deployment.contents import collect
from deployment.shipment import read_outcome
from emotune.errors import ChampionError
from features import INPUT_KINDS, Analysis
from features.whisper import weights
from page.engine import Engine
from runs.champions import load_champion
from tests.page.conftest import save_ensemble, save_family

MEMBERS = ("linear", "whisper")


@pytest.fixture(scope="session")
def rich_results(results: Path, synthetic_clips: tuple[Clip, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(results, tmp_path_factory.mktemp("rich") / "synthetic"))
    clips, kind = synthetic_clips[:32], INPUT_KINDS["whisper"]
    kind.keep(folder)
    inputs = tuple(kind.extract(Analysis(clip.samples)) for clip in clips)
    save_family(folder / "models" / "whisper", clips, inputs, {}, scores={"uar": 0.7})
    save_ensemble(folder / "models" / "ensemble", clips, MEMBERS)
    return folder


@pytest.fixture
def copied_results(rich_results: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rich_results, tmp_path / "synthetic"))


def problems(engine: Engine) -> dict[str, str]:
    return {member.key: member.problem for member in engine.members if member.champion is None}


def test_the_page_needs_no_weights_but_those_that_the_results_keep(
    rich_results: Path, clip: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "features.whisper.published.PublishedEncoder.find", lambda *_, **__: pytest.fail("looked for the weights elsewhere")
    )
    engine = Engine(rich_results)
    assert {"whisper", "ensemble"} <= set(engine.predict([clip]).probabilities)
    assert not problems(engine)


def test_an_ensemble_answers_the_pool_of_its_members_answers(rich_results: Path, clip: np.ndarray) -> None:
    found = Engine(rich_results).predict([clip, clip[:20000]]).probabilities
    members = list(np.stack([found[key] for key in MEMBERS], axis=1))
    expected = load_champion(rich_results / "models" / "ensemble").predict_inputs(members)
    np.testing.assert_allclose(found["ensemble"], expected, atol=1e-5)


def test_the_reason_of_an_ensemble_names_no_folder_of_this_machine(copied_results: Path) -> None:
    (copied_results / "models" / "linear" / "card.json").write_text("")
    found = problems(Engine(copied_results))
    assert found["ensemble"].startswith("linear/card.json: ")
    assert found["linear"] == found["ensemble"]


def test_an_ensemble_whose_member_is_damaged_says_which(copied_results: Path, clip: np.ndarray) -> None:
    (copied_results / "models" / "linear" / "model.skops").write_bytes(b"nonsense")
    engine = Engine(copied_results)
    assert "needs linear" in problems(engine)["ensemble"]
    assert "whisper" in engine.predict([clip]).probabilities


def test_an_ensemble_is_refused_once_a_member_was_fitted_anew(copied_results: Path) -> None:
    path = copied_results / "models" / "linear" / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "temperature": 2.0}))
    with pytest.raises(ChampionError, match="was made for the input"):
        load_champion(copied_results / "models" / "ensemble")


def test_another_encoder_than_the_one_learnt_with_is_refused(copied_results: Path) -> None:
    folder = copied_results / "whisper"
    tensors = weights.read_tensors(folder)
    tensors["conv1.bias"] = tensors["conv1.bias"] + 1
    weights.write_tensors(folder, tensors, config=weights.WhisperConfig.read(folder))
    assert "was made for the input" in problems(Engine(copied_results))["whisper"]


def test_an_ensemble_is_asked_with_answers_not_with_clips(rich_results: Path, clip: np.ndarray) -> None:
    with pytest.raises(ChampionError, match="reads its members' probabilities"):
        load_champion(rich_results / "models" / "ensemble").predict([Analysis(clip)])


def test_a_space_takes_the_encoder_along_once(rich_results: Path) -> None:
    paths = [item.path for item in collect(read_outcome(rich_results))]
    assert [path for path in paths if path.endswith(".safetensors")] == ["leaderboard/results/synthetic/whisper/model.safetensors"]
    assert "leaderboard/results/synthetic/models/ensemble/weights.json" in paths


def test_a_space_without_a_pretrained_family_holds_no_encoder(copied_results: Path) -> None:
    for key in ("whisper", "ensemble"):
        shutil.rmtree(copied_results / "models" / key)
    kept = copied_results / "whisper"
    assert kept.is_dir()
    assert not [item for item in collect(read_outcome(copied_results)) if "/synthetic/whisper/" in item.path]
