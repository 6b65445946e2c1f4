"""Whisper: a small head on layers of a pretrained speech recogniser's encoder (Radford et al. 2022, arXiv 2212.04356)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from augment.policy import suggest_policy
from features import INPUT_KINDS
from features.whisper.layers import PARTS, WhisperLayers
from features.whisper.weights import find_whisper
from models.ensemble import Pool
from models.family import Config, EpochCallback, Examples, Family, Model
from models.linear import Logistic
from models.networks.blocks import head, pool
from models.networks.training import SHARED_DEFAULTS, NeuralFamily, suggest_regularisation
from models.whisper.tuned_layer import TunedLayer

if TYPE_CHECKING:
    import keras
    import optuna

LAYER_SELECTION_FILE = "layer_selection.json"
LAYERS = {"lower": (0.0, 0.5), "middle": (0.25, 0.75), "all": (0.0, 1.0)}
"""Which layers a head hears, as shares of the encoder's depth: of four layers 1-2, 2-3 and 1-4."""
READOUTS = {"layers": ("layer",), "attended": ("attended",), "both": PARTS}
"""What it hears of them: their frames, what they attend to, or both."""
PERCENTILES = {"moments": (), "quartiles": (25, 75), "percentiles": (10, 25, 75, 90)}
"""What a linear head hears of each column over a clip, beside mean and deviation."""


@dataclass(frozen=True)
class LayerSelection:
    """What a head hears of the encoder.

    Attributes
    ----------
    learner : {"linear", "network", "layer"}
        Who hears it.
    spans : sequence of (int, int)
        First column heard, and the first that is not, of each part.
    percentiles : sequence of int
        Of each column over the clip, for the linear head.
    """

    learner: str
    spans: Sequence[Sequence[int]]
    percentiles: Sequence[int]

    @classmethod
    def of(cls, learner: str, config: Config, *, n_columns: int) -> LayerSelection:
        """Return what a learner with a configuration hears of so many columns."""
        kind = INPUT_KINDS["whisper"]
        assert isinstance(kind, WhisperLayers)
        n_layers, n_of_part = kind.config.encoder_layers, n_columns // len(PARTS)
        layers, parts = LEARNERS[learner].selects(config, n_layers)
        first, end = (layer * n_of_part // n_layers for layer in (layers.start - 1, layers.stop - 1))
        spans = [(start + first, start + end) for start in (PARTS.index(part) * n_of_part for part in parts)]
        return cls(learner, spans, PERCENTILES[config["statistics"]] if learner == "linear" else ())

    def __call__(self, steps: NDArray[Any]) -> NDArray[np.float32]:
        """Return a clip's steps for a network, (n_steps, n), or their statistics for the linear head, (n,)."""
        heard = np.concatenate([steps[:, slice(*span)] for span in self.spans], axis=1).astype(np.float32)
        if self.learner != "linear":
            return heard
        statistics = [heard.mean(axis=0), heard.std(axis=0)]
        if self.percentiles:
            statistics += list(np.percentile(heard, self.percentiles, axis=0).astype(np.float32))
        return np.concatenate(statistics)


class FrozenHead:
    """What the heads on an encoder that stays as it was can choose."""

    def suggest_layers(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw what is heard."""
        return {
            "layers": trial.suggest_categorical("layers", list(LAYERS)),
            "readout": trial.suggest_categorical("readout", list(READOUTS)),
        }

    def selects(self, config: Config, n_layers: int) -> tuple[range, tuple[str, ...]]:
        """Return the layers that are heard, from 1, and what of them."""
        first, end = (round(share * n_layers) for share in LAYERS[config["layers"]])
        return range(first + 1, end + 1), READOUTS[config["readout"]]


class LinearHead(FrozenHead, Logistic):
    """Logistic regression on the statistics of a clip's steps."""

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw what the other heads have not."""
        return {
            **self.suggest_layers(trial),
            "statistics": trial.suggest_categorical("statistics", list(PERCENTILES)),
            "n_features": None,
            "n_speaker_directions": trial.suggest_int("n_speaker_directions", 0, 4),
            "balanced": True,
            "copy_weight": trial.suggest_float("copy_weight", 0.2, 1.0),
            "penalty": trial.suggest_float("penalty", 10.0, 3e3, log=True),
        }

    def suggest_classifier(self, trial: optuna.Trial) -> dict[str, Any]:
        """Return nothing: :meth:`suggest` draws everything."""
        return {}


class NetworkHead(FrozenHead, NeuralFamily):
    """A dense layer over each step, which mixes the layers, pooling over time, and a classifier."""

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw what the other heads have not."""
        return {
            **self.suggest_layers(trial),
            **{key: SHARED_DEFAULTS[key] for key in ("clip_mean_removal", "balanced", "batch_size", "patience")},
            "original_share": trial.suggest_float("original_share", 0.1, 0.7),
            "n_epochs": trial.suggest_int("n_epochs", 10, 20, step=5),
            "learning_rate": trial.suggest_float("learning_rate", 3e-4, 3e-3, log=True),
            **suggest_regularisation(trial),
            "n_units": trial.suggest_categorical("n_units", [64, 128]),
            "n_hidden": trial.suggest_categorical("n_hidden", [0, 64]),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "head_dropout": trial.suggest_float("head_dropout", 0.1, 0.5),
        }

    def build(self, config: Config, *, n_columns: int, n_emotions: int) -> keras.Model:
        """Return the untrained network."""
        import keras
        from keras import layers, ops

        inputs, mask = keras.Input((None, n_columns)), keras.Input((None,))
        x = layers.SpatialDropout1D(config["dropout"])(inputs)
        x = layers.Dense(config["n_units"], activation="relu")(x) * ops.expand_dims(mask, -1)
        x = pool(x, mask, how=config["pooling"])
        logits = head(x, n_emotions=n_emotions, n_hidden=config["n_hidden"], dropout=config["head_dropout"])
        return keras.Model([inputs, mask], logits)


LEARNERS: dict[str, LinearHead | NetworkHead | TunedLayer] = {
    "linear": LinearHead(),
    "network": NetworkHead(),
    "layer": TunedLayer(),
}
HEADS = {"linear": ("linear",), "network": ("network",), "tuned": ("linear", "layer")}
"""What a head is made of; the answers of two learners are pooled, since they err on different clips."""


STARTS: tuple[Config, ...] = (
    {
        "head": "tuned",
        "original_share": 0.5,
        "n_tuning_epochs": 8,
        "tuning_rate": 1e-4,
        "low_rank": 8,
        "label_smoothing": 0.1,
        "mixup": 0.2,
        "time_mask": 1,
        "head_dropout": 0.4,
    },
)
"""Parameters of trials that follow the defaults, where they differ."""


@dataclass(frozen=True, eq=False)
class WhisperModel(Model):
    """Learners, each with what it hears."""

    selections: tuple[LayerSelection, ...]
    models: tuple[Model, ...]

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Of the head, and of a layer that was trained further; the encoder itself is shared."""
        return sum(model.n_parameters for model in self.models)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions): the learners' opinions pooled with equal say."""
        answers = [
            model.predict([selection(steps) for steps in inputs])
            for selection, model in zip(self.selections, self.models, strict=True)
        ]
        return Pool(np.full(len(answers), 1 / len(answers))).predict(list(np.stack(answers, axis=1)))


class Whisper(Family):
    """The search chooses which of the encoder's layers are heard, and by what kind of head; one of them trains a layer further."""

    key = "whisper"
    title = "Whisper tiny"
    description = "A small head on layers of Whisper tiny.en's encoder, which heard 680 000 hours of other speech before."
    input_kind = "whisper"
    is_pretrained = True
    champion_overrides: ClassVar[Config] = {"n_bags": 3}
    defaults: ClassVar[Config] = {
        "augmentation": "mixed",
        "strength": "gentle",
        "n_copies": 3,
        "n_bags": 1,
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
        """The defaults, then a sound choice of each other head."""
        return (self.defaults, *({**self.defaults, **start} for start in STARTS))

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration; ``members`` are networks, bagged or averaged, and mean nothing to the linear head."""
        head = trial.suggest_categorical("head", list(HEADS))
        config = {"n_bags": 1, "head": head}
        for learner in HEADS[head]:
            config |= LEARNERS[learner].suggest(trial)
        return config | suggest_policy(trial)

    def fit(self, examples: Examples, config: Config, *, seed: int, callback: EpochCallback | None = None) -> WhisperModel:
        """Fit the learners; a network tells no epochs, since trials of all heads are compared by fold."""
        selections = tuple(LayerSelection.of(one, config, n_columns=examples.inputs[0].shape[1]) for one in HEADS[config["head"]])
        return WhisperModel(selections, tuple(self._fit_learner(selection, examples, config, seed=seed) for selection in selections))

    def _fit_learner(self, selection: LayerSelection, examples: Examples, config: Config, *, seed: int) -> Model:
        heard = replace(examples, inputs=tuple(selection(steps) for steps in examples.inputs))
        return LEARNERS[selection.learner].fit(heard, config, seed=seed)

    def save(self, model: Model, folder: Path) -> None:
        """Write ``layer_selection.json`` and the learners' files, whose names differ."""
        assert isinstance(model, WhisperModel)
        (folder / LAYER_SELECTION_FILE).write_text(
            json.dumps([asdict(selection) for selection in model.selections]), encoding="utf-8"
        )
        for selection, learnt in zip(model.selections, model.models, strict=True):
            LEARNERS[selection.learner].save(learnt, folder)

    def load(self, folder: Path, *, n_emotions: int) -> WhisperModel:
        """Read them."""
        selections = tuple(LayerSelection(**one) for one in json.loads((folder / LAYER_SELECTION_FILE).read_text(encoding="utf-8")))
        return WhisperModel(selections, tuple(LEARNERS[one.learner].load(folder, n_emotions=n_emotions) for one in selections))
