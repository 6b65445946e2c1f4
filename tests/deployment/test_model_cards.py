"""The card of each champion, as the Hub and as people read it."""

from __future__ import annotations

from dataclasses import replace

from huggingface_hub import ModelCard

from deployment.shipment import Outcome
from deployment.texts import model_card
from runs.layout import SHIPPED
from runs.manifest import read_manifest


def test_the_scores_are_the_leaderboards_in_the_hubs_form(outcome: Outcome) -> None:
    results = ModelCard(model_card(outcome, "linear", folder="there")).data.eval_results
    row = outcome.board.set_index("family").loc["linear"]
    found = {result.metric_type: result.metric_value for result in results or []}
    assert found == {"recall": row["uar"], "accuracy": row["accuracy"], "f1": row["macro_f1"]}
    uar = next(result for result in results or [] if result.metric_type == "recall")
    assert uar.metric_name == f"UAR (95 % interval over speakers: {100 * row['uar_ci_low']:.1f} to {100 * row['uar_ci_high']:.1f} %)"
    assert uar.task_type == "audio-classification"
    assert uar.dataset_name == "Synthetic clips, unseen speakers"


def test_a_card_tells_scores_protocol_configuration_limits_and_licence(outcome: Outcome) -> None:
    text = model_card(outcome, "linear", folder="there")
    for part in ("## What it is worth", "| UAR |", "disjoint by speaker", '"n_features": 300', "Do not judge people", "MIT."):
        assert part in text
    assert "lies in `there`" in text
    assert "sounds made by code" in text


def test_a_card_tells_what_the_run_says_of_its_protocol(outcome: Outcome) -> None:
    manifest = read_manifest(SHIPPED / "ravdess" / "run.json")
    text = model_card(replace(outcome, manifest=manifest), "linear", folder="there")
    assert "Cross-fitted tuning, published folds. 1439 clips of 24 speakers. Up to 50 trials for each" in text


def test_a_card_says_what_was_left_to_train_on(outcome: Outcome, non_commercial: Outcome) -> None:
    manifest = read_manifest(SHIPPED / "everyday" / "run.json")
    text = model_card(replace(non_commercial, manifest=manifest), "linear", folder="there")
    assert "one that was trained on all other corpora" in text
    assert "Each fold is a corpus" in text
    assert "5 corpora alone" in text
    assert "one accent" not in text
    assert "trained on all other speakers" in model_card(outcome, "linear", folder="there")


def test_a_non_commercial_licence_is_told_in_words_and_to_the_hub(non_commercial: Outcome) -> None:
    card = ModelCard(model_card(non_commercial, "linear", folder="there"))
    assert card.data.license == "cc-by-nc-sa-4.0"
    assert "CC BY-NC-SA 4.0. Commercial use is forbidden. Livingstone & Russo" in card.text
    assert "sounds made by code" not in card.text


def test_a_champion_without_a_row_on_the_leaderboard_claims_no_score(outcome: Outcome) -> None:
    without = Outcome(outcome.folder, outcome.manifest, outcome.board[outcome.board["family"] != "linear"], outcome.champions)
    card = ModelCard(model_card(without, "linear", folder="there"))
    assert card.data.eval_results is None
    assert "not measured" in card.text


def test_figures_of_a_known_voice_and_of_the_suite_are_on_the_card_with_their_intervals(outcome: Outcome) -> None:
    figures = {
        f"uar_{name}{end}": value for name in ("adapted", "robust") for end, value in (("", 0.7), ("_ci_low", 0.6), ("_ci_high", 0.8))
    }
    text = model_card(replace(outcome, board=outcome.board.assign(**figures)), "linear", folder="there")
    assert "| UAR with earlier clips of the speaker | 70.0 % | 60.0 to 80.0 % |" in text
    assert "| UAR through the test suite | 70.0 % | 60.0 to 80.0 % |" in text


def test_a_card_names_what_was_not_measured(outcome: Outcome) -> None:
    assert "| UAR on unseen corpora | not measured |" in model_card(outcome, "linear", folder="there")
    manifest = read_manifest(SHIPPED / "everyday" / "run.json")
    away = model_card(replace(outcome, manifest=manifest), "linear", folder="there")
    assert "| UAR on unseen speakers of its corpora | not measured |" in away


def test_a_result_of_unknown_speakers_claims_nothing_of_unseen_ones(outcome: Outcome) -> None:
    text = model_card(replace(outcome, manifest=replace(outcome.manifest, speakers_known=False)), "linear", folder="there")
    assert "unseen speakers" not in text
    assert "disjoint by speaker" not in text
