"""What a run left, as far as a Space shows it: its champions, their scores, their licences."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emotune.errors import ChampionError, DeployError
from features import INPUT_KINDS
from leaderboard.table import read_leaderboard
from models.family import MEMBER_PROBABILITIES
from page.engine import BASELINE
from runs.champions import CARD_FILE, Card, read_card

RESULT_FILES = ("leaderboard.csv", "predictions.csv", "run.json")
OPTIONAL_FILES = ("ood.npz",)
NON_COMMERCIAL = re.compile(r"\bNC\b|non-?commercial", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Outcome:
    """The results of a run.

    Attributes
    ----------
    folder : Path
        Where they lie.
    run : mapping
        What ``run.json`` says.
    board : DataFrame
        The leaderboard, best family first.
    champions : mapping of str to Card
        By family, best first, without the dummy: the page does not load it.
    """

    folder: Path
    run: Mapping[str, Any]
    board: pd.DataFrame
    champions: Mapping[str, Card]

    @property
    def corpus(self) -> str:
        """Key of the corpus."""
        return str(self.run.get("corpus") or self.folder.name)

    @property
    def title(self) -> str:
        """The corpus's name for people."""
        return str(self.run.get("title") or self.corpus)

    @property
    def is_real(self) -> bool:
        """Whether the models learnt from recordings of people."""
        return all(card.is_real for card in self.champions.values())

    @property
    def licences(self) -> tuple[str, ...]:
        """Licences of the champions, each once."""
        return tuple(dict.fromkeys(card.licence for card in self.champions.values()))

    @property
    def files(self) -> tuple[Path, ...]:
        """What the page reads of them, and nothing else that lies there."""
        models = self.folder / "models"
        optional = [self.folder / name for name in OPTIONAL_FILES if (self.folder / name).is_file()]
        of_champions = [models / key / name for key, card in self.champions.items() for name in (CARD_FILE, *sorted(card.files))]
        kinds = dict.fromkeys(card.input_kind for card in self.champions.values() if card.input_kind != MEMBER_PROBABILITIES)
        kept = [path for kind in kinds for path in INPUT_KINDS[kind].kept_files(self.folder)]
        return (*(self.folder / name for name in RESULT_FILES), *optional, *kept, *of_champions)


def read_outcome(folder: Path) -> Outcome:
    """Read the results of a run.

    Raises
    ------
    DeployError
        If there are no champions, or a file of the results is missing or no JSON.
    ChampionError
        If a card cannot be read or names a file that is not there.
    PredictionsError
        If the leaderboard cannot be read.
    """
    keys = [path.parent.name for path in sorted(folder.glob(f"models/[!.]*/{CARD_FILE}")) if path.parent.name != BASELINE]
    if not keys:
        raise DeployError(f"A Space needs champions, and {folder / 'models'} has none; run search/run.py first.")
    for name in RESULT_FILES:
        if not (folder / name).is_file():
            raise DeployError(f"A Space needs {', '.join(RESULT_FILES)}, and {folder / name} is missing; let search/run.py finish.")
    board = read_leaderboard(folder / "leaderboard.csv")
    ranked = [*(key for key in board["family"] if key in keys), *(key for key in keys if key not in set(board["family"]))]
    outcome = Outcome(folder, _read_run(folder / "run.json"), board, {key: read_card(folder / "models" / key) for key in ranked})
    for path in outcome.files:
        if not path.is_file():
            raise ChampionError(f"{path}: the card names this file, and it is missing; restore it or refit the model.")
    return outcome


def is_non_commercial(licence: str) -> bool:
    """Return whether a licence forbids commercial use."""
    return bool(NON_COMMERCIAL.search(licence))


def _read_run(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DeployError(f"{path} must be JSON, but {error}; let search/run.py write it again.") from None
    if not isinstance(found, dict):
        raise DeployError(f"{path} must hold an object, got a {type(found).__name__}; let search/run.py write it again.")
    return found
