"""array → probabilities: the families, each in its own file.

To add a family, write its file and add its line to :data:`FAMILIES`.
"""

from __future__ import annotations

from emotune.registry import Registry
from models.baseline import Baseline
from models.dummy import Dummy
from models.egemaps import EGemaps
from models.ensemble import Ensemble, EnsembleScratch
from models.family import Config, Examples, Family, Model
from models.linear import Linear
from models.networks.bilstm import BiLSTM
from models.networks.cnn2d import CNN2D
from models.networks.conv1d import Conv1D
from models.random_forest import RandomForest
from models.whisper.base import WhisperBase
from models.whisper.tiny import Whisper
from models.xgboost import XGBoost

FAMILIES: Registry[Family] = Registry(
    "family",
    (
        Dummy(),
        Baseline(),
        EGemaps(),
        Linear(),
        RandomForest(),
        XGBoost(),
        Conv1D(),
        BiLSTM(),
        CNN2D(),
        Whisper(),
        WhisperBase(),
        Ensemble(),
        EnsembleScratch(),
    ),
)

__all__ = ["FAMILIES", "Config", "Examples", "Family", "Model"]
