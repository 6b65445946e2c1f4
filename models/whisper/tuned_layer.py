"""Fine-tuning of one encoder layer above the middle, starting from a linear probe.

The classifier is first fitted as a linear probe, so that fine-tuning does not distort the pretrained features (Kumar et al. 2022,
ICLR). The layer reads steps of 80 ms instead of frames of 20 ms, which two cores can afford. Each network is validated on other
speakers; the model is the average of their weights and so learns from every speaker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features import INPUT_KINDS
from features.whisper.layers import PARTS, WhisperLayers
from models.family import Bag, Config, EpochCallback, Examples, Model, Parts
from models.linear import fit_logistic
from models.networks.batches import BatchMaker, SequenceStandardiser, pad
from models.networks.blocks import temporal_pooling
from models.networks.search_space import SHARED_DEFAULTS, suggest_original_share
from models.networks.tracing import all_layers
from models.networks.training import PREDICTION_BATCH, NeuralFamily, NeuralModel, loaded_model, make_neural_model

if TYPE_CHECKING:
    import keras
    import optuna

TUNED_LAYER = 0.75
"""The tuned layer, as a share of the encoder's depth: of four layers the third."""
FRAME_SCALE = 64.0
"""The standardiser divides steps by this, which keeps them within its clipping limits; the network multiplies them again."""
ABSENT_CLASS_LOGIT = -10.0
LAYER_FILE = "layer.keras"


def tuned_layer(n_layers: int) -> int:
    """Return the tuned layer, counted from 1; it reads the steps of the layer below, so it is never the first."""
    return max(2, round(TUNED_LAYER * n_layers))


class TunedLayer(NeuralFamily):
    """One encoder layer, and a linear classifier on its input, its attended values and its output.

    Parameters
    ----------
    kind : str
        Key of the input kind whose encoder has the layer.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the training; the penalty of the probe is that of the linear head."""
        return {
            **{key: SHARED_DEFAULTS[key] for key in ("balanced", "batch_size", "patience")},
            "column_mask": 0,
            "original_share": suggest_original_share(trial),
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
        """Return the layer below the tuned one, and its parts."""
        layer = tuned_layer(n_layers)
        return range(layer - 1, layer), PARTS

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> NeuralModel:
        """Train a network for each part and return the average of their weights."""
        return self._average(super().fit(examples, config, seed=seed, parts=parts, callback=callback), config)

    def fit_bag(self, examples: Examples, config: Config, *, seed: int, parts: Parts) -> Bag:
        """Return the average of the networks' weights, and the networks."""
        members = super().fit(examples, config, seed=seed, parts=parts)
        return Bag(self._average(members, config), members.members())

    def _average(self, members: NeuralModel, config: Config) -> NeuralModel:
        network = members.networks[0]
        average = self.build(
            {**config, "low_rank": 0}, n_columns=network.inputs[0].shape[-1], n_emotions=network.outputs[0].shape[-1]
        )
        average_weights(members.networks, average)
        return make_neural_model(members.standardiser, (average,))

    def fit_standardiser(self, examples: Examples, config: Config) -> SequenceStandardiser:
        """Return a constant scaling, which the network reverts."""
        return plain_scaling(examples.inputs[0].shape[1])

    def save(self, model: Model, folder: Path) -> None:
        """Write ``layer.keras``."""
        assert isinstance(model, NeuralModel)
        model.networks[0].save(folder / LAYER_FILE)

    def load(self, folder: Path, *, n_emotions: int) -> NeuralModel:
        """Read ``layer.keras`` in Keras's safe mode."""
        import keras

        network = keras.models.load_model(folder / LAYER_FILE, compile=False, safe_mode=True)
        return loaded_model(plain_scaling(network.inputs[0].shape[-1]), (network,))

    def build(self, config: Config, *, n_columns: int, n_emotions: int) -> keras.Model:
        """Return the pretrained layer under an untrained classifier.

        The columns of the input are the frames of the layer below, then its attended values.
        """
        import keras
        from keras import layers, ops

        from features.whisper.encoder import attended, build_encoder, load_weights

        kind = INPUT_KINDS[self._kind]
        assert isinstance(kind, WhisperLayers)
        sizes = kind.config
        layer = tuned_layer(sizes.encoder_layers)
        encoder = build_encoder(replace(sizes, encoder_layers=layer), first_layer=layer - 1)
        load_weights(encoder, kind.folder)
        upper = keras.Model(encoder.inputs, [encoder.outputs[0], attended(encoder, layer)])
        if config["low_rank"]:
            restrict(upper, rank=config["low_rank"])

        inputs, mask = keras.Input((None, n_columns)), keras.Input((None,))
        steps = layers.Rescaling(FRAME_SCALE)(inputs)
        readout = [steps, *upper([steps[..., : sizes.d_model], ops.cast(mask, "bool")])]
        pooled = layers.Concatenate(name="pooled")([temporal_pooling(x, mask, how="moments") for x in readout])
        scaled = layers.Dropout(config["head_dropout"])(layers.Normalization(name="scaling")(pooled))
        return keras.Model([inputs, mask], layers.Dense(n_emotions, name="probe")(scaled))

    def init_from_probe(self, network: keras.Model, training: BatchMaker, config: Config) -> None:
        """Fit the classifier to the pretrained layer's output, by logistic regression."""
        import keras

        pooling = keras.Model(network.inputs, network.get_layer("pooled").output)
        starts = range(0, len(training.sequences), PREDICTION_BATCH)
        pooled = [pooling(list(pad(training.sequences[start : start + PREDICTION_BATCH]))) for start in starts]
        X = np.concatenate([batch.numpy() for batch in pooled])
        scaling = network.get_layer("scaling")
        scaling.adapt(X[training.examples.is_original])
        network.get_layer("probe").set_weights(probe_weights(scaling(X).numpy(), training.examples, penalty=config["penalty"]))


def plain_scaling(n_columns: int) -> SequenceStandardiser:
    """Return a standardiser with zero mean and the constant scale :data:`FRAME_SCALE`."""
    return SequenceStandardiser(np.zeros(n_columns, np.float32), np.full(n_columns, FRAME_SCALE, np.float32), 0.0)


def probe_weights(X: NDArray[np.float32], examples: Examples, *, penalty: float) -> list[NDArray[np.float32]]:
    """Return kernel (d, n_emotions) and bias (n_emotions,) of a logistic regression.

    An emotion without examples gets the logit :data:`ABSENT_CLASS_LOGIT`, so that it is never predicted.
    """
    fitted = fit_logistic(X, examples.targets, examples.weights(balanced=True), penalty=penalty)
    is_binary = len(fitted.classes_) == 2  # of two emotions scikit-learn keeps the difference alone
    kernel = np.zeros((X.shape[1], examples.n_emotions), np.float32)
    bias = np.full(examples.n_emotions, ABSENT_CLASS_LOGIT, np.float32)
    kernel[:, fitted.classes_] = fitted.coef_.T * ([0, 1] if is_binary else 1)
    bias[fitted.classes_] = fitted.intercept_ * ([0, 1] if is_binary else 1)
    return [kernel, bias]


def restrict(upper: keras.Model, *, rank: int) -> None:
    """Train low-rank updates of an encoder layer's dense sublayers (Hu et al. 2022, ICLR), and freeze the others."""
    from keras import layers

    for layer in upper.layers:
        if isinstance(layer, layers.Dense):
            layer.enable_lora(rank)
        else:
            layer.trainable = False


def average_weights(networks: Sequence[keras.Model], average: keras.Model) -> None:
    """Set a network's weights to the mean of the weights of others: a model soup (Wortsman et al. 2022, ICML).

    Parameters
    ----------
    networks : sequence of Model
        Trained from the same initial weights; their low-rank updates are merged first.
    average : Model
        A network of the same layers without low-rank updates; changed in place.
    """
    for layer, *trained in zip(*map(all_layers, (average, *networks)), strict=True):
        weights = [own_weights(one) for one in trained]
        layer.load_own_variables({key: np.mean([one[key] for one in weights], axis=0) for key in weights[0]})


def own_weights(layer: keras.Layer) -> dict[str, NDArray[Any]]:
    """Return a layer's weights as a file holds them, with merged low-rank updates."""
    weights: dict[str, NDArray[Any]] = {}
    layer.save_own_variables(weights)
    return {key: np.asarray(value) for key, value in weights.items()}
