"""Cards: what a saved model says about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from emotune import __version__
from emotune.errors import ChampionError
from emotune.files import short_hash, write_json
from emotune.versions import library_versions
from runs.field_types import require_types

SCHEMA = 2
CARD_FILE = "card.json"


@dataclass(frozen=True)
class Card:
    """What a champion says about itself.

    Attributes
    ----------
    family, title, corpus, licence : str
        What it is, learnt from which corpus, and under which licence its weights may be used.
    is_real : bool
        False if it learnt from speech made by code.
    emotions : tuple of str
        Order of its probabilities.
    config : mapping
        Its configuration.
    input_kind, input_fingerprint : str
        The input it reads; refused if the code here, or the members beside it, would give another.
    input_spec : mapping
        The same by name and value, for the message.
    temperature : float
        Divides the log probabilities; learnt on inner predictions.
    scores : mapping
        Its row of the leaderboard: for unseen speakers, from models like it.
    seed : int
        Of its fit.
    versions : mapping
        Of emotune and the libraries that wrote it.
    files : mapping
        SHA-256 of every other file of its folder.
    objective : str
        What its tuning maximised: a value of :class:`evaluation.objective.Objective`, or ``none``. Cards before 2026-12 do not say
        it: theirs was ``clean``.
    """

    family: str
    title: str
    corpus: str
    licence: str
    is_real: bool
    emotions: tuple[str, ...]
    config: Mapping[str, Any]
    input_kind: str
    input_fingerprint: str
    input_spec: Mapping[str, Any]
    temperature: float
    scores: Mapping[str, Any]
    seed: int
    versions: Mapping[str, str]
    files: Mapping[str, str]
    schema: int = SCHEMA
    objective: str = "clean"


def read_card(folder: Path) -> Card:
    """Return the card of a champion's folder, its schema checked.

    Raises
    ------
    ChampionError
        If it is missing, unreadable, of another schema, or names files outside of its folder.
    """
    path = folder / CARD_FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        schema = fields.get("schema")
        if schema != SCHEMA:
            raise ChampionError(
                f"{path}: this version reads cards of schema {SCHEMA}, got {schema}; refit the model or use the version that made it."
            )
        require_types(fields, Card)
        names = sorted(name for name in fields["files"] if Path(name).name != name or name.startswith("."))
        if names:
            raise ChampionError(f"{path}: a card may name files of its own folder only, got {names[0]!r}; restore or refit it.")
        return Card(**{**fields, "emotions": tuple(fields["emotions"])})
    except FileNotFoundError:
        raise ChampionError(f"{folder}: a champion needs a {CARD_FILE}, and there is none; run the search first.") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ChampionError(f"{path}: a card must be JSON with every field, but {error}; restore or refit it.") from None


def write_card(folder: Path, card: Card) -> None:
    """Write ``card.json`` whole into the folder of a champion."""
    write_json(folder / CARD_FILE, asdict(card))


def update_scores(folder: Path, scores: Mapping[str, Any]) -> None:
    """Write the row of the leaderboard anew into a card; nothing else of it changes."""
    write_card(folder, replace(read_card(folder), scores=scores))


def card_versions() -> dict[str, str]:
    """Return what a card records of the program and the libraries."""
    return {"emotune": __version__, **library_versions()}


def member_spec(models: Path, member_keys: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return what determines the probabilities that an ensemble reads, and its fingerprint: each member's weights and temperature."""
    cards = {key: read_card(models / key) for key in member_keys}
    spec = {"members": {key: short_hash({"files": card.files, "temperature": card.temperature}) for key, card in cards.items()}}
    return spec, short_hash(spec)
