"""What a run left, as far as a Space shows it: its champions, their scores, their licences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emotune.errors import ChampionError, DeployError, PredictionsError
from features import INPUT_KINDS
from leaderboard.best import REFERENCES
from leaderboard.table import read_leaderboard
from models.family import MEMBER_PROBABILITIES
from page.claims import claim_of
from runs.cards import CARD_FILE, Card
from runs.champions import needs_keras
from runs.layout import RunFolder
from runs.manifest import Manifest, read_manifest
from runs.reader import Run


@dataclass(frozen=True, eq=False)
class Outcome:
    """The results of a run.

    Attributes
    ----------
    folder : Path
        Where they lie.
    manifest : Manifest
        What was run on what.
    board : DataFrame
        The leaderboard, best family first.
    champions : mapping of str to Card
        By family, best first, without the references, which the page does not load.
    """

    folder: Path
    manifest: Manifest
    board: pd.DataFrame
    champions: Mapping[str, Card]

    @property
    def corpus(self) -> str:
        """Key of the corpus."""
        return self.manifest.corpus

    @property
    def title(self) -> str:
        """The corpus's name for people."""
        return self.manifest.title

    @property
    def is_real(self) -> bool:
        """Whether the models learnt from recordings of people."""
        return all(card.is_real for card in self.champions.values())

    @property
    def licences(self) -> tuple[str, ...]:
        """Licences of the champions, each once."""
        return tuple(dict.fromkeys(card.licence for card in self.champions.values()))

    @property
    def tested_on(self) -> str:
        """Whom the scores are for, in words."""
        return claim_of(self.manifest).briefly

    @property
    def needs_keras(self) -> bool:
        """Whether a champion has a network that only Keras can compute."""
        return any(needs_keras(RunFolder(self.folder).champion(key)) for key in self.champions)

    @property
    def files(self) -> tuple[Path, ...]:
        """What the page reads of them, and nothing else that lies there."""
        run = RunFolder(self.folder)
        measured = (run.cross_corpus, run.adaptation, run.robustness)
        optional = [path for path in (run.ood, *measured) if path.is_file()]
        of_champions = [run.champion(key) / name for key, card in self.champions.items() for name in (CARD_FILE, *sorted(card.files))]
        kinds = dict.fromkeys(card.input_kind for card in self.champions.values() if card.input_kind != MEMBER_PROBABILITIES)
        kept = [path for kind in kinds for path in INPUT_KINDS[kind].kept_files(self.folder)]
        return (*_result_files(run), *optional, *kept, *of_champions)


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
    run = Run.at(folder)
    cards = {key: card for key, card in run.cards().items() if key not in REFERENCES}
    if not cards:
        raise DeployError(f"A Space needs champions, and {run.folder.models} has none; run search/run.py first.")
    for path in _result_files(run.folder):
        if not path.is_file():
            raise DeployError(f"A Space needs the files of a whole run, and {path} is missing; let search/run.py finish.")
    board = read_leaderboard(run.folder.leaderboard)
    ranked = [*(key for key in board["family"] if key in cards), *(key for key in cards if key not in set(board["family"]))]
    try:
        manifest = read_manifest(run.folder.manifest)
    except PredictionsError as error:
        raise DeployError(str(error)) from error
    if not manifest.is_complete:
        raise DeployError(f"A Space shows a complete run, and {folder} is partial; let search/run.py finish.")
    outcome = Outcome(folder, manifest, board, {key: cards[key] for key in ranked})
    for path in outcome.files:
        if not path.is_file():
            raise ChampionError(f"{path}: the card names this file, and it is missing; restore it or refit the model.")
    return outcome


def _result_files(run: RunFolder) -> tuple[Path, ...]:
    return (run.leaderboard, run.predictions, run.manifest)
