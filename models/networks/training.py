"""Training of the networks: the loop, early stopping on inner speakers, k-fold bagging, and Keras files.

A network takes a batch ``(n, n_steps, n_columns)`` and its mask ``(n, n_steps)`` and returns logits ``(n, n_emotions)``.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.special
from numpy.typing import NDArray

from metrics.calibration import fit_temperature
from metrics.scores import log_loss, uar
from models.family import Bag, Config, EpochCallback, Examples, Family, Model, Parts
from models.networks.batches import BatchMaker, SequenceStandardiser, ValidationBatch, fit_sequence_standardiser, pad, possible_mask
from models.networks.blocks import MASKED_SCORE
from models.networks.model import NeuralModel, loaded_model
from models.networks.tracing import TracedNetwork, trace_forward
from models.speakers import choose_inner_speakers, n_inner_speakers, require_disjoint

if TYPE_CHECKING:
    import keras

WARM_UP_EPOCHS = 2
LOWEST_RATE_SHARE = 0.02
"""Learning rate at the end of the schedule, as a share of its maximum."""
SMOOTHING = 0.5
"""Weight of the earlier epochs in the score of early stopping, since one or two speakers make it noisy."""
LOG_LOSS_SHARE = 0.1
"""Weight of the log loss in the score of early stopping; it decides between epochs of similar UAR."""
TEMPERATURES = (0.5, 2.5)
"""Bounds of a temperature that is fitted to one or two inner speakers."""


class NeuralFamily(Family):
    """A family of networks; a subclass defines its input, search space and layers."""

    is_neural: ClassVar[bool] = True

    @abstractmethod
    def build(self, config: Config, *, n_columns: int, n_emotions: int) -> keras.Model:
        """Return an untrained network."""

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> NeuralModel:
        """Train a network for each part, validated on its speakers; without parts, one validated on some inner speakers.

        The optional key ``max_epochs`` of the configuration limits ``n_epochs``.
        """
        standardiser = fit_sequence_standardiser(examples, clip_mean_removal=config["clip_mean_removal"])
        sequences = [standardiser(sequence) for sequence in examples.inputs]
        networks, forwards = zip(
            *(
                self._fit_member(sequences, examples, config, inner=inner, seed=seed + 1000 * k, callback=callback)
                for k, inner in enumerate(parts or [inner_speakers(examples, seed=seed)])
            ),
            strict=True,
        )
        return NeuralModel(standardiser, networks, forwards)

    def fit_bag(self, examples: Examples, config: Config, *, seed: int, parts: Parts) -> Bag:
        """Fit a model whose members, each validated on a part, predict that part.

        The part has scaled the inputs and stopped the training, but no weight was fitted to it.
        """
        model = self.fit(examples, config, seed=seed, parts=parts)
        return Bag(model, model.members())

    def _fit_member(
        self,
        sequences: Sequence[NDArray[Any]],
        examples: Examples,
        config: Config,
        *,
        inner: Collection[str],
        seed: int,
        callback: EpochCallback | None,
    ) -> tuple[keras.Model, TracedNetwork]:
        held_out = np.isin(examples.speakers, list(inner))
        require_disjoint(examples.speakers[~held_out].tolist(), examples.speakers[held_out].tolist())

        import keras  # noqa: F401  before the seed, because the import of Keras draws random numbers

        random.seed(seed)  # Keras draws its seeds here; set_random_seed would also discard what TensorFlow prepared for its graphs
        network = self.build(config, n_columns=sequences[0].shape[1], n_emotions=examples.n_emotions)
        training = BatchMaker([sequences[k] for k in np.flatnonzero(~held_out).tolist()], examples.select(~held_out), config)
        rule_out(network, absent_emotions(examples))
        validated = held_out & examples.is_original
        padded = pad([sequences[k] for k in np.flatnonzero(validated).tolist()])
        validation = ValidationBatch(*padded, examples.targets[validated], possible_mask(examples)[validated])
        forward = trace_forward(network)
        train(network, forward, training, validation, config, rng=np.random.default_rng(seed), callback=callback)
        return network, forward

    def save(self, model: Model, folder: Path) -> None:
        """Write ``member<k>.keras`` and ``standardiser.npz``."""
        assert isinstance(model, NeuralModel)
        for bag, network in enumerate(model.networks):
            network.save(folder / f"member{bag}.keras")
        model.standardiser.save(folder)

    def load(self, folder: Path, *, n_emotions: int) -> NeuralModel:
        """Read the files that :meth:`save` wrote, in Keras's safe mode."""
        import keras

        files = sorted(folder.glob("member*.keras"))
        networks = tuple(keras.models.load_model(file, compile=False, safe_mode=True) for file in files)
        return loaded_model(SequenceStandardiser.load(folder), networks)


def train(
    network: keras.Model,
    forward: TracedNetwork,
    training: BatchMaker,
    validation: ValidationBatch,
    config: Config,
    *,
    rng: np.random.Generator,
    callback: EpochCallback | None,
) -> None:
    """Train with AdamW under a cosine schedule; stop early on the inner speakers and restore the best epoch's weights.

    Finally the logits are divided by a temperature that is fitted to the inner speakers, because a network's overconfidence depends
    on the number of training speakers.

    Parameters
    ----------
    network : keras.Model
        Trained in place.
    forward : TracedNetwork
        Its forward pass.
    training : BatchMaker
        Batches of the training speakers.
    validation : ValidationBatch
        Original clips of the inner speakers.
    config : mapping
        ``n_epochs``, ``patience``, ``learning_rate``, ``weight_decay``, optionally ``max_epochs``, and the keys of the batches.
    rng : Generator
        Source of the variants, masks and mixtures.
    callback : callable, optional
        Called with the inner UAR after each epoch.
    """
    n_epochs = min(config["n_epochs"], config.get("max_epochs", config["n_epochs"]))
    smoothed, best_score, best_epoch, best_weights = 0.0, -np.inf, 0, network.get_weights()
    with forward.trace.training(network, weight_decay=config["weight_decay"]) as (step, write_back):
        for epoch in range(n_epochs):
            for k, batch in enumerate(training.epoch(rng)):
                share = learning_rate_share(epoch + k / training.n_batches, n_epochs=n_epochs)
                step(config["learning_rate"] * share, *batch)
            write_back()
            score, inner_uar = _validate(validation.logits(forward), validation.targets)
            smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * score if epoch else score
            if smoothed > best_score:
                best_score, best_epoch, best_weights = smoothed, epoch, network.get_weights()
            if callback:
                callback(inner_uar)
            if epoch - best_epoch >= config["patience"]:
                break
    network.set_weights(best_weights)
    scale_temperature(network, validation.logits(forward), validation.targets)


def inner_speakers(examples: Examples, *, seed: int) -> frozenset[str]:
    """Choose the speakers that validate a network which has to choose for itself."""
    speakers = {str(s): examples.genders[str(s)] for s in np.unique(examples.speakers)}
    return choose_inner_speakers(speakers, n_speakers=n_inner_speakers(len(speakers)), seed=seed)


def absent_emotions(examples: Examples) -> NDArray[np.intp]:
    """Return the emotions without examples."""
    return np.setdiff1d(np.arange(examples.n_emotions), examples.targets)


def rule_out(network: keras.Model, emotions: NDArray[np.intp]) -> None:
    """Give emotions the probability 0, before and after training: no target has them, hence no step changes their logits.

    Parameters
    ----------
    network : keras.Model
        A network with a dense last layer; changed in place.
    emotions : ndarray of int
        Emotions that the training examples lack.
    """
    if not len(emotions):
        return
    last = network.layers[-1]
    kernel, bias = last.get_weights()
    kernel[:, emotions], bias[emotions] = 0, MASKED_SCORE
    last.set_weights([kernel, bias])


def scale_temperature(network: keras.Model, logits: NDArray[np.float32], targets: NDArray[np.intp]) -> None:
    """Divide a network's logits by a fitted temperature, by scaling its last layer's weights.

    Parameters
    ----------
    network : keras.Model
        A network with a dense last layer; changed in place.
    logits : ndarray [shape=(n, n_emotions)]
        Logits of clips by inner speakers.
    targets : ndarray of int [shape=(n,)]
        Emotions of the clips.
    """
    temperature = float(np.clip(fit_temperature(scipy.special.softmax(logits, axis=1), targets), *TEMPERATURES))
    last = network.layers[-1]
    last.set_weights([weights / temperature for weights in last.get_weights()])


def learning_rate_share(epoch: float, *, n_epochs: int) -> float:
    """Return the learning rate as a share of its maximum: a linear warm-up over two epochs, then a cosine down to the last epoch.

    Parameters
    ----------
    epoch : float
        Number of passed epochs, with the passed share of the current one.
    n_epochs : int
        Epochs of the training.
    """
    if epoch < WARM_UP_EPOCHS:
        return (epoch + 0.5) / (WARM_UP_EPOCHS + 0.5)
    cosine = np.cos(np.pi * (epoch - WARM_UP_EPOCHS) / max(1, n_epochs - WARM_UP_EPOCHS))
    return float(LOWEST_RATE_SHARE + (1 - LOWEST_RATE_SHARE) * (1 + cosine) / 2)


def _validate(logits: NDArray[np.float32], targets: NDArray[np.intp]) -> tuple[float, float]:
    """Return the score of early stopping, UAR less a share of the log loss, and the UAR; the score of a diverged network is -inf."""
    if not np.isfinite(logits).all():
        return -np.inf, 0.0
    probabilities = scipy.special.softmax(logits.astype(np.float64), axis=1)
    inner_uar = uar(targets, probabilities)
    return inner_uar - LOG_LOSS_SHARE * log_loss(targets, probabilities), inner_uar
