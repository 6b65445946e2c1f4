"""Fine-tuning: the encoder layer above the middle is trained further, from where a linear probe of it stands.

A linear probe first and small steps from there, so that what pretraining gave is not lost (Kumar et al. 2022, ICLR). Steps of 80 ms
instead of frames make it affordable on two cores; the probe is fitted to what the layer makes of steps. Networks that were stopped by
different inner speakers stay close enough to average their weights: one network that has learnt from every speaker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.whisper.layers import PARTS
from features.whisper.weights import WhisperConfig, find_whisper
from models.family import Config, EpochCallback, Examples, Model
from models.linear import fit_logistic
from models.networks.batches import BatchMaker, SequenceStandardiser, pad
from models.networks.blocks import pool
from models.networks.training import PREDICTION_BATCH, SHARED_DEFAULTS, NeuralFamily, NeuralModel, make_neural_model

if TYPE_CHECKING:
    import keras
    import optuna

TUNED_LAYER = 0.75
"""Which layer is tuned, as a share of the encoder's depth: of four the third."""
FRAME_SCALE = 64.0
"""Frames are passed on as they are: divided by this they stay within the bounds that standardised inputs have."""
ABSENT_CLASS_LOGIT = -10.0
LAYER_FILE = "layer.keras"


def tuned_layer(n_layers: int) -> int:
    """Return which layer is tuned, from 1; it is given the steps of the layer below, so never the first."""
    return max(2, round(TUNED_LAYER * n_layers))


class TunedLayer(NeuralFamily):
    """One encoder layer and a linear classifier on what it is given, attends to and makes of it."""

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw what a linear head has not; the penalty of the probe is that head's."""
        return {
            **{key: SHARED_DEFAULTS[key] for key in ("balanced", "batch_size", "patience")},
            "column_mask": 0,
            "original_share": trial.suggest_float("original_share", 0.1, 0.7),
            "n_epochs": trial.suggest_int("n_tuning_epochs", 4, 12, step=2),
            "learning_rate": trial.suggest_float("tuning_rate", 2e-5, 4e-4, log=True),
            "low_rank": trial.suggest_categorical("low_rank", [0, 8]),
            "weight_decay": 1e-2,
            "label_smoothing": trial.suggest_float("label_smoothing", 0.0, 0.15),
            "mixup": trial.suggest_categorical("mixup", [0.0, 0.2]),
            "time_mask": trial.suggest_int("time_mask", 0, 1),
            "head_dropout": trial.suggest_float("head_dropout", 0.1, 0.6),
        }

    def selects(self, config: Config, n_layers: int) -> tuple[range, tuple[str, ...]]:
        """Return the layer below the tuned one, and what of it."""
        layer = tuned_layer(n_layers)
        return range(layer - 1, layer), PARTS

    def fit(self, examples: Examples, config: Config, *, seed: int, callback: EpochCallback | None = None) -> NeuralModel:
        """Train one network for each member, and return their average."""
        members = super().fit(examples, config, seed=seed, callback=callback)
        n_columns = members.networks[0].inputs[0].shape[-1]
        average = self.build({**config, "low_rank": 0}, n_columns=n_columns, n_emotions=examples.n_emotions)
        average_weights(members.networks, average)
        return make_neural_model(members.standardiser, (average,))

    def fit_standardiser(self, examples: Examples, config: Config) -> SequenceStandardiser:
        """Return a scaling that the network undoes."""
        return plain_scaling(examples.inputs[0].shape[1])

    def save(self, model: Model, folder: Path) -> None:
        """Write ``layer.keras``."""
        assert isinstance(model, NeuralModel)
        model.networks[0].save(folder / LAYER_FILE)

    def load(self, folder: Path, *, n_emotions: int) -> NeuralModel:
        """Read it, in Keras's safe mode."""
        import keras

        network = keras.models.load_model(folder / LAYER_FILE, compile=False, safe_mode=True)
        return make_neural_model(plain_scaling(network.inputs[0].shape[-1]), (network,))

    def build(self, config: Config, *, n_columns: int, n_emotions: int) -> keras.Model:
        """Return the pretrained layer under an untrained classifier.

        The input has two halves: steps of the layer below, and what that attended to.
        """
        import keras
        from keras import layers, ops

        from features.whisper.encoder import attended, build_encoder, load_weights

        folder = find_whisper(may_download=False)
        sizes = WhisperConfig.read(folder)
        layer = tuned_layer(sizes.encoder_layers)
        encoder = build_encoder(replace(sizes, encoder_layers=layer), first_layer=layer - 1)
        load_weights(encoder, folder)
        upper = keras.Model(encoder.inputs, [encoder.outputs[0], attended(encoder, layer)])
        if config["low_rank"]:
            restrict(upper, rank=config["low_rank"])

        inputs, mask = keras.Input((None, n_columns)), keras.Input((None,))
        steps = layers.Rescaling(FRAME_SCALE)(inputs)
        heard = [steps, *upper([steps[..., : sizes.d_model], ops.cast(mask, "bool")])]
        pooled = layers.Concatenate(name="pooled")([pool(x, mask, how="moments") for x in heard])
        scaled = layers.Dropout(config["head_dropout"])(layers.Normalization(name="scaling")(pooled))
        return keras.Model([inputs, mask], layers.Dense(n_emotions, name="probe")(scaled))

    def init_from_probe(self, network: keras.Model, training: BatchMaker, config: Config) -> None:
        """Fit the classifier to the layer as it is, by logistic regression."""
        import keras

        listen = keras.Model(network.inputs, network.get_layer("pooled").output)
        starts = range(0, len(training.sequences), PREDICTION_BATCH)
        heard = [listen(list(pad(training.sequences[start : start + PREDICTION_BATCH]))) for start in starts]
        X = np.concatenate([one.numpy() for one in heard])
        scaling = network.get_layer("scaling")
        scaling.adapt(X[training.examples.is_original])
        network.get_layer("probe").set_weights(probe_weights(scaling(X).numpy(), training.examples, penalty=config["penalty"]))


def plain_scaling(n_columns: int) -> SequenceStandardiser:
    """Return a scaling that learns nothing."""
    return SequenceStandardiser(np.zeros(n_columns, np.float32), np.full(n_columns, FRAME_SCALE, np.float32), 0.0)


def probe_weights(X: NDArray[np.float32], examples: Examples, *, penalty: float) -> list[NDArray[np.float32]]:
    """Return kernel (d, n_emotions) and bias (n_emotions,) of a logistic regression; an emotion without examples is never said."""
    fitted = fit_logistic(X, examples.targets, examples.weights(balanced=True), penalty=penalty)
    is_binary = len(fitted.classes_) == 2  # of two emotions scikit-learn keeps the difference alone
    kernel = np.zeros((X.shape[1], examples.n_emotions), np.float32)
    bias = np.full(examples.n_emotions, ABSENT_CLASS_LOGIT, np.float32)
    kernel[:, fitted.classes_] = fitted.coef_.T * ([0, 1] if is_binary else 1)
    bias[fitted.classes_] = fitted.intercept_ * ([0, 1] if is_binary else 1)
    return [kernel, bias]


def restrict(upper: keras.Model, *, rank: int) -> None:
    """Let a layer's dense parts learn low-rank updates only (Hu et al. 2022, ICLR), and the rest nothing."""
    from keras import layers

    for layer in upper.layers:
        if isinstance(layer, layers.Dense):
            layer.enable_lora(rank)
        else:
            layer.trainable = False


def average_weights(networks: Sequence[keras.Model], average: keras.Model) -> None:
    """Give a network the mean of others' weights: a model soup (Wortsman et al. 2022, ICML).

    Parameters
    ----------
    networks : sequence of Model
        Trained from the same start; low-rank updates count as what they make of the layer.
    average : Model
        Of the same layers, without low-rank updates; changed in place.
    """
    for layer, *trained in zip(*map(leaves, (average, *networks)), strict=True):
        weights = [own_weights(one) for one in trained]
        layer.load_own_variables({key: np.mean([one[key] for one in weights], axis=0) for key in weights[0]})


def own_weights(layer: keras.Layer) -> dict[str, NDArray[Any]]:
    """Return a layer's weights as a file would hold them, low-rank updates merged."""
    weights: dict[str, NDArray[Any]] = {}
    layer.save_own_variables(weights)
    return {key: np.asarray(value) for key, value in weights.items()}


def leaves(network: keras.Model) -> Iterator[keras.Layer]:
    """Yield the layers of a network and of the networks in it."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer
