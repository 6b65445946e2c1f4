"""Robustness by perturbation: the figures, their intervals, and what is absent where something was not measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.held_out import FoldPredictions
from evaluation.jobs import Split
from evaluation.result import Result, Tuned
from evaluation.robustness import SUITE
from leaderboard.robust import ALL, COLUMNS, read_robustness, robust_gain, robust_scores, robustness_table
from models import FAMILIES

N_SPEAKERS, N_EMOTIONS, N_TAKES = 8, 4, 3
TARGETS = np.tile(np.repeat(np.arange(N_EMOTIONS), N_TAKES), N_SPEAKERS)
SPEAKERS = np.repeat([f"S{k}" for k in range(N_SPEAKERS)], N_EMOTIONS * N_TAKES)
DATASET: Any = SimpleNamespace(targets=TARGETS, speakers=SPEAKERS)


def predictions(share_right: float, rows: np.ndarray, *, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shown = np.where(rng.uniform(size=len(rows)) < share_right, TARGETS[rows], rng.integers(N_EMOTIONS, size=len(rows)))
    return 0.1 / N_EMOTIONS + 0.9 * np.eye(N_EMOTIONS)[shown]


def by_fold(share_right: Mapping[str, float], *, clean: float = 1.0) -> dict[int, FoldPredictions]:
    found = {}
    for fold, rows in enumerate(np.split(np.arange(len(TARGETS)), 2)):
        perturbed = {
            name: np.stack([predictions(share, rows, seed=k) for k in range(len(SUITE[name]))]) for name, share in share_right.items()
        }
        found[fold] = FoldPredictions(rows, predictions(clean, rows, seed=9), perturbed, 0.0)
    return found


def result(share_right: Mapping[str, float], without: Mapping[str, float] | None = None) -> Result:
    found = {Split.HELD_OUT: by_fold(share_right)}
    if without is not None:
        found[Split.NO_AUGMENTATION] = by_fold(without)
    return Result(Tuned(FAMILIES["linear"], {}, {}, {}), found)


def test_every_perturbation_has_a_row_and_the_mean_over_them_another() -> None:
    table = robustness_table(result(dict.fromkeys(SUITE, 0.5) | {"noise": 0.0}), DATASET, seed=0).set_index("perturbation")
    assert list(table.index) == [*SUITE, ALL]
    assert (table["uar_clean"] == 1).all()
    assert table.loc[list(SUITE), "uar"].mean() == pytest.approx(table.loc[ALL, "uar"], abs=1e-4)
    np.testing.assert_allclose(table["change"], table["uar"] - 1, atol=1e-4)
    assert (table["uar_ci_low"] <= table["uar"]).all()
    assert (table["uar"] <= table["uar_ci_high"]).all()
    assert table.loc["noise", "uar"] < table.loc["room", "uar"]


def test_the_leaderboard_has_the_mean_with_its_interval_and_noise_and_pitch() -> None:
    scores = robust_scores(robustness_table(result(dict.fromkeys(SUITE, 0.6)), DATASET, seed=0))
    assert set(scores) == {"uar_noise", "uar_pitch", "uar_robust", "uar_robust_ci_low", "uar_robust_ci_high"}
    assert scores["uar_robust_ci_low"] < scores["uar_robust"] < scores["uar_robust_ci_high"]


def test_there_is_no_mean_where_a_perturbation_could_not_be_made() -> None:
    table = robustness_table(result({name: 0.5 for name in SUITE if name != "opus"}), DATASET, seed=0)
    assert ALL not in set(table["perturbation"])
    assert "uar_robust" not in robust_scores(table)


def test_a_quick_look_has_no_rows_and_no_gain(tmp_path: Path) -> None:
    assert robustness_table(result({}), DATASET, seed=0).empty
    assert robust_scores(robustness_table(result({}), DATASET, seed=0)) == {}
    assert robust_gain(result({}, {}), DATASET, seed=0) == {}
    assert list(read_robustness(tmp_path / "robustness.csv")) == list(COLUMNS)


def test_the_gain_is_what_augmentation_adds_to_the_mean() -> None:
    gain = robust_gain(result(dict.fromkeys(SUITE, 0.9), dict.fromkeys(SUITE, 0.4)), DATASET, seed=0)
    assert 0.2 < gain["augmentation_gain_robust_ci_low"] < gain["augmentation_gain_robust"] < gain["augmentation_gain_robust_ci_high"]
    assert robust_gain(result(dict.fromkeys(SUITE, 0.9)), DATASET, seed=0) == {}
    same = robust_gain(result(dict.fromkeys(SUITE, 0.7), dict.fromkeys(SUITE, 0.7)), DATASET, seed=0)
    assert set(same.values()) == {0.0}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    table = robustness_table(result(dict.fromkeys(SUITE, 0.5)), DATASET, seed=0)
    table.to_csv(tmp_path / "robustness.csv", index=False)
    pd.testing.assert_frame_equal(read_robustness(tmp_path / "robustness.csv"), table)
