"""Heads on a frozen encoder: a linear classifier on statistics over the clip, and a network on the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.family import Config
from models.linear import Logistic
from models.networks.blocks import head, temporal_pooling
from models.networks.search_space import SHARED_DEFAULTS, suggest_original_share, suggest_regularisation
from models.networks.training import NeuralFamily
from models.whisper.layer_selection import LAYERS, READOUTS

if TYPE_CHECKING:
    import keras
    import optuna


class FrozenHead:
    """The search space of the layer selection, which the heads on a frozen encoder share."""

    def suggest_layers(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the layers and the readout."""
        return {
            "layers": trial.suggest_categorical("layers", list(LAYERS)),
            "readout": trial.suggest_categorical("readout", list(READOUTS)),
        }

    def selects(self, config: Config, n_layers: int) -> tuple[range, tuple[str, ...]]:
        """Return the selected layers, counted from 1, and the selected parts of them."""
        first, end = (round(share * n_layers) for share in LAYERS[config["layers"]])
        return range(first + 1, end + 1), READOUTS[config["readout"]]


class LinearHead(FrozenHead, Logistic):
    """Logistic regression on the statistics of a clip's steps.

    Parameters
    ----------
    statistics : sequence of str
        Which members of :data:`~models.whisper.layer_selection.PERCENTILES` may be drawn.
    """

    def __init__(self, statistics: Sequence[str]) -> None:
        self._statistics = statistics

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the layer selection, the statistics and the regularisation."""
        return {
            **self.suggest_layers(trial),
            "statistics": trial.suggest_categorical("statistics", list(self._statistics)),
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
        """Draw the layer selection, the training and the sizes of the network."""
        return {
            **self.suggest_layers(trial),
            **{key: SHARED_DEFAULTS[key] for key in ("clip_mean_removal", "balanced", "batch_size", "patience")},
            "original_share": suggest_original_share(trial),
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
        x = temporal_pooling(x, mask, how=config["pooling"])
        logits = head(x, n_emotions=n_emotions, n_hidden=config["n_hidden"], dropout=config["head_dropout"])
        return keras.Model([inputs, mask], logits)
