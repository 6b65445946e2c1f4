"""The prose that goes along: the Space's README and a model card for each champion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployment.front_matter import HUB_METRICS, interval, model_front_matter, space_front_matter
from deployment.shipment import Outcome
from evaluation.folds import TestedOn
from leaderboard.table import markdown_table
from page.claims import claim_of, learnt_from
from page.live_turns import MAX_LISTENERS
from runs.licences import is_non_commercial

CARDS_FOLDER = "model-cards"

SPACE = """
# emotune

Speak, and see what every family of speech-emotion models predicts: side by side, each with its UAR on
**{tested_on}**. Learnt from {corpus}{made}.

{table}

How the numbers are made is on the page under *About*; a card for each champion is in [`{cards}/`](./{cards}).

## Live

Each visitor's microphone is a session of its own: each chunk of sound is a file for a moment, deleted when it is heard, and the
last seconds stay in memory for at most an hour. {listeners} people can be heard at a time, and one more is told so. All share this
machine, which predicts one window at a time: on a small Space (2 vCPU) a few sessions are served every half second, and with more of
them windows are dropped and the page says how late it is and how much sound was lost. A restart or a sleep of the Space ends every
session.

## Limits

{limits}

## Licences

- The code is MIT (`LICENSE`).
- The models are {licences}.{non_commercial}
- {reference}
"""

MODEL = """
# {title}

Recognises {emotions} in short recordings of speech. Learnt from {corpus}{made}. It is one of the champions of an
[emotune](../README.md) Space and lies in `{folder}`.

## What it is worth

On {tested_on}, which were in neither its training nor its tuning:

{scores}

These are scores of models like it: each test fold was judged by one that was trained on {others}, with a configuration that was
tuned without it. The model here has the configuration whose study scored higher, refitted on everything.

## Protocol

{protocol}

## How it was made

- Input: {input_kind}; seed {seed}; confidences divided by a temperature of {temperature:.3g} learnt on inner predictions.
- Made with {versions}.

```json
{config}
```

## Limits

{limits}

## Licence

{licence}.{non_commercial} {reference}
"""

LIMITS = """- A probability is about how the voice sounds to a model, not about the person. Do not judge people by it.
- In the European Union it is forbidden to infer emotions of people at work or in education from their voice (AI Act, Regulation
  (EU) 2024/1689, Article 5(1)(f)), with narrow exceptions for medical or safety reasons."""


MADE_BY_CODE = ", which is **speech-like sound made by code, not people's speech**"
NON_COMMERCIAL = " Commercial use is forbidden."
AUDIT = {
    "random_split_accuracy": "Accuracy that a random split would claim",
    "uar_robust": "UAR through the test suite",
    "uar_adapted": "UAR with earlier clips of the speaker",
    "uar_adapted_skewed": "UAR with earlier clips of few emotions",
    "uar_one_neutral": "UAR with one neutral clip of the speaker",
    "uar_enrolled": "UAR with one labelled clip of each emotion of the speaker",
    "uar_noise": "UAR in noise",
    "uar_pitch": "UAR, pitch shifted",
    "ece": "Calibration error",
}
NOT_MEASURED = {
    TestedOn.UNSEEN_SPEAKERS: "UAR on unseen corpora",
    TestedOn.UNSEEN_CORPORA: "UAR on unseen speakers of its corpora",
    TestedOn.UNKNOWN_SPEAKERS: "UAR on speakers who were held out",
}
"""What a run did not measure, by what it was tested on."""


def space_readme(outcome: Outcome, *, requirements: str) -> str:
    """Return the Space's README, its front matter included."""
    text = SPACE.format(
        corpus=outcome.title,
        made="" if outcome.is_real else MADE_BY_CODE,
        table=markdown_table(outcome.board),
        cards=CARDS_FOLDER,
        listeners=MAX_LISTENERS,
        tested_on=outcome.tested_on,
        limits=_limits(outcome, is_real=outcome.is_real),
        licences=", ".join(outcome.licences),
        non_commercial=NON_COMMERCIAL if any(map(is_non_commercial, outcome.licences)) else "",
        reference=outcome.manifest.reference or f"Corpus: {outcome.title}.",
    )
    return space_front_matter(outcome, requirements=requirements) + text


def model_card(outcome: Outcome, family: str, *, folder: str) -> str:
    """Return a champion's model card, its ``model-index`` included.

    Parameters
    ----------
    outcome : Outcome
        The results that it is part of.
    family : str
        Key of its family.
    folder : str
        Where its files lie in the Space.
    """
    card = outcome.champions[family]
    rows = outcome.board.set_index("family").to_dict("index")
    scores = {str(name): value for name, value in rows.get(family, {}).items() if value == value and value is not None}
    text = MODEL.format(
        title=card.title,
        emotions=", ".join(card.emotions[:-1]) + f" and {card.emotions[-1]}",
        corpus=outcome.title,
        made="" if card.is_real else MADE_BY_CODE,
        folder=folder,
        scores=_score_table(scores, outcome.manifest.tested_on),
        tested_on=outcome.tested_on,
        others=claim_of(outcome.manifest).others,
        protocol=_protocol(outcome),
        input_kind=card.input_kind,
        seed=card.seed,
        temperature=card.temperature,
        versions=", ".join(f"{library} {version}" for library, version in card.versions.items()),
        config=json.dumps(dict(card.config), indent=1, ensure_ascii=False),
        limits=_limits(outcome, is_real=card.is_real),
        licence=card.licence,
        non_commercial=NON_COMMERCIAL if is_non_commercial(card.licence) else "",
        reference=outcome.manifest.reference or "",
    )
    return model_front_matter(card, corpus_title=outcome.title, tested_on=outcome.tested_on, scores=scores) + text


def _limits(outcome: Outcome, *, is_real: bool) -> str:
    return f"- {learnt_from(outcome.manifest, is_real=is_real)}\n{LIMITS}"


def _score_table(scores: Mapping[str, Any], tested_on: TestedOn) -> str:
    """Return a champion's scores as a Markdown table, with intervals over speakers where there are any, and what was not measured."""
    with_intervals = [
        f"| {name} | {100 * scores[key]:.1f} % | {interval(scores, key)} |" for key, (_, name) in HUB_METRICS.items() if key in scores
    ]
    audit = [f"| {name} | {100 * scores[key]:.1f} % | {_interval(scores, key)} |" for key, name in AUDIT.items() if key in scores]
    measured = [*with_intervals, *audit]
    lines = [*measured, f"| {NOT_MEASURED[tested_on]} | not measured | |"] if measured else ["| not measured | | |"]
    return "\n".join(["| score | value | 95 % interval |", "|---|---:|---:|", *lines])


def _interval(scores: Mapping[str, Any], key: str) -> str:
    return interval(scores, key) if f"{key}_ci_low" in scores else ""


def _protocol(outcome: Outcome) -> str:
    """Return how the scores were made, as far as the run says."""
    manifest = outcome.manifest
    protocol = manifest.protocol
    data = [f"{n} {word}" for n, word in ((manifest.n_clips, "clips"), (manifest.n_speakers, "speakers")) if n is not None]
    n_trials = max((n for halves in manifest.trials.values() for n in halves.values()), default=0)
    parts = [
        f"{protocol['name']}." if protocol.get("name") else "",
        f"{' of '.join(data)}." if data else "",
        f"Up to {n_trials} trials for each of a family's two studies." if n_trials else "",
        f"{claim_of(manifest).folds}." if manifest.speakers_known else "",
    ]
    return " ".join(part[:1].upper() + part[1:] for part in parts if part)
