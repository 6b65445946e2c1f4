"""Families of linear heads on layers of a pretrained speech recogniser's encoder (Radford et al. 2022, arXiv 2212.04356)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from augment.policy import suggest_policy
from features import INPUT_KINDS, Analysis
from features.whisper.kept import Precision
from features.whisper.layers import WhisperLayers
from models.family import Bag, Config, EpochCallback, Examples, Family, KeptSample, Model, Parts
from models.linear import Logistic
from models.whisper.layer_selection import LAYERS, PERCENTILES, READOUTS, LayerSelection, column_spans, last_layer

if TYPE_CHECKING:
    import optuna

LAYER_SELECTION_FILE = "layer_selection.json"
LINEAR_DEFAULTS: Config = {
    "augmentation": "mixed",
    "strength": "gentle",
    "n_copies": 3,
    "layers": "middle",
    "readout": "both",
    "statistics": "moments",
    "n_features": None,
    "n_speaker_directions": 0,
    "balanced": True,
    "copy_weight": 0.5,
}
"""Defaults; the penalty depends on the encoder's width."""
WIDE_AUGMENTATIONS = ("mixed", "microphone")
"""What a search may choose: an encoder takes several times as long for a copy as the other features, so only what covers much."""
MAX_SHARE_CHANGED = 0.01
"""Share of the sampled clips whose predicted emotion may change when the encoder is kept in int8."""


@dataclass(frozen=True, eq=False)
class WhisperModel(Model):
    """A layer selection and the head that reads it."""

    selection: LayerSelection
    head: Model

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        """Number of the head's weights; the frozen encoder does not count."""
        return self.head.n_parameters

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return probabilities, (n, n_emotions)."""
        return self.head.predict([self.selection(steps) for steps in inputs])


class LinearHead(Logistic):
    """Logistic regression on statistics over the clip."""

    def suggest_classifier(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the penalty of the squared coefficients."""
        return {"penalty": trial.suggest_float("penalty", 10.0, 3e3, log=True)}


class EncoderFamily(Family):
    """A linear head on selected layers of a frozen encoder; the search chooses the layers, the readout and the penalty.

    A subclass names the encoder by ``input_kind``.

    Attributes
    ----------
    statistics : tuple of str
        Which members of :data:`~models.whisper.layer_selection.PERCENTILES` the head may read.
    """

    statistics: ClassVar[tuple[str, ...]] = tuple(PERCENTILES)
    head: ClassVar[LinearHead] = LinearHead()
    is_pretrained = True

    @property
    def kind(self) -> WhisperLayers:
        """The input kind of the encoder's layers."""
        kind = INPUT_KINDS[self.input_kind]
        assert isinstance(kind, WhisperLayers)
        return kind

    def require(self, *, may_download: bool) -> None:
        """Find the encoder's weights."""
        self.kind.published.find(may_download=may_download)

    def select_layers(self, config: Config, *, n_columns: int) -> LayerSelection:
        """Return the layer selection of a configuration; ``n_columns`` is the width of the encoder's steps."""
        n_layers = self.kind.n_layers
        first, end = (round(share * n_layers) for share in LAYERS[config["layers"]])
        spans = column_spans(range(first + 1, end + 1), READOUTS[config["readout"]], n_layers=n_layers, n_columns=n_columns)
        return LayerSelection(spans, PERCENTILES[config["statistics"]])

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            "layers": trial.suggest_categorical("layers", list(LAYERS)),
            "readout": trial.suggest_categorical("readout", list(READOUTS)),
            "statistics": trial.suggest_categorical("statistics", list(self.statistics)),
            "n_features": None,
            "n_speaker_directions": trial.suggest_int("n_speaker_directions", 0, 4),
            "balanced": True,
            "copy_weight": trial.suggest_float("copy_weight", 0.2, 1.0),
            **self.head.suggest_classifier(trial),
            **suggest_policy(trial, among=WIDE_AUGMENTATIONS),
        }

    def fit(
        self, examples: Examples, config: Config, *, seed: int, parts: Parts = (), callback: EpochCallback | None = None
    ) -> WhisperModel:
        """Select the layers and fit the head."""
        selection = self.select_layers(config, n_columns=examples.inputs[0].shape[1])
        return WhisperModel(selection, self.head.fit(selection.of_examples(examples), config, seed=seed))

    def fit_bag(self, examples: Examples, config: Config, *, seed: int, parts: Parts) -> Bag:
        """Select the layers once, for all models."""
        selection = self.select_layers(config, n_columns=examples.inputs[0].shape[1])
        bag = self.head.fit_bag(selection.of_examples(examples), config, seed=seed, parts=parts)
        return Bag(WhisperModel(selection, bag.model), tuple(WhisperModel(selection, head) for head in bag.without))

    def save(self, model: Model, folder: Path) -> None:
        """Write ``layer_selection.json`` and the head's files."""
        assert isinstance(model, WhisperModel)
        (folder / LAYER_SELECTION_FILE).write_text(json.dumps(asdict(model.selection)), encoding="utf-8")
        self.head.save(model.head, folder)

    def load(self, folder: Path, *, n_emotions: int) -> WhisperModel:
        """Read the files that :meth:`save` wrote."""
        selection = LayerSelection(**json.loads((folder / LAYER_SELECTION_FILE).read_text(encoding="utf-8")))
        return WhisperModel(selection, self.head.load(folder, n_emotions=n_emotions))

    def keep_input(self, model: Model, folder: Path, sample: KeptSample) -> str:
        """Keep the layers that the model reads, in int8; in float16 if int8 changes more than 1 % of the sample's predictions."""
        assert isinstance(model, WhisperModel)
        n_columns = len(self.kind.columns)
        n_layers = last_layer(model.selection.spans, n_layers=self.kind.n_layers, n_columns=n_columns)
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
