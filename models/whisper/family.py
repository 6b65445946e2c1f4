"""Whisper: small heads on layers of a pretrained speech recogniser's encoder (Radford et al. 2022, arXiv 2212.04356)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from augment.policy import suggest_policy
from features import INPUT_KINDS
from features.whisper.layers import WhisperLayers
from features.whisper.weights import find_whisper
from models.ensemble import LogOpinionPool
from models.family import Bag, Config, EpochCallback, Examples, Family, Model, Parts
from models.whisper.heads import LinearHead, NetworkHead
from models.whisper.layer_selection import PERCENTILES, LayerSelection, column_spans
from models.whisper.tuned_layer import TunedLayer

if TYPE_CHECKING:
    import optuna

LAYER_SELECTION_FILE = "layer_selection.json"
LEARNERS: dict[str, LinearHead | NetworkHead | TunedLayer] = {
    "linear": LinearHead(),
    "network": NetworkHead(),
    "layer": TunedLayer(),
}
HEADS = {"linear": ("linear",), "network": ("network",), "tuned": ("linear", "layer")}
"""Learners of each head; the probabilities of two learners are pooled, since they err on different clips."""
INITIAL_TUNED_TRIAL: Config = {
    "head": "tuned",
    "original_share": 0.6,
    "n_tuning_epochs": 8,
    "tuning_rate": 1e-4,
    "low_rank": 8,
    "label_smoothing": 0.1,
    "mixup": 0.2,
    "time_mask": 1,
    "head_dropout": 0.4,
}
"""Parameters of the second trial that differ from the defaults."""


def select_layers(learner: str, config: Config, *, n_columns: int) -> LayerSelection:
    """Return the layer selection of a learner.

    Parameters
    ----------
    learner : str
        A key of :data:`LEARNERS`.
    config : mapping
        A configuration of the family.
    n_columns : int
        Columns of the encoder's steps.
    """
    kind = INPUT_KINDS["whisper"]
    assert isinstance(kind, WhisperLayers)
    n_layers = kind.config.encoder_layers
    layers, parts = LEARNERS[learner].selects(config, n_layers)
    percentiles = PERCENTILES[config["statistics"]] if learner == "linear" else ()
    return LayerSelection(learner, column_spans(layers, parts, n_layers=n_layers, n_columns=n_columns), percentiles)


def select_all(examples: Examples, config: Config) -> tuple[LayerSelection, ...]:
    """Return the layer selection of each learner of a configuration's head."""
    n_columns = examples.inputs[0].shape[1]
    return tuple(select_layers(learner, config, n_columns=n_columns) for learner in HEADS[config["head"]])


@dataclass(frozen=True, eq=False)
class WhisperModel(Model):
    """Fitted learners, each with its layer selection."""

    selections: tuple[LayerSelection, ...]
    models: tuple[Model, ...]

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Number of the heads' and the fine-tuned layer's weights; the frozen encoder does not count."""
        return sum(model.n_parameters for model in self.models)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return the learners' probabilities, (n, n_emotions), pooled with equal weights."""
        probabilities = [
            model.predict([selection(steps) for steps in inputs])
            for selection, model in zip(self.selections, self.models, strict=True)
        ]
        weights = np.full(len(probabilities), 1 / len(probabilities))
        return LogOpinionPool(weights).predict(list(np.stack(probabilities, axis=1)))


class Whisper(Family):
    """Heads on selected layers of the encoder; the search chooses the layers and the head, and may fine-tune one layer."""

    key = "whisper"
    title = "Whisper tiny"
    description = "A small head on layers of Whisper tiny.en's encoder, pretrained on 680 000 hours of other speech."
    input_kind = "whisper"
    is_pretrained = True
    defaults: ClassVar[Config] = {
        "augmentation": "mixed",
        "strength": "gentle",
        "n_copies": 3,
        "layers": "middle",
        "readout": "both",
        "head": "linear",
        "statistics": "moments",
        "n_features": None,
        "n_speaker_directions": 0,
        "balanced": True,
        "copy_weight": 0.5,
        "penalty": 100.0,
    }

    def require(self, *, may_download: bool) -> None:
        """Find the encoder's weights."""
        find_whisper(may_download=may_download)

    @property
    def initial_trials(self) -> tuple[Config, ...]:
        """The defaults, then fine-tuning."""
        return (self.defaults, {**self.defaults, **INITIAL_TUNED_TRIAL})

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        head = trial.suggest_categorical("head", list(HEADS))
        config: dict[str, Any] = {"head": head}
        for learner in HEADS[head]:
            config |= LEARNERS[learner].suggest(trial)
        return config | suggest_policy(trial)

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> WhisperModel:
        """Fit the learners; no epochs are reported, because trials of all heads are pruned by fold."""
        selections = select_all(examples, config)
        fitted = (LEARNERS[one.learner].fit(one.of_examples(examples), config, seed=seed, parts=parts) for one in selections)
        return WhisperModel(selections, tuple(fitted))

    def fit_bag(self, examples: Examples, config: Config, *, seed: int, parts: Parts) -> Bag:
        """Fit the bags of the learners, whose models are pooled."""
        selections = select_all(examples, config)
        bags = [LEARNERS[one.learner].fit_bag(one.of_examples(examples), config, seed=seed, parts=parts) for one in selections]
        without = zip(*(bag.without for bag in bags), strict=True)
        return Bag(
            WhisperModel(selections, tuple(bag.model for bag in bags)),
            tuple(WhisperModel(selections, learnt) for learnt in without),
        )

    def save(self, model: Model, folder: Path) -> None:
        """Write ``layer_selection.json`` and the learners' files."""
        assert isinstance(model, WhisperModel)
        (folder / LAYER_SELECTION_FILE).write_text(
            json.dumps([asdict(selection) for selection in model.selections]), encoding="utf-8"
        )
        for selection, learnt in zip(model.selections, model.models, strict=True):
            LEARNERS[selection.learner].save(learnt, folder)

    def load(self, folder: Path, *, n_emotions: int) -> WhisperModel:
        """Read the files that :meth:`save` wrote."""
        selections = tuple(LayerSelection(**one) for one in json.loads((folder / LAYER_SELECTION_FILE).read_text(encoding="utf-8")))
        return WhisperModel(selections, tuple(LEARNERS[one.learner].load(folder, n_emotions=n_emotions) for one in selections))
