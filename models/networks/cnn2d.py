"""2D CNN with attention pooling on log-mel images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from models.family import Config
from models.networks.blocks import halve, head, normalise_and_activate, temporal_pooling
from models.networks.search_space import SHARED_DEFAULTS, suggest_training
from models.networks.training import NeuralFamily

if TYPE_CHECKING:
    import keras
    import optuna


class CNN2D(NeuralFamily):
    """Convolutions over time and frequency; the remaining frequency axis becomes channels before pooling over time."""

    key = "cnn2d"
    title = "2D CNN"
    description = "Convolutions over log-mel images with masked pooling over time."
    input_kind = "image"
    defaults: ClassVar[Config] = {**SHARED_DEFAULTS, "head_dropout": 0.2, "n_filters": 12, "n_blocks": 2, "stem_bands": 5}

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            **suggest_training(trial),
            "n_filters": trial.suggest_categorical("n_filters", [8, 12, 16]),
            "n_blocks": trial.suggest_int("n_blocks", 2, 3),
            "stem_bands": trial.suggest_categorical("stem_bands", [3, 5]),
        }

    def build(self, config: Config, *, n_columns: int, n_emotions: int) -> keras.Model:
        """Return the untrained network.

        The stem spans ``stem_bands`` mel bands and halves both axes, which makes the following blocks four times cheaper.
        """
        import keras
        from keras import layers, ops

        inputs, mask = keras.Input((None, n_columns)), keras.Input((None,))
        x = layers.Conv2D(config["n_filters"], (3, config["stem_bands"]), padding="same", use_bias=False)(ops.expand_dims(inputs, -1))
        x = layers.MaxPooling2D((2, 2))(x)
        steps = halve(mask)
        x = normalise_and_activate(x, steps, dropout=0.0)
        for block in range(1, config["n_blocks"] + 1):
            x = layers.Conv2D(config["n_filters"] * 2 ** min(block, 2), 3, padding="same", use_bias=False)(x)
            x = normalise_and_activate(x, steps, dropout=config["dropout"])
            x = layers.MaxPooling2D((2, 2) if block == 1 else (1, 2))(x)
            steps = halve(steps) if block == 1 else steps
        x = layers.Reshape((-1, x.shape[2] * x.shape[3]))(x)
        x = layers.Dense(2 * config["n_filters"] * 4, activation="relu")(x) * ops.expand_dims(steps, -1)
        x = temporal_pooling(x, steps, how=config["pooling"])
        logits = head(x, n_emotions=n_emotions, n_hidden=config["n_hidden"], dropout=config["head_dropout"])
        return keras.Model([inputs, mask], logits)
