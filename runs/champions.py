"""Cards: what a saved model says about itself, and the checks it must pass before it is used.

A champion's folder holds its weights in native formats, ``golden.npz`` (an input and the probabilities it must give) and
``card.json``. Loading checks, in this order: the schema, the hash of every file, the preprocessing, the golden answer. Nothing is
read from a file whose hash the card does not carry, and a folder with such a file is refused; hidden files are not looked at.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotune.errors import ChampionError
from features import INPUT_KINDS, Analysis, InputKind
from metrics.calibration import apply_temperature
from models import FAMILIES, Model
from models.family import ANSWERS

SCHEMA = 1
CARD_FILE = "card.json"
GOLDEN_FILE = "golden.npz"
GOLDEN_TOLERANCE = 1e-4
UNREADABLE = (OSError, ValueError, TypeError, KeyError, IndexError, zipfile.BadZipFile)
LIBRARIES = ("numpy", "scipy", "scikit-learn", "xgboost", "keras", "tensorflow", "librosa")


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
        Of the libraries that wrote it.
    files : mapping
        SHA-256 of every other file of its folder.
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


@dataclass(frozen=True, eq=False)
class Champion:
    """A saved family, ready to answer.

    Attributes
    ----------
    card : Card
        What it says about itself.
    model : Model
        Its weights.
    kind : InputKind or None
        What turns clips into its input; None for an ensemble, which reads its members' answers.
    """

    card: Card
    model: Model
    kind: InputKind | None = None

    @property
    def members(self) -> tuple[str, ...]:
        """Keys of the families whose answers an ensemble reads, in their order."""
        return tuple(self.card.config.get("members", ())) if self.card.input_kind == ANSWERS else ()

    def extract(self, analyses: Sequence[Analysis]) -> list[NDArray[Any]]:
        """Return what the model reads of some clips."""
        if self.kind is None:
            raise ChampionError(f"{self.card.family}: an ensemble reads its members' answers, got clips; ask the members first.")
        return [self.kind.extract(analysis) for analysis in analyses]

    def predict(self, analyses: Sequence[Analysis]) -> NDArray[np.float64]:
        """Return calibrated probabilities of clips, (n, n_emotions)."""
        return self.predict_inputs(self.extract(analyses))

    def predict_inputs(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return calibrated probabilities of extracted inputs, (n, n_emotions)."""
        return apply_temperature(self.model.predict(inputs), self.card.temperature)


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that decide what a model answers."""
    versions = {}
    for library in LIBRARIES:
        for name in (library, f"{library}-cpu"):
            try:
                versions[library] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue
    return versions


def save_champion(folder: Path, champion: Champion, *, golden_inputs: Sequence[NDArray[Any]]) -> Champion:
    """Write a champion's folder whole, and return it as read back.

    Parameters
    ----------
    folder : Path
        Replaced if it exists.
    champion : Champion
        The fitted model and its card; the card's ``files`` are filled in here.
    golden_inputs : sequence of ndarray
        One or two inputs whose answers are kept with it.

    Raises
    ------
    ChampionError
        If the saved model does not answer as the fitted one.
    """
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    FAMILIES[champion.card.family].save(champion.model, temporary)
    answers = champion.predict_inputs(golden_inputs)
    arrays: dict[str, Any] = {f"input{k}": value for k, value in enumerate(golden_inputs)}
    np.savez_compressed(temporary / GOLDEN_FILE, probabilities=answers, **arrays)
    files = {path.name: sha256(path) for path in sorted(temporary.iterdir())}
    card = {**asdict(champion.card), "files": files}
    (temporary / CARD_FILE).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    loaded = load_champion(temporary)
    retired = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(retired, ignore_errors=True)
    if folder.exists():
        os.replace(folder, retired)
    os.replace(temporary, folder)
    shutil.rmtree(retired, ignore_errors=True)
    return loaded


def read_card(folder: Path) -> Card:
    """Return the card of a champion's folder, its schema checked.

    Raises
    ------
    ChampionError
        If it is missing, unreadable, or of a newer schema.
    """
    path = folder / CARD_FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        schema = fields.get("schema")
        if schema != SCHEMA:
            raise ChampionError(
                f"{path}: this version reads cards of schema {SCHEMA}, got {schema}; update emotune or refit the model."
            )
        return Card(**{**fields, "emotions": tuple(fields["emotions"])})
    except FileNotFoundError:
        raise ChampionError(f"{folder}: a champion needs a {CARD_FILE}, and there is none; run the search first.") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ChampionError(f"{path}: a card must be JSON with every field, but {error}; restore or refit it.") from None


def load_champion(folder: Path) -> Champion:
    """Return a champion after every check.

    Raises
    ------
    ChampionError
        If a file is missing, damaged or not the card's, the preprocessing differs, or the golden answer is not met.
    """
    card = read_card(folder)
    _check_files(folder, card)
    _check_input(folder, card)
    family = FAMILIES[card.family]
    try:
        champion = Champion(card, family.load(folder, n_emotions=len(card.emotions)), kind_of(card, folder))
        error = _golden_error(folder, champion)
    except UNREADABLE as problem:
        raise ChampionError(
            f"{folder}: the files must hold the {family.title} of the card, but {problem}; refit the model."
        ) from problem
    if not error <= GOLDEN_TOLERANCE:
        raise ChampionError(
            f"{folder}: the model must repeat its golden answer to {GOLDEN_TOLERANCE}, but is off by {error:.2g} "
            f"(made with {dict(card.versions)}, here {library_versions()}); install those versions or refit it."
        )
    return champion


def kind_of(card: Card, folder: Path) -> InputKind | None:
    """Return what turns clips into the input of a champion, with what its results folder keeps for it; None for an ensemble."""
    return None if card.input_kind == ANSWERS else INPUT_KINDS[card.input_kind].kept_in(folder.parent.parent)


def answers_spec(models: Path, members: Sequence[str]) -> dict[str, Any]:
    """Return what determines the answers that an ensemble reads: each member's weights and temperature."""
    cards = {key: read_card(models / key) for key in members}
    return {"members": {key: fingerprint_of({"files": card.files, "temperature": card.temperature}) for key, card in cards.items()}}


def fingerprint_of(spec: Mapping[str, Any]) -> str:
    """Return a short hash of a mapping of JSON values."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_files(folder: Path, card: Card) -> None:
    present = {path.name for path in folder.glob("[!.]*") if path.is_file()} - {CARD_FILE}
    for name in sorted({*present, *card.files, GOLDEN_FILE}):
        expected, found = card.files.get(name, "named in the card"), sha256(folder / name) if name in present else "nothing"
        if found != expected:
            raise ChampionError(
                f"{folder / name}: its SHA-256 must be {_short(expected)}, found {_short(found)}; restore it or refit the model."
            )


def _short(digest: str) -> str:
    return f"{digest[:12]}…" if len(digest) == 64 else digest


def _golden_error(folder: Path, champion: Champion) -> float:
    with np.load(folder / GOLDEN_FILE, allow_pickle=False) as golden:
        expected = golden["probabilities"]
        inputs = [golden[f"input{k}"] for k in range(len(expected))]
    return float(np.abs(champion.predict_inputs(inputs) - expected).max())


def _check_input(folder: Path, card: Card) -> None:
    kind = kind_of(card, folder)
    spec = answers_spec(folder.parent, card.config["members"]) if kind is None else kind.spec
    if (fingerprint_of(spec) if kind is None else kind.fingerprint) != card.input_fingerprint:
        raise ChampionError(
            f"{folder}: the model was made for the input {dict(card.input_spec)}, but here it would get {dict(spec)}; "
            f"refit the model or use the version that made it."
        )
