"""Families of heads on layers of a pretrained speech recogniser's encoder (Radford et al. 2022, arXiv 2212.04356)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from augment.policy import suggest_policy
from features import INPUT_KINDS, Analysis
from features.whisper.kept import Precision
from features.whisper.layers import WhisperLayers
from models.ensemble import LogOpinionPool
from models.family import Bag, Config, EpochCallback, Examples, Family, KeptSample, Model, Parts
from models.whisper.heads import LinearHead, NetworkHead
from models.whisper.layer_selection import PERCENTILES, LayerSelection, column_spans, last_layer
from models.whisper.tuned_layer import TunedLayer

if TYPE_CHECKING:
    import optuna

LAYER_SELECTION_FILE = "layer_selection.json"
LINEAR_DEFAULTS: Config = {
    "augmentation": "mixed",
    "strength": "gentle",
    "n_copies": 3,
    "layers": "middle",
    "readout": "both",
    "head": "linear",
    "statistics": "moments",
    "n_features": None,
    "n_speaker_directions": 0,
    "balanced": True,
    "copy_weight": 0.5,
}
"""Defaults of a linear head; its penalty depends on the encoder's width."""
WIDE_AUGMENTATIONS = ("mixed", "microphone")
"""What a search may choose: an encoder takes several times as long for a copy as the other features, so only what covers much."""
MAX_SHARE_CHANGED = 0.01
"""Share of the sampled clips whose predicted emotion may change when the encoder is kept in int8."""


@dataclass(frozen=True, eq=False)
class WhisperModel(Model):
    """Fitted learners, each with its layer selection."""

    selections: tuple[LayerSelection, ...]
    models: tuple[Model, ...]

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Number of the heads' and the fine-tuned layer's weights; the frozen encoder does not count."""
        return sum(model.n_parameters for model in self.models)

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return the learners' probabilities, (n, n_emotions), pooled with equal weights."""
        probabilities = [
            model.predict([selection(steps) for steps in inputs])
            for selection, model in zip(self.selections, self.models, strict=True)
        ]
        weights = np.full(len(probabilities), 1 / len(probabilities))
        return LogOpinionPool(weights).predict(list(np.stack(probabilities, axis=1)))


class EncoderFamily(Family):
    """Heads on selected layers of an encoder; the search chooses the layers and the head.

    A subclass names the encoder by ``input_kind`` and says which heads there are.

    Attributes
    ----------
    heads : mapping of str to tuple of str
        Learners of each head; the probabilities of two learners are pooled, since they err on different clips.
    searched_heads : tuple of str
        Which of them a search draws. The others cost many times as much for half a point of inner UAR; they remain for champions of
        earlier runs, and for configurations that are set by hand.
    statistics : tuple of str
        Which members of :data:`~models.whisper.layer_selection.PERCENTILES` a linear head may read.
    """

    heads: ClassVar[Mapping[str, tuple[str, ...]]]
    searched_heads: ClassVar[tuple[str, ...]] = ("linear",)
    statistics: ClassVar[tuple[str, ...]] = tuple(PERCENTILES)
    is_pretrained = True

    @property
    def kind(self) -> WhisperLayers:
        """The input kind of the encoder's layers."""
        kind = INPUT_KINDS[self.input_kind]
        assert isinstance(kind, WhisperLayers)
        return kind

    @cached_property
    def learners(self) -> Mapping[str, LinearHead | NetworkHead | TunedLayer]:
        """What heads consist of."""
        return {"linear": LinearHead(self.statistics), "network": NetworkHead(), "layer": TunedLayer(self.input_kind)}

    def require(self, *, may_download: bool) -> None:
        """Find the encoder's weights."""
        self.kind.published.find(may_download=may_download)

    def select_layers(self, learner: str, config: Config, *, n_columns: int) -> LayerSelection:
        """Return the layer selection of a learner.

        Parameters
        ----------
        learner : str
            A key of :attr:`learners`.
        config : mapping
            A configuration of the family.
        n_columns : int
            Columns of the encoder's steps.
        """
        n_layers = self.kind.n_layers
        layers, parts = self.learners[learner].selects(config, n_layers)
        percentiles = PERCENTILES[config["statistics"]] if learner == "linear" else ()
        return LayerSelection(learner, column_spans(layers, parts, n_layers=n_layers, n_columns=n_columns), percentiles)

    def select_all(self, examples: Examples, config: Config) -> tuple[LayerSelection, ...]:
        """Return the layer selection of each learner of a configuration's head."""
        n_columns = examples.inputs[0].shape[1]
        return tuple(self.select_layers(learner, config, n_columns=n_columns) for learner in self.heads[config["head"]])

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return self.suggest_head(trial, trial.suggest_categorical("head", list(self.searched_heads)))

    def suggest_head(self, trial: optuna.Trial, head: str) -> dict[str, Any]:
        """Draw a configuration with one of :attr:`heads`."""
        config: dict[str, Any] = {"head": head}
        for learner in self.heads[head]:
            config |= self.learners[learner].suggest(trial)
        return config | suggest_policy(trial, among=WIDE_AUGMENTATIONS)

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> WhisperModel:
        """Fit the learners; no epochs are reported, because trials of all heads are pruned by fold."""
        selections = self.select_all(examples, config)
        fitted = (self.learners[one.learner].fit(one.of_examples(examples), config, seed=seed, parts=parts) for one in selections)
        return WhisperModel(selections, tuple(fitted))

    def fit_bag(self, examples: Examples, config: Config, *, seed: int, parts: Parts) -> Bag:
        """Fit the bags of the learners, whose models are pooled."""
        selections = self.select_all(examples, config)
        bags = [self.learners[one.learner].fit_bag(one.of_examples(examples), config, seed=seed, parts=parts) for one in selections]
        without = zip(*(bag.without for bag in bags), strict=True)
        return Bag(
            WhisperModel(selections, tuple(bag.model for bag in bags)),
            tuple(WhisperModel(selections, learnt) for learnt in without),
        )

    def save(self, model: Model, folder: Path) -> None:
        """Write ``layer_selection.json`` and the learners' files."""
        assert isinstance(model, WhisperModel)
        (folder / LAYER_SELECTION_FILE).write_text(
            json.dumps([asdict(selection) for selection in model.selections]), encoding="utf-8"
        )
        for selection, learnt in zip(model.selections, model.models, strict=True):
            self.learners[selection.learner].save(learnt, folder)

    def load(self, folder: Path, *, n_emotions: int) -> WhisperModel:
        """Read the files that :meth:`save` wrote."""
        selections = tuple(LayerSelection(**one) for one in json.loads((folder / LAYER_SELECTION_FILE).read_text(encoding="utf-8")))
        return WhisperModel(selections, tuple(self.learners[one.learner].load(folder, n_emotions=n_emotions) for one in selections))

    def keep_input(self, model: Model, folder: Path, sample: KeptSample) -> str:
        """Keep the layers that the model reads, in int8; in float16 if int8 changes more than 1 % of the sample's predictions."""
        assert isinstance(model, WhisperModel)
        n_columns = len(self.kind.columns)
        n_layers = max(last_layer(one.spans, n_layers=self.kind.n_layers, n_columns=n_columns) for one in model.selections)
        self.kind.keep(folder, n_layers=n_layers, precision=Precision.INT8)
        share = share_changed(model, self.kind.kept_in(folder), sample)
        if share <= MAX_SHARE_CHANGED:
            return ""
        self.kind.keep(folder, n_layers=n_layers, precision=Precision.FLOAT16)
        return (
            f"{self.key}: an encoder in int8 may change at most {MAX_SHARE_CHANGED:.0%} of the predictions, and changes "
            f"{share:.1%} of {len(sample.inputs)}; it is kept in float16."
        )


def share_changed(model: Model, kept: WhisperLayers, sample: KeptSample) -> float:
    """Return the share of clips for which a model predicts another emotion with a kept encoder than with the whole one."""
    inputs = [kept.extract(Analysis(samples)) for samples in sample.samples]
    return float(np.mean(model.predict(inputs).argmax(axis=1) != model.predict(sample.inputs).argmax(axis=1)))
