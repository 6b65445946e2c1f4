"""Predictions of three families on eight speakers, made by code: `good` beats `fair` beats `dummy`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from corpora.emotions import RAVDESS_EMOTIONS

N_SPEAKERS = 8
N_PER_EMOTION = 3
SKILL = {"good": 2.5, "fair": 1.2, "dummy": 0.0}


def make_predictions(families: dict[str, float], *, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    speakers = [f"{k:02d}" for k in range(1, N_SPEAKERS + 1)]
    clips = [(s, e, n) for s in speakers for e in RAVDESS_EMOTIONS for n in range(N_PER_EMOTION)]
    tables = []
    for family, skill in families.items():
        score = rng.normal(size=(len(clips), len(RAVDESS_EMOTIONS)))
        score[np.arange(len(clips)), [RAVDESS_EMOTIONS.index(e) for _, e, _ in clips]] += skill
        probabilities = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
        table = pd.DataFrame(
            {
                "clip": [f"{s}-{e}-{n}.wav" for s, e, n in clips],
                "speaker": [s for s, _, _ in clips],
                "fold": [speakers.index(s) // 2 for s, _, _ in clips],
                "half": ["B" if speakers.index(s) < N_SPEAKERS // 2 else "A" for s, _, _ in clips],
                "family": family,
                "emotion": [e for _, e, _ in clips],
            }
        )
        tables.append(table.join(pd.DataFrame(probabilities, columns=[f"p_{e}" for e in RAVDESS_EMOTIONS])))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="session")
def predictions() -> pd.DataFrame:
    return make_predictions(SKILL)


@pytest.fixture(scope="session")
def facts() -> dict[str, dict[str, object]]:
    """What a search would say; of `dummy` it knows next to nothing."""
    return {
        "good": {
            "random_split_accuracy": 0.81234,
            "uar_noise": 0.5,
            "uar_pitch": 0.6,
            "augmentation": "noise + pitch",
            "augmentation_gain": 0.0213,
            "tuning_uar": 0.7,
            "uar_defaults": 0.68,
            "tuning_gain": 0.012,
            "n_trials": 50,
            "n_pruned": 12,
            "n_failed": 0,
            "tune_seconds": 812.34567,
            "fit_seconds": 3.2,
            "predict_ms_per_clip": 4.56,
            "model_mb": 1.25,
            "n_parameters": 46_800,
            "seed": 7,
            "run_hash": "0123456789",
        },
        "fair": {"random_split_accuracy": 0.55, "augmentation": "none", "augmentation_gain": -0.004, "n_trials": 50, "seed": 7},
        "dummy": {"seed": 7},
    }
