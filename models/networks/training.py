"""What the networks share: the training loop, early stopping on inner speakers, bagging, Keras files.

A network takes a batch ``(n, n_steps, n_columns)`` and its mask ``(n, n_steps)`` and returns logits ``(n, n_emotions)``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.special
from numpy.typing import NDArray

from augment.policy import suggest_policy
from metrics.calibration import fit_temperature
from models.family import Config, EpochCallback, Examples, Family, Model
from models.networks.batches import BatchMaker, SequenceStandardiser, fit_sequence_standardiser, pad
from models.speakers import choose_inner_speakers, require_disjoint

if TYPE_CHECKING:
    import keras
    import optuna

N_INNER_SPEAKERS = 2
SPEAKERS_PER_INNER_SPEAKER = 6
PREDICTION_BATCH = 64
WARM_UP_EPOCHS = 2
SMOOTHING = 0.5
MAX_GRADIENT_NORM = 2.0
TEMPERATURES = (0.5, 2.5)
"""Bounds of what one or two inner speakers may teach."""

SHARED_DEFAULTS: Config = {
    "augmentation": "mixed",
    "strength": "gentle",
    "n_copies": 3,
    "n_bags": 1,
    "original_share": 0.5,
    "clip_mean_removal": 0.0,
    "balanced": True,
    "batch_size": 32,
    "n_epochs": 25,
    "patience": 10,
    "learning_rate": 3e-3,
    "weight_decay": 1e-2,
    "label_smoothing": 0.1,
    "mixup": 0.0,
    "time_mask": 0,
    "column_mask": 0,
    "pooling": "statistics",
    "n_hidden": 0,
    "dropout": 0.1,
    "head_dropout": 0.3,
}


@dataclass(frozen=True, eq=False)
class NeuralModel(Model):
    """Networks that differ in the inner speakers they were stopped by; their probabilities are averaged."""

    standardiser: SequenceStandardiser
    networks: tuple[keras.Model, ...]
    forward: Callable[[Any, Any], Any]

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Of all networks together."""
        return sum(network.count_params() for network in self.networks)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions), in batches of clips of like length."""
        order = np.argsort([len(sequence) for sequence in inputs], kind="stable")
        batches = [order[start : start + PREDICTION_BATCH] for start in range(0, len(order), PREDICTION_BATCH)]
        found = [self.forward(*pad([self.standardiser(inputs[row]) for row in rows])).numpy().astype(np.float64) for rows in batches]
        return np.concatenate(found)[np.argsort(order)]


class NeuralFamily(Family):
    """A family of networks: a subclass says its input, its search space and its layers."""

    is_neural: ClassVar[bool] = True

    @abstractmethod
    def build(self, config: Config, *, n_columns: int, n_emotions: int) -> keras.Model:
        """Return an untrained network."""

    def fit_standardiser(self, examples: Examples, config: Config) -> SequenceStandardiser:
        """Learn the scaling of the inputs."""
        return fit_sequence_standardiser(examples, clip_mean_removal=config["clip_mean_removal"])

    def init_from_probe(self, network: keras.Model, training: BatchMaker, config: Config) -> None:
        """Give an untrained network a better start than chance."""

    def fit(self, examples: Examples, config: Config, *, seed: int, callback: EpochCallback | None = None) -> NeuralModel:
        """Train one network for each member, each stopped by other inner speakers."""
        import keras

        keras.backend.clear_session()  # or a search of hundreds of fits fills the memory with their graphs
        standardiser = self.fit_standardiser(examples, config)
        sequences = [standardiser(sequence) for sequence in examples.inputs]
        networks = tuple(
            self._fit_member(sequences, examples, config, seed=seed + 1000 * member, callback=callback)
            for member in range(config["n_bags"])
        )
        return make_neural_model(standardiser, networks)

    def _fit_member(
        self, sequences: Sequence[NDArray[Any]], examples: Examples, config: Config, *, seed: int, callback: EpochCallback | None
    ) -> keras.Model:
        import keras

        speakers = {str(s): examples.genders[str(s)] for s in np.unique(examples.speakers)}
        n_inner = min(N_INNER_SPEAKERS, max(1, len(speakers) // SPEAKERS_PER_INNER_SPEAKER))
        inner = choose_inner_speakers(speakers, n_speakers=n_inner, seed=seed)
        held_out = np.isin(examples.speakers, list(inner))
        require_disjoint(examples.speakers[~held_out].tolist(), examples.speakers[held_out].tolist())

        keras.utils.set_random_seed(seed)
        network = self.build(config, n_columns=sequences[0].shape[1], n_emotions=examples.n_emotions)
        training = BatchMaker([sequences[k] for k in np.flatnonzero(~held_out).tolist()], examples.select(~held_out), config)
        self.init_from_probe(network, training, config)
        validation_rows = np.flatnonzero(held_out & examples.is_original).tolist()
        validation = pad([sequences[k] for k in validation_rows]), examples.targets[validation_rows]
        train(network, training, validation, config, rng=np.random.default_rng(seed), callback=callback)
        return network

    def save(self, model: Model, folder: Path) -> None:
        """Write ``member<k>.keras`` and ``standardiser.npz``."""
        assert isinstance(model, NeuralModel)
        for member, network in enumerate(model.networks):
            network.save(folder / f"member{member}.keras")
        model.standardiser.save(folder)

    def load(self, folder: Path, *, n_emotions: int) -> NeuralModel:
        """Read them, in Keras's safe mode."""
        import keras

        files = sorted(folder.glob("member*.keras"))
        networks = tuple(keras.models.load_model(file, compile=False, safe_mode=True) for file in files)
        return make_neural_model(SequenceStandardiser.load(folder), networks)


def make_neural_model(standardiser: SequenceStandardiser, networks: tuple[keras.Model, ...]) -> NeuralModel:
    """Return a model whose forward pass is traced once for clips of every length."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # each model is traced anew, and rightly so
    n_columns = networks[0].inputs[0].shape[-1]

    @tf.function(input_signature=[tf.TensorSpec([None, None, n_columns]), tf.TensorSpec([None, None])])
    def forward(batch: Any, mask: Any) -> Any:
        return tf.add_n([tf.nn.softmax(network([batch, mask], training=False)) for network in networks]) / len(networks)

    return NeuralModel(standardiser, networks, forward)


def train(
    network: keras.Model,
    training: BatchMaker,
    validation: tuple[tuple[NDArray[Any], NDArray[Any]], NDArray[np.intp]],
    config: Config,
    *,
    rng: np.random.Generator,
    callback: EpochCallback | None,
) -> None:
    """Train with AdamW under a cosine schedule; stop when inner speakers no longer gain and keep the best epoch's weights.

    The logits are then divided by the temperature that suits the inner speakers: how sure a network may be depends on how many
    speakers it learnt from, so one temperature for all would not do.

    Parameters
    ----------
    network : keras.Model
        Trained in place.
    training : BatchMaker
        Batches of the training speakers.
    validation : ((inputs, mask), targets)
        Original clips of the inner speakers.
    config : mapping
        ``n_epochs``, ``patience``, ``learning_rate``, ``weight_decay`` and what the batches need.
    rng : Generator
        Draws variants, masks and mixtures.
    callback : callable, optional
        Told the inner UAR after each epoch.
    """
    import tensorflow as tf

    step = _make_step(network, config)
    forward = tf.function(lambda inputs, mask: network([inputs, mask], training=False))
    (inputs, mask), targets = validation
    smoothed, best_score, best_epoch, best_weights = 0.0, -np.inf, 0, network.get_weights()
    n_epochs = min(config["n_epochs"], config.get("max_epochs", config["n_epochs"]))
    for epoch in range(n_epochs):
        batches = list(training.epoch(rng))
        for k, batch in enumerate(batches):
            rate = config["learning_rate"] * _schedule(epoch + k / len(batches), n_epochs)
            step(np.float32(rate), *batch)
        score, uar = _validate(forward(inputs, mask).numpy(), targets)
        # Two speakers are a noisy judge: an epoch is judged together with those before it.
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * score if epoch else score
        if smoothed > best_score:
            best_score, best_epoch, best_weights = smoothed, epoch, network.get_weights()
        if callback:
            callback(uar)
        if epoch - best_epoch >= config["patience"]:
            break
    network.set_weights(best_weights)
    scale_temperature(network, forward(inputs, mask).numpy(), targets)


def scale_temperature(network: keras.Model, logits: NDArray[np.float32], targets: NDArray[np.intp]) -> None:
    """Divide a network's logits by the temperature that suits some clips, by way of its last layer's weights.

    Parameters
    ----------
    network : keras.Model
        Whose last layer is dense and gives the logits; changed in place.
    logits : ndarray [shape=(n, n_emotions)]
        Of clips by speakers that it did not learn from.
    targets : ndarray of int [shape=(n,)]
        Their emotions.
    """
    temperature = float(np.clip(fit_temperature(scipy.special.softmax(logits, axis=1), targets), *TEMPERATURES))
    last = network.layers[-1]
    last.set_weights([weights / temperature for weights in last.get_weights()])


def _make_step(network: keras.Model, config: Config) -> Callable[..., Any]:
    """Return one update of the weights, traced once for batches of every length (Keras's own loop traces several times)."""
    import keras
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # as is each network
    optimizer = keras.optimizers.AdamW(
        config["learning_rate"], weight_decay=config["weight_decay"], global_clipnorm=MAX_GRADIENT_NORM
    )
    optimizer.build(network.trainable_variables)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    n_columns, n_emotions = network.inputs[0].shape[-1], network.outputs[0].shape[-1]
    shapes: tuple[list[int | None], ...] = ([], [None, None, n_columns], [None, None], [None, n_emotions], [None])

    @tf.function(input_signature=[tf.TensorSpec(shape) for shape in shapes])
    def step(rate: Any, inputs: Any, mask: Any, distributions: Any, weights: Any) -> None:
        with tf.GradientTape() as tape:
            value = loss(distributions, network([inputs, mask], training=True), sample_weight=weights)
        optimizer.learning_rate.assign(rate)
        optimizer.apply(tape.gradient(value, network.trainable_variables))

    return step


def _schedule(epoch: float, n_epochs: int) -> float:
    if epoch < WARM_UP_EPOCHS:
        return (epoch + 0.5) / (WARM_UP_EPOCHS + 0.5)
    return 0.02 + 0.98 * (1 + np.cos(np.pi * (epoch - WARM_UP_EPOCHS) / max(1, n_epochs - WARM_UP_EPOCHS))) / 2


def _validate(logits: NDArray[np.float32], targets: NDArray[np.intp]) -> tuple[float, float]:
    """Return what early stopping maximises (UAR, with the log likelihood to tell like epochs apart) and the UAR."""
    right = logits.argmax(axis=1) == targets
    uar = float(np.mean([right[targets == target].mean() for target in np.unique(targets)]))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_likelihood = shifted[np.arange(len(targets)), targets] - np.log(np.exp(shifted).sum(axis=1))
    return uar + 0.1 * float(log_likelihood.mean()), uar


def suggest_training(trial: optuna.Trial) -> dict[str, Any]:
    """Draw what every network shares: augmentation, optimisation, regularisation, pooling, head."""
    return {
        **suggest_policy(trial),
        "n_bags": 1,
        "original_share": trial.suggest_float("original_share", 0.1, 0.7),
        "clip_mean_removal": trial.suggest_categorical("clip_mean_removal", [0.0, 0.5, 1.0]),
        "balanced": trial.suggest_categorical("balanced", [True, False]),
        "batch_size": trial.suggest_categorical("batch_size", [16, 32]),
        "n_epochs": trial.suggest_int("n_epochs", 20, 35, step=5),
        "patience": 10,
        "learning_rate": trial.suggest_float("learning_rate", 1e-3, 8e-3, log=True),
        **suggest_regularisation(trial),
        "n_hidden": trial.suggest_categorical("n_hidden", [0, 64]),
        "dropout": trial.suggest_float("dropout", 0.0, 0.25),
        "head_dropout": trial.suggest_float("head_dropout", 0.1, 0.5),
    }


def suggest_regularisation(trial: optuna.Trial) -> dict[str, Any]:
    """Draw what holds a network back, and how it sums up time."""
    return {
        "weight_decay": trial.suggest_float("weight_decay", 1e-3, 1e-1, log=True),
        "label_smoothing": trial.suggest_float("label_smoothing", 0.0, 0.15),
        "mixup": trial.suggest_categorical("mixup", [0.0, 0.2]),
        "time_mask": trial.suggest_int("time_mask", 0, 1),
        "column_mask": trial.suggest_int("column_mask", 0, 1),
        "pooling": trial.suggest_categorical("pooling", ["attention", "statistics"]),
    }
