from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotune.errors import ChampionError, RequestError
from features import INPUT_KINDS
from page import render
from page.engine import N_CLIPS_AT_ONCE, Engine, Member, rank
from page.listen import listen


def broken(engine: Engine) -> dict[str, str]:
    return {member.key: member.problem for member in engine.members if member.champion is None}


def test_families_come_best_first_and_the_dummy_not_at_all(engine: Engine) -> None:
    assert [member.key for member in engine.ready] == ["linear", "random_forest", "conv1d"]


def test_the_ensemble_comes_second_where_it_is_not_the_best_and_first_where_it_is(engine: Engine) -> None:
    champion = engine.ready[0].champion
    members = [Member(key, key, uar=uar, champion=champion) for key, uar in (("a", 0.6), ("b", 0.5), ("ensemble", 0.4))]
    assert [member.key for member in rank(members)] == ["a", "ensemble", "b"]
    assert rank([*members[:2], Member("ensemble", "", uar=0.7, champion=champion)])[0].key == "ensemble"


def test_an_ensemble_that_did_not_load_comes_after_those_that_did(engine: Engine) -> None:
    members = [Member("ensemble", "", uar=0.9), *(Member(key, key, uar=0.5, champion=engine.ready[0].champion) for key in "ab")]
    assert [member.key for member in rank(members)] == ["a", "b", "ensemble"]


def test_answers_are_those_of_each_champion_alone(engine: Engine, clip: np.ndarray) -> None:
    from features import Analysis

    together = engine.predict([clip, clip[:20000]]).probabilities
    for member in engine.ready:
        alone = np.concatenate([member.champion.predict([Analysis(part)]) for part in (clip, clip[:20000])])
        np.testing.assert_allclose(together[member.key], alone, atol=1e-5)


def test_more_clips_than_fit_at_once_are_answered_in_order(engine: Engine, clip: np.ndarray) -> None:
    clips = [clip[: 8000 + 400 * k] for k in range(N_CLIPS_AT_ONCE + 2)]
    found = engine.predict(clips)
    np.testing.assert_allclose(found.probabilities["linear"][-1], engine.predict(clips[-1:]).probabilities["linear"][0], atol=1e-5)
    assert len(found.held_share) == len(found.ood_score) == len(clips)


def test_a_missing_champion_keeps_its_place_with_the_reason(copied_results: Path, clip: np.ndarray) -> None:
    shutil.rmtree(copied_results / "models" / "conv1d")
    engine = Engine(copied_results)
    assert "conv1d: a champion needs a card.json" in broken(engine)["conv1d"]
    assert set(engine.predict([clip]).probabilities) == {"linear", "random_forest"}


def test_a_damaged_champion_is_not_read_and_the_rest_works(copied_results: Path, clip: np.ndarray) -> None:
    with (copied_results / "models" / "linear" / "model.skops").open("ab") as file:
        file.write(b"!")
    engine = Engine(copied_results)
    assert "SHA-256" in broken(engine)["linear"]
    assert [member.key for member in engine.members] == ["random_forest", "conv1d", "linear"]
    assert "linear" not in engine.predict([clip]).probabilities


def test_a_champion_of_a_newer_schema_says_so(copied_results: Path) -> None:
    rewrite_card(copied_results, "linear", schema=99)
    assert "got 99" in broken(Engine(copied_results))["linear"]


def test_a_champion_of_a_family_this_version_does_not_know_says_so(copied_results: Path) -> None:
    rewrite_card(copied_results, "linear", family="quantum")
    assert "no family 'quantum'" in broken(Engine(copied_results))["linear"]


def test_a_card_with_a_field_of_another_type_says_which(copied_results: Path) -> None:
    rewrite_card(copied_results, "linear", files=["model.skops"])
    rewrite_card(copied_results, "conv1d", temperature="warm")
    found = broken(Engine(copied_results))
    assert 'files must be an object (values: text), got ["model.skops"]; restore or refit it.' in found["linear"]
    assert 'temperature must be a number, got "warm"' in found["conv1d"]


def test_a_champion_with_other_emotions_than_the_leaderboard_is_refused(copied_results: Path) -> None:
    emotions = ["calm", "neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
    rewrite_card(copied_results, "linear", emotions=emotions)
    assert "its emotions must be the leaderboard's" in broken(Engine(copied_results))["linear"]


def test_a_family_whose_input_cannot_be_computed_here_says_why(
    results: Path, clip: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ChampionError("the encoder's weights are not here; download them.")

    monkeypatch.setattr(INPUT_KINDS["sequence"].__class__, "extract", fail)
    engine = Engine(results)
    assert broken(engine) == {"conv1d": "the encoder's weights are not here; download them."}
    assert len(engine.predict([clip]).probabilities) == 2


def test_reasons_name_no_folder_of_this_machine(copied_results: Path) -> None:
    rewrite_card(copied_results, "linear", schema=99)
    shutil.rmtree(copied_results / "models" / "conv1d")
    assert all(str(copied_results) not in reason for reason in broken(Engine(copied_results)).values())


def test_without_any_champion_the_request_is_refused(tmp_path: Path, clip: np.ndarray) -> None:
    with pytest.raises(RequestError, match="No champion"):
        Engine(tmp_path).predict([clip])


def test_models_without_a_leaderboard_still_answer(copied_results: Path, clip: np.ndarray) -> None:
    for name in ("leaderboard.csv", "predictions.csv", "run.json", "ood.npz"):
        (copied_results / name).unlink()
    engine = Engine(copied_results)
    assert engine.ready[0].uar is None
    assert engine.is_real is None
    assert engine.predict([clip]).ood_score is None


def test_a_manifest_that_cannot_be_read_is_no_word_about_the_clips(copied_results: Path) -> None:
    (copied_results / "run.json").write_text('{"schema": 99}')
    engine = Engine(copied_results)
    shown = render.banner(engine)
    assert "run.json: this version reads manifests up to schema 2, got 99; update emotune." in shown
    assert "below which confidence an answer is unsure" in shown
    for words in (shown, render.about(engine, "{learnt}")):
        assert "made by code" not in words
        assert "Synthetic" not in words


@pytest.mark.parametrize("is_there", [True, False])
def test_without_its_detector_a_result_says_so_and_no_answer_is_sure(copied_results: Path, clip: np.ndarray, is_there: bool) -> None:
    assert render.banner(Engine(copied_results)).count("Damaged") == 0
    detector = copied_results / "ood.npz"
    detector.write_bytes(detector.read_bytes()[:2000])
    if not is_there:
        detector.unlink()
    engine = Engine(copied_results)
    assert "Damaged.</strong> ood.npz: must be the OOD detector" in render.banner(engine)
    assert "no answer is sure" in render.banner(engine)
    found = listen(engine, clip)
    assert all(one.is_unsure and "not_compared" in one.reasons for one in found.predictions)
    assert found.advice[0].startswith("Not compared with the training speech")


@pytest.mark.parametrize("error", [MemoryError(), KeyError("x"), SystemExit(3), type("Panic", (BaseException,), {})("deep inside")])
def test_a_champion_that_fails_while_predicting_is_greyed_out_and_the_rest_answers(
    results: Path, clip: np.ndarray, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(results)
    faulty = next(member.champion for member in engine.members if member.key == "linear")
    predict = type(faulty).predict_inputs

    def fail(self, inputs):
        if self is faulty:
            raise error
        return predict(self, inputs)

    monkeypatch.setattr(type(faulty), "predict_inputs", fail)
    assert set(engine.predict([clip]).probabilities) == {"random_forest", "conv1d"}
    assert type(error).__name__ in broken(engine)["linear"]
    monkeypatch.undo()
    monkeypatch.setattr("page.engine.RETRY_SECONDS", 0.0)
    assert "linear" in engine.predict([clip]).probabilities, "it is tried again after a while"


def rewrite_card(results: Path, folder: str, **fields: object) -> None:
    path = results / "models" / folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize(("adapted", "helps"), [(1.0, True), (0.0, False), (None, True)])
def test_knowing_the_voice_helps_unless_it_was_measured_to_cost(copied_results: Path, adapted: float | None, helps: bool) -> None:
    path = copied_results / "leaderboard.csv"
    board = pd.read_csv(path)
    board["uar_adapted_skewed"] = adapted
    board.to_csv(path, index=False)
    assert Engine(copied_results).voice_helps is helps
