"""Leaderboard: what every family is worth, as the run measured it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from audio.errors import PredictionsError, UnknownKeyError
from demo.engine import Engine, title_of
from leaderboard import plots
from leaderboard.metrics import confusion_matrix
from leaderboard.predictions import arrays, emotions_in

HUMAN_ACCURACY = {"ravdess": 0.624}
PER_CENT = {
    "uar": "UAR, %",
    "uar_ci_low": "from",
    "uar_ci_high": "to",
    "accuracy": "Accuracy, %",
    "macro_f1": "Macro F1, %",
    "random_split_accuracy": "A random split would claim, %",
    "uar_noise": "UAR in noise, %",
    "uar_pitch": "UAR, pitch shifted, %",
    "augmentation_gain": "Augmentation gave, points",
    "ece": "Calibration error, %",
}
AS_THEY_ARE = {"p_vs_best": "p against best", "predict_ms_per_clip": "ms a clip", "model_mb": "MB", "n_trials": "Trials"}

_drawing = threading.Lock()
"""Matplotlib's style is global: one figure at a time."""


@dataclass(frozen=True)
class Figures:
    """Drawings of one family, and of all, as SVG.

    Attributes
    ----------
    family : str
        Whose confusion matrix and F1 these are.
    intervals, random_split, confusion : str
        SVG; empty where the run did not measure it.
    f1 : mapping of str to float
        By emotion, fractions.
    """

    family: str
    intervals: str
    random_split: str
    confusion: str
    f1: Mapping[str, float] = field(default_factory=dict)


def show_table(engine: Engine) -> pd.DataFrame:
    """Return the leaderboard as a reader sorts it: numbers in per cent, one row a family, best first.

    Raises
    ------
    PredictionsError
        If the result has no leaderboard.
    """
    board = _board(engine)
    shown = pd.DataFrame({"Family": [title_of(key) for key in board["family"]]})
    for name, title in PER_CENT.items():
        shown[title] = (100 * board[name].astype(float)).round(1)
    for name, title in AS_THEY_ARE.items():
        shown[title] = board[name].astype(float).round(3)
    return shown.dropna(axis="columns", how="all")


def styled(table: pd.DataFrame) -> Styler:
    """Return the table with its figures written alike; they stay numbers, and sort as such."""
    whole = {AS_THEY_ARE["n_trials"]: "{:.0f}"}
    per_cent = dict.fromkeys(PER_CENT.values(), "{:.1f}")
    precise = dict.fromkeys(AS_THEY_ARE.values(), "{:.3g}")
    formats = {name: text for name, text in {**per_cent, **precise, **whole}.items() if name in table}
    return table.style.format(formats, na_rep="–")


def records(engine: Engine) -> list[dict[str, Any]]:
    """Return the leaderboard as written, one mapping a family, an empty cell being None."""
    board = _board(engine).astype(object)
    rows = board.where(board.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def families(engine: Engine) -> list[tuple[str, str]]:
    """Return title and key of every family of the leaderboard, best first."""
    return [(title_of(key), key) for key in _board(engine)["family"]]


@lru_cache(maxsize=64)
def draw(engine: Engine, family: str) -> Figures:
    """Draw what a family takes for what, and the scores of all.

    Raises
    ------
    UnknownKeyError
        If the leaderboard has no such family.
    """
    board = _board(engine)
    known = board["family"].tolist()
    if family not in known:
        raise UnknownKeyError("family", family, known)
    row = board[board["family"] == family].iloc[0]
    f1 = {name.removeprefix("f1_"): float(row[name]) for name in board.columns if name.startswith("f1_")}
    human = HUMAN_ACCURACY.get(str(engine.run.get("corpus")))
    named = board.assign(family=[title_of(key) for key in known])
    with _drawing:
        claims = "" if board["random_split_accuracy"].isna().all() else plots.random_split(named)
        return Figures(family, plots.intervals(named, human_accuracy=human), claims, _confusion(engine, family), f1)


def _confusion(engine: Engine, family: str) -> str:
    if engine.predictions is None:
        return ""
    rows = engine.predictions[engine.predictions["family"] == family]
    return plots.confusion(confusion_matrix(*arrays(rows)), emotions_in(rows), family=title_of(family))


def _board(engine: Engine) -> pd.DataFrame:
    if engine.board is None:
        raise PredictionsError(f"{engine.results.name} has no readable leaderboard.csv; run search/run.py.")
    return engine.board
