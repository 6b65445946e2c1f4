"""Champions: saved models, and the checks that they must pass before they are used.

A champion's folder holds its weights in native formats, ``golden.npz`` (inputs and the probabilities that they must give) and
``card.json``. Loading checks, in this order: the schema, the hash of every file, the preprocessing, the golden probabilities.
Nothing is read from a file whose hash the card does not carry, and a folder with such a file is refused; hidden files are not
looked at.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotune.errors import ChampionError
from emotune.files import remove, sha256_of_file, short_hash, whole_folder
from evaluation.ensembles import MEMBER_KEYS
from features import INPUT_KINDS, Analysis, InputKind
from features.whisper.numpy_layers import NUMPY_KINDS
from metrics.calibration import apply_temperature
from models import FAMILIES, Family, Model
from models.family import MEMBER_PROBABILITIES
from models.networks.numpy_layers import OnlyKerasError
from models.networks.numpy_network import load_numpy_model
from runs.cards import CARD_FILE, Card, card_versions, member_spec, read_card, update_scores, write_card

GOLDEN_FILE = "golden.npz"
GOLDEN_TOLERANCE = 1e-4
KINDS: Mapping[str, InputKind] = {**INPUT_KINDS, **NUMPY_KINDS}
"""Input kinds as champions use them, without TensorFlow."""
UNREADABLE = (OSError, ValueError, TypeError, KeyError, IndexError, RuntimeError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class Champion:
    """A saved family, ready to predict.

    Attributes
    ----------
    card : Card
        What it says about itself.
    model : Model
        Its weights.
    kind : InputKind or None
        What turns clips into its input; None for an ensemble, which reads its members' probabilities.
    """

    card: Card
    model: Model
    kind: InputKind | None = None

    @property
    def members(self) -> tuple[str, ...]:
        """Keys of the families whose probabilities an ensemble reads, in their order."""
        return tuple(self.card.config.get(MEMBER_KEYS, ())) if self.card.input_kind == MEMBER_PROBABILITIES else ()

    def extract(self, analyses: Sequence[Analysis]) -> list[NDArray[Any]]:
        """Return what the model reads of some clips."""
        if self.kind is None:
            raise ChampionError(
                f"{self.card.family}: an ensemble reads its members' probabilities, got clips; predict with the members first."
            )
        return [self.kind.extract(analysis) for analysis in analyses]

    def predict(self, analyses: Sequence[Analysis]) -> NDArray[np.float64]:
        """Return calibrated probabilities of clips, (n, n_emotions)."""
        return self.predict_inputs(self.extract(analyses))

    def predict_inputs(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return calibrated probabilities of extracted inputs, (n, n_emotions)."""
        return apply_temperature(self.model.predict(inputs), self.card.temperature)


def save_champion(folder: Path, champion: Champion, *, golden_inputs: Sequence[NDArray[Any]]) -> Champion:
    """Write the folder of a champion whole, and return it as read back.

    A folder that holds the same champion keeps its weights, so that ensembles of it stay valid; its card takes the new scores.
    Otherwise ensembles of the champion that was replaced are removed, since their members have changed.

    Parameters
    ----------
    folder : Path
        Replaced if it holds something else.
    champion : Champion
        The fitted model and its card; the card's ``files`` are filled in here.
    golden_inputs : sequence of ndarray
        One or two inputs whose probabilities are kept with it.

    Raises
    ------
    ChampionError
        If the saved model does not predict what the fitted one does.
    """
    if _is_saved(folder, champion, golden_inputs):
        update_scores(folder, champion.card.scores)
        return load_champion(folder)
    with whole_folder(folder) as temporary:
        FAMILIES[champion.card.family].save(champion.model, temporary)
        arrays: dict[str, Any] = {f"input{k}": value for k, value in enumerate(golden_inputs)}
        np.savez_compressed(temporary / GOLDEN_FILE, probabilities=champion.predict_inputs(golden_inputs), **arrays)
        files = {path.name: sha256_of_file(path) for path in sorted(temporary.iterdir())}
        write_card(temporary, replace(champion.card, files=files))
        saved = load_champion(temporary, run_folder=folder.parent.parent)
    remove_stale_ensembles(folder.parent)
    return saved


def remove_stale_ensembles(models: Path) -> None:
    """Remove the ensembles whose members are no longer those that they were fitted to.

    Parameters
    ----------
    models : Path
        The folder that holds one folder a champion.
    """
    for folder in models.glob("[!.]*"):
        if not (folder / CARD_FILE).is_file():
            continue
        with suppress(ChampionError):  # what cannot be read is not judged
            card = read_card(folder)
            if card.input_kind == MEMBER_PROBABILITIES and not _has_its_members(card, models):
                remove(folder)


def _has_its_members(ensemble: Card, models: Path) -> bool:
    """Return whether the members beside an ensemble are those that it was fitted to."""
    try:
        return ensemble.input_fingerprint == member_spec(models, ensemble.config[MEMBER_KEYS])[1]
    except ChampionError:
        return False


def _is_saved(folder: Path, champion: Champion, golden_inputs: Sequence[NDArray[Any]]) -> bool:
    """Return whether a folder holds a champion of the same card, but for scores, and the same golden probabilities."""
    try:
        there = load_champion(folder)
    except ChampionError:
        return False
    cards = [short_hash(asdict(replace(card, scores={}, files={}))) for card in (there.card, champion.card)]
    return cards[0] == cards[1] and np.array_equal(_golden(folder)[1], champion.predict_inputs(golden_inputs))


def load_champion(folder: Path, *, run_folder: Path | None = None) -> Champion:
    """Return a champion after every check.

    Parameters
    ----------
    folder : Path
        The folder of the champion.
    run_folder : Path, optional
        The run's folder, whose encoder and members it uses; two levels above the champion's unless given.

    Raises
    ------
    ChampionError
        If a file is missing, damaged or not the card's, the preprocessing differs, or the golden probabilities is not met.
    """
    run_folder = run_folder or folder.parent.parent
    card = read_card(folder)
    _check_files(folder, card)
    _check_input(folder, card, run_folder)
    family = FAMILIES[card.family]
    try:
        champion = Champion(card, _read_model(family, folder, n_emotions=len(card.emotions)), kind_of(card, run_folder))
        error = _golden_error(folder, champion)
    except UNREADABLE as problem:
        raise ChampionError(
            f"{folder}: the files must hold the {family.title} of the card, but {problem}; refit the model."
        ) from problem
    if not error <= GOLDEN_TOLERANCE:
        raise ChampionError(
            f"{folder}: the model must repeat its golden probabilities to {GOLDEN_TOLERANCE}, but is off by {error:.2g} "
            f"(made with {dict(card.versions)}, here {card_versions()}); install those versions or refit it."
        )
    return champion


def kind_of(card: Card, run_folder: Path) -> InputKind | None:
    """Return what turns clips into the input of a champion, with what the run's folder keeps for it; None for an ensemble."""
    return None if card.input_kind == MEMBER_PROBABILITIES else KINDS[card.input_kind].kept_in(run_folder)


def needs_keras(folder: Path) -> bool:
    """Return whether a champion has a network that only Keras can compute."""
    family = FAMILIES[read_card(folder).family]
    return family.is_neural and _numpy_model(folder) is None


def _read_model(family: Family, folder: Path, *, n_emotions: int) -> Model:
    """Return a saved model; a network without Keras where that can compute it."""
    model = _numpy_model(folder) if family.is_neural else None
    return model or family.load(folder, n_emotions=n_emotions)


def _numpy_model(folder: Path) -> Model | None:
    """Return networks in NumPy; None if one has a layer that only Keras knows."""
    with suppress(OnlyKerasError):
        return load_numpy_model(folder)
    return None


def _check_files(folder: Path, card: Card) -> None:
    present = {path.name for path in folder.glob("[!.]*") if path.is_file()} - {CARD_FILE}
    for name in sorted({*present, *card.files, GOLDEN_FILE}):
        expected, found = card.files.get(name, "named in the card"), sha256_of_file(folder / name) if name in present else "nothing"
        if found != expected:
            raise ChampionError(
                f"{folder / name}: its SHA-256 must be {_short(expected)}, found {_short(found)}; restore it or refit the model."
            )


def _short(digest: str) -> str:
    return f"{digest[:12]}…" if len(digest) == 64 else digest


def _golden_error(folder: Path, champion: Champion) -> float:
    inputs, expected = _golden(folder)
    return float(np.abs(champion.predict_inputs(inputs) - expected).max())


def _golden(folder: Path) -> tuple[list[NDArray[Any]], NDArray[np.float64]]:
    """Return the inputs that are kept with a champion, and the probabilities that the fitted model gave for them."""
    with np.load(folder / GOLDEN_FILE, allow_pickle=False) as golden:
        expected = golden["probabilities"]
        return [golden[f"input{k}"] for k in range(len(expected))], expected


def _check_input(folder: Path, card: Card, run_folder: Path) -> None:
    kind = kind_of(card, run_folder)
    spec: Mapping[str, Any]
    if kind is None:
        spec, fingerprint = member_spec(run_folder / "models", card.config[MEMBER_KEYS])
    else:
        spec, fingerprint = kind.spec, kind.fingerprint
    if card.input_fingerprint != fingerprint:
        raise ChampionError(
            f"{folder}: the model was made for the input {dict(card.input_spec)}, but here it would get {dict(spec)}; "
            f"refit the model or use the version that made it."
        )
