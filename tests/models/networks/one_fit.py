"""A fit for processes of their own; this module does not import Keras."""

from __future__ import annotations

import numpy as np

from models import FAMILIES, Examples


def fit_conv1d() -> np.ndarray:
    """Probabilities of a network that is trained on random sequences."""
    rng, n = np.random.default_rng(0), 24
    speakers = np.repeat(["S1", "S2", "S3"], n // 3)
    examples = Examples(
        tuple(rng.normal(size=(20, 6)).astype(np.float32) for _ in range(n)),
        np.arange(n) % 3,
        speakers,
        np.arange(n),
        np.ones(n, dtype=bool),
        dict.fromkeys(("S1", "S2", "S3"), "female"),
        3,
    )
    config = {**FAMILIES["conv1d"].defaults, "n_epochs": 2}
    return FAMILIES["conv1d"].fit(examples, config, seed=0).predict(examples.inputs)
