"""Families of linear heads on layers of a pretrained speech recogniser's encoder (Radford et al. 2022, arXiv 2212.04356).

Each layer has a head of its own, and their probabilities are pooled as an ensemble's are, all weighing the same: on inner speakers
that was better than one head on all of the layers. The pool of linear heads is a linear head again.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from augment.policy import suggest_policy
from features import INPUT_KINDS, Analysis
from features.whisper.kept import Precision
from features.whisper.layers import WhisperLayers
from models.family import Config, EpochCallback, Examples, KeptSample, Model, Parts
from models.linear import Logistic
from models.tabular import TabularModel, fit_standardiser

if TYPE_CHECKING:
    import optuna
    from sklearn.linear_model import LogisticRegression

LINEAR_DEFAULTS: Config = {
    "augmentation": "mixed",
    "strength": "strong",
    "n_copies": 3,
    "speaker_effect_removal": 0.7,
    "copy_weight": 0.5,
}
"""Defaults besides the number of layers and the penalty, which depend on the encoder."""
FEWEST_LAYERS = 2
WIDE_AUGMENTATIONS = ("mixed", "microphone")
"""What a search may choose: an encoder takes several times as long for a copy as the other features, so only what covers much."""
MAX_SHARE_CHANGED = 0.01
"""Share of the sampled clips whose predicted emotion may change when the encoder is kept in int8."""


class EncoderFamily(Logistic):
    """Linear heads on the first layers of a frozen encoder, pooled.

    The search chooses how many layers, the share of the speakers' effects that is taken off, and the penalty. A subclass names the
    encoder by ``input_kind``.

    Attributes
    ----------
    most_layers : int
        How many layers may have a head.
    """

    is_pretrained = True
    penalties = (10.0, 3e3)
    most_layers: ClassVar[int]

    @property
    def kind(self) -> WhisperLayers:
        """The input kind of the encoder's layers."""
        kind = INPUT_KINDS[self.input_kind]
        assert isinstance(kind, WhisperLayers)
        return kind

    def require(self, *, may_download: bool) -> None:
        """Find the encoder's weights."""
        self.kind.published.find(may_download=may_download)

    def columns(self, config: Config) -> NDArray[np.intp]:
        """Return the columns of the layers that a configuration selects: both parts and both moments of each."""
        every = np.arange(np.prod(self.kind.shape)).reshape(self.kind.shape)
        return every[:, :, : config["n_layers"]].ravel()

    def layers_of(self, columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the layer, counted from 1, that each column comes from."""
        return np.unravel_index(columns, self.kind.shape)[2] + 1

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            "n_layers": trial.suggest_int("n_layers", FEWEST_LAYERS, min(self.most_layers, self.kind.n_layers)),
            "copy_weight": trial.suggest_float("copy_weight", 0.2, 1.0),
            **self.suggest_classifier(trial),
            **suggest_policy(trial, among=WIDE_AUGMENTATIONS),
        }

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> TabularModel:
        """Fit a head on each layer, to examples of all emotions weighing the same, and pool them."""
        standardiser = fit_standardiser(examples, among=self.columns(config))
        weights = examples.weights(balanced=True, copy_weight=config["copy_weight"])
        X = standardiser(examples.inputs)
        layers = self.layers_of(standardiser.columns)
        places = [np.flatnonzero(layers == layer) for layer in np.unique(layers)]
        heads = [self.fit_classifier(X[:, columns], examples, weights, config, seed=seed) for columns in places]
        return TabularModel(self, standardiser, pool_heads(heads, places), examples.n_emotions)

    def keep_input(self, model: Model, folder: Path, sample: KeptSample) -> str:
        """Keep the layers that the model reads, in int8; in float16 if int8 changes more than 1 % of the sample's predictions."""
        assert isinstance(model, TabularModel)
        n_layers = int(self.layers_of(model.standardiser.columns).max())
        self.kind.keep(folder, n_layers=n_layers, precision=Precision.INT8)
        share = share_changed(model, self.kind.kept_in(folder), sample)
        if share <= MAX_SHARE_CHANGED:
            return ""
        self.kind.keep(folder, n_layers=n_layers, precision=Precision.FLOAT16)
        return (
            f"{self.key}: an encoder in int8 may change at most {MAX_SHARE_CHANGED:.0%} of the predictions, and changes "
            f"{share:.1%} of {len(sample.inputs)}; it is kept in float16."
        )


def pool_heads(heads: Sequence[LogisticRegression], places: Sequence[NDArray[np.intp]]) -> LogisticRegression:
    """Return the classifier whose probabilities are the normalised geometric mean of those of some heads.

    Parameters
    ----------
    heads : sequence of LogisticRegression
        Of the same emotions.
    places : sequence of ndarray of int [shape=(n_columns_of_head,)]
        Columns of the pooled classifier's vectors that each head reads.
    """
    first = heads[0]
    pooled = copy(first)
    pooled.coef_ = np.zeros((len(first.coef_), sum(map(len, places))), first.coef_.dtype)
    for head, columns in zip(heads, places, strict=True):
        pooled.coef_[:, columns] = head.coef_ / len(heads)
    pooled.intercept_ = np.mean([head.intercept_ for head in heads], axis=0)
    pooled.n_features_in_ = pooled.coef_.shape[1]
    return pooled


def share_changed(model: Model, kept: WhisperLayers, sample: KeptSample) -> float:
    """Return the share of clips for which a model predicts another emotion with a kept encoder than with the whole one."""
    inputs = [kept.extract(Analysis(samples)) for samples in sample.samples]
    return float(np.mean(model.predict(inputs).argmax(axis=1) != model.predict(sample.inputs).argmax(axis=1)))
