"""array → probabilities: the families, each in its own file.

Adding a family is its file and its line in :data:`FAMILIES`.
"""

from __future__ import annotations

from audio.errors import UnknownKeyError
from models.bilstm import BiLSTM
from models.boosted import XGBoost
from models.cnn2d import CNN2D
from models.conv1d import Conv1D
from models.dummy import Dummy
from models.ensemble import Ensemble, EnsembleScratch
from models.family import Config, Examples, Family, Model
from models.forest import RandomForest
from models.linear import Linear
from models.whisper import Whisper

FAMILIES: dict[str, Family] = {
    family.key: family
    for family in (
        Dummy(),
        Linear(),
        RandomForest(),
        XGBoost(),
        Conv1D(),
        BiLSTM(),
        CNN2D(),
        Whisper(),
        Ensemble(),
        EnsembleScratch(),
    )
}

__all__ = ["FAMILIES", "Config", "Examples", "Family", "Model", "get_family"]


def get_family(key: str) -> Family:
    """Return a family by its key.

    Raises
    ------
    UnknownKeyError
        If there is none of that name.
    """
    try:
        return FAMILIES[key]
    except KeyError:
        raise UnknownKeyError("family", key, list(FAMILIES)) from None
