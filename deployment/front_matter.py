"""What the Hub reads at the head of a README: the Space's settings, and a champion's scores in its ``model-index`` form.

The keys are described at https://huggingface.co/docs/hub/spaces-config-reference and https://huggingface.co/docs/hub/model-cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huggingface_hub import CardData, EvalResult, ModelCardData, SpaceCardData

from deployment.requirements import pinned_version
from deployment.shipment import Outcome
from features.whisper.published import ENCODERS
from runs.cards import Card

PYTHON_VERSION = "3.12.12"
"""Of the Python versions the Hub offers, the one that both CPU and ZeroGPU Spaces have."""

APP_FILE = "app.py"
SHORT_DESCRIPTION = "Talk to every family of emotion models at once"
TAGS = ["audio", "speech", "speech-emotion-recognition", "audio-classification", "leaderboard"]
TASK = "audio-classification"

HUB_LICENCES = {"MIT": "mit", "CC BY-NC-SA 4.0": "cc-by-nc-sa-4.0", "CC BY-NC 4.0": "cc-by-nc-4.0", "CC BY 4.0": "cc-by-4.0"}
"""The Hub's identifier of a licence; any other is ``other``."""

HUB_DATASETS = {"ravdess": "narad/ravdess"}
"""Corpora that the Hub has under a name."""

HUB_MODELS = {encoder.key: encoder.repository for encoder in ENCODERS}
"""Families that stand on a model of the Hub."""

HUB_METRICS = {"uar": ("recall", "UAR"), "accuracy": ("accuracy", "Accuracy"), "macro_f1": ("f1", "Macro F1")}
"""Scores of the leaderboard: the Hub's identifier and the name for people."""


def space_front_matter(outcome: Outcome, *, requirements: str) -> str:
    """Return the YAML at the head of the Space's README.

    Parameters
    ----------
    outcome : Outcome
        What the Space shows.
    requirements : str
        The Space's ``requirements.txt``, where its Gradio is pinned.
    """
    data = SpaceCardData(
        title="emotune",
        emoji="🎙️",
        colorFrom="blue",
        colorTo="indigo",
        sdk="gradio",
        sdk_version=pinned_version(requirements, "gradio"),
        python_version=PYTHON_VERSION,
        app_file=APP_FILE,
        license=hub_licence(outcome.licences[0]) if len(outcome.licences) == 1 else "other",
        short_description=SHORT_DESCRIPTION,
        tags=TAGS,
        models=[HUB_MODELS[key] for key in outcome.champions if key in HUB_MODELS] or None,
        datasets=_datasets(outcome.corpus),
        pinned=False,
        suggested_hardware="cpu-basic",
    )
    return _fenced(data)


def model_front_matter(card: Card, *, corpus_title: str, tested_on: str, scores: Mapping[str, Any]) -> str:
    """Return the YAML at the head of a champion's model card.

    Parameters
    ----------
    card : Card
        The champion's.
    corpus_title : str
        The corpus's name for people.
    tested_on : str
        Whom the scores are for.
    scores : mapping
        Its row of the leaderboard; empty if it has none.
    """
    results = [
        EvalResult(
            task_type=TASK,
            task_name="Speech emotion recognition",
            dataset_type=HUB_DATASETS.get(card.corpus, card.corpus),
            dataset_name=f"{corpus_title}, {tested_on}",
            metric_type=identifier,
            metric_value=round(float(scores[score]), 4),
            metric_name=f"{name} (95 % interval over speakers: {interval(scores, score)})",
        )
        for score, (identifier, name) in HUB_METRICS.items()
        if score in scores
    ]
    data = ModelCardData(
        model_name=f"emotune-{card.corpus}-{card.family}",
        license=hub_licence(card.licence),
        pipeline_tag=TASK,
        tags=TAGS[:-1],
        datasets=_datasets(card.corpus),
        base_model=HUB_MODELS.get(card.family),
        metrics=[identifier for identifier, _ in HUB_METRICS.values()],
        eval_results=results or None,
    )
    return _fenced(data)


def hub_licence(licence: str) -> str:
    """Return the Hub's identifier of a licence."""
    return HUB_LICENCES.get(licence, "other")


def interval(scores: Mapping[str, Any], score: str) -> str:
    """Return the interval of a score as text, in per cent."""
    return f"{100 * scores[f'{score}_ci_low']:.1f} to {100 * scores[f'{score}_ci_high']:.1f} %"


def _datasets(corpus: str) -> list[str] | None:
    return [HUB_DATASETS[corpus]] if corpus in HUB_DATASETS else None


def _fenced(data: CardData) -> str:
    return f"---\n{data.to_yaml()}\n---\n"
