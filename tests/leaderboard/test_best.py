"""The best family has the highest score, and is never a reference."""

from __future__ import annotations

import numpy as np
import pandas as pd

from leaderboard.best import best_row


def test_the_best_family_has_the_highest_score_whatever_the_order() -> None:
    board = pd.DataFrame({"family": ["linear", "baseline", "xgboost"], "uar": [0.4, 0.9, 0.5]})
    assert best_row(board) == {"family": "xgboost", "uar": 0.5}


def test_references_and_families_without_a_score_are_never_the_best() -> None:
    assert best_row(pd.DataFrame({"family": ["dummy", "linear"], "uar": [0.2, np.nan]})) is None
