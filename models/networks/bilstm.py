"""Convolution, bidirectional LSTM and attention pooling on MFCC sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from models.family import Config
from models.networks.blocks import halve, head, normalise_and_activate, temporal_pooling
from models.networks.search_space import SHARED_DEFAULTS, suggest_training
from models.networks.training import NeuralFamily

if TYPE_CHECKING:
    import keras
    import optuna


class BiLSTM(NeuralFamily):
    """Two convolutions with pooling by two, a residual bidirectional LSTM (Graves & Schmidhuber 2005), and pooling over time."""

    key = "bilstm"
    title = "Conv1D-BiLSTM"
    description = "Convolution, then a bidirectional LSTM over MFCC sequences, with masked pooling."
    input_kind = "sequence"
    defaults: ClassVar[Config] = {
        **SHARED_DEFAULTS,
        "pooling": "attention",
        "n_filters": 48,
        "kernel_steps": 3,
        "n_units": 32,
        "n_layers": 1,
    }

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            **suggest_training(trial),
            "n_filters": trial.suggest_categorical("n_filters", [32, 48, 64]),
            "kernel_steps": trial.suggest_categorical("kernel_steps", [3, 5]),
            "n_units": trial.suggest_categorical("n_units", [24, 32, 48]),
            "n_layers": trial.suggest_int("n_layers", 1, 2),
        }

    def build(self, config: Config, *, n_columns: int, n_emotions: int) -> keras.Model:
        """Return the untrained network."""
        import keras
        from keras import layers, ops

        inputs, mask = keras.Input((None, n_columns)), keras.Input((None,))
        x, steps = inputs, mask
        pooled = [temporal_pooling(inputs, mask, how="moments")]
        for _ in range(2):
            x = layers.Conv1D(config["n_filters"], config["kernel_steps"], padding="same", use_bias=False)(x)
            x = normalise_and_activate(x, steps, dropout=config["dropout"])
            pooled.append(temporal_pooling(x, steps, how=config["pooling"]))
            x, steps = layers.MaxPooling1D(2)(x), halve(steps)
        real = ops.cast(steps, "bool")
        for _ in range(config["n_layers"]):
            y = layers.Bidirectional(layers.LSTM(config["n_units"], return_sequences=True))(x, mask=real)
            y = layers.LayerNormalization()(y + layers.Dense(2 * config["n_units"])(x))
            x = layers.SpatialDropout1D(config["dropout"])(y)
        pooled.append(temporal_pooling(x, steps, how=config["pooling"]))
        logits = head(
            ops.concatenate(pooled, axis=-1), n_emotions=n_emotions, n_hidden=config["n_hidden"], dropout=config["head_dropout"]
        )
        return keras.Model([inputs, mask], logits)
