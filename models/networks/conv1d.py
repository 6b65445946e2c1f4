"""1D CNN on MFCC sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from models.family import Config
from models.networks.blocks import halve, head, normalise_and_activate, temporal_pooling
from models.networks.search_space import SHARED_DEFAULTS, suggest_training
from models.networks.training import NeuralFamily

if TYPE_CHECKING:
    import keras
    import optuna


class Conv1D(NeuralFamily):
    """Residual convolutions over time that halve it after each block; the input and every block are pooled over time."""

    key = "conv1d"
    title = "1D CNN"
    description = "Convolutions over MFCC sequences with masked pooling."
    input_kind = "sequence"
    defaults: ClassVar[Config] = {**SHARED_DEFAULTS, "n_blocks": 3, "n_filters": 48, "kernel_steps": 3}

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            **suggest_training(trial),
            "n_blocks": trial.suggest_int("n_blocks", 2, 4),
            "n_filters": trial.suggest_categorical("n_filters", [32, 48, 64]),
            "kernel_steps": trial.suggest_categorical("kernel_steps", [3, 5]),
        }

    def build(self, config: Config, *, n_columns: int, n_emotions: int) -> keras.Model:
        """Return the untrained network."""
        import keras
        from keras import layers, ops

        inputs, mask = keras.Input((None, n_columns)), keras.Input((None,))
        x, steps = inputs, mask
        pooled = [temporal_pooling(inputs, mask, how="moments")]
        for block in range(config["n_blocks"]):
            y = layers.Conv1D(config["n_filters"], config["kernel_steps"], padding="same", use_bias=False)(x)
            y = normalise_and_activate(y, steps, dropout=config["dropout"])
            x = x + y if block else y
            pooled.append(temporal_pooling(x, steps, how=config["pooling"]))
            if block < config["n_blocks"] - 1:
                x, steps = layers.MaxPooling1D(2)(x), halve(steps)
        logits = head(
            ops.concatenate(pooled, axis=-1), n_emotions=n_emotions, n_hidden=config["n_hidden"], dropout=config["head_dropout"]
        )
        return keras.Model([inputs, mask], logits)
