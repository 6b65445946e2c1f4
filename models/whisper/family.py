"""Families of linear heads on layers of a pretrained speech recogniser's encoder (Radford et al. 2022, arXiv 2212.04356).

A head learns from vectors of which a share of their speaker's effect is taken off, as the search chooses: it then relies on what
changes within a speaker, as after a normalisation by speaker (Busso, Mariooryad, Metallinou & Narayanan 2013, IEEE Trans. Affective
Computing 4(4)). What it predicts is left as it is, because nothing is known of a new speaker.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augment.policy import suggest_policy
from features import INPUT_KINDS, Analysis
from features.whisper.kept import Precision
from features.whisper.layers import PARTS, WhisperLayers
from models.family import Config, Examples, KeptSample, Model
from models.linear import Logistic
from models.speaker_effects import speaker_effects
from models.tabular import TabularModel

if TYPE_CHECKING:
    import optuna

LINEAR_DEFAULTS: Config = {
    "augmentation": "mixed",
    "strength": "strong",
    "n_copies": 3,
    "layers": "middle",
    "readout": "both",
    "n_features": None,
    "n_speaker_directions": 0,
    "speaker_effect_removal": 0.7,
    "balanced": True,
    "copy_weight": 0.5,
}
"""Defaults; the penalty depends on the encoder's width."""
LAYERS = {"lower": (0.0, 0.5), "middle": (0.25, 0.75), "all": (0.0, 1.0)}
"""Selected layers, as shares of the encoder's depth: of four layers 1-2, 2-3 and 1-4."""
READOUTS = {"layers": ("layer",), "attended": ("attended",), "both": PARTS}
"""Selected parts of a layer: its frames, its attended values, or both."""
WIDE_AUGMENTATIONS = ("mixed", "microphone")
"""What a search may choose: an encoder takes several times as long for a copy as the other features, so only what covers much."""
MAX_SHARE_CHANGED = 0.01
"""Share of the sampled clips whose predicted emotion may change when the encoder is kept in int8."""


class EncoderFamily(Logistic):
    """A linear head on selected layers of a frozen encoder.

    The search chooses the layers, the readout, the share of the speakers' effects that is taken off, and the penalty.

    A subclass names the encoder by ``input_kind``.
    """

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

    def columns(self, config: Config) -> NDArray[np.intp]:
        """Return the columns of the layers and parts that a configuration selects, with both moments."""
        first, end = (round(share * self.kind.n_layers) for share in LAYERS[config["layers"]])
        parts = [PARTS.index(part) for part in READOUTS[config["readout"]]]
        every = np.arange(np.prod(self.kind.shape)).reshape(self.kind.shape)
        return every[:, parts, first:end].ravel()

    def last_layer(self, columns: NDArray[np.intp]) -> int:
        """Return the uppermost layer, counted from 1, that some columns come from."""
        return int(np.unravel_index(columns, self.kind.shape)[2].max()) + 1

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw a configuration."""
        return {
            "layers": trial.suggest_categorical("layers", list(LAYERS)),
            "readout": trial.suggest_categorical("readout", list(READOUTS)),
            "n_features": None,
            "n_speaker_directions": 0,
            "speaker_effect_removal": trial.suggest_float("speaker_effect_removal", 0.0, 1.0),
            "balanced": True,
            "copy_weight": trial.suggest_float("copy_weight", 0.2, 1.0),
            **self.suggest_classifier(trial),
            **suggest_policy(trial, among=WIDE_AUGMENTATIONS),
        }

    def suggest_classifier(self, trial: optuna.Trial) -> dict[str, Any]:
        """Draw the penalty of the squared coefficients."""
        return {"penalty": trial.suggest_float("penalty", 10.0, 3e3, log=True)}

    def fit_classifier(
        self, X: NDArray[np.float32], examples: Examples, weights: NDArray[np.float64], config: Config, *, seed: int
    ) -> Any:
        """Fit by L-BFGS to vectors without ``speaker_effect_removal`` times the effects of their speakers."""
        centred = X - config["speaker_effect_removal"] * speaker_effects(X, examples, weights)
        return super().fit_classifier(centred, examples, weights, config, seed=seed)

    def keep_input(self, model: Model, folder: Path, sample: KeptSample) -> str:
        """Keep the layers that the model reads, in int8; in float16 if int8 changes more than 1 % of the sample's predictions."""
        assert isinstance(model, TabularModel)
        n_layers = self.last_layer(model.standardiser.columns)
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
