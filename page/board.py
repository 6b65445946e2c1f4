"""Leaderboard: what every family is worth, as the run measured it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd

from emotune.errors import PredictionsError, UnknownKeyError
from leaderboard import plots
from leaderboard.adapted import curve, curve_by_corpus, read_adaptation
from leaderboard.cross_corpus import grid, read_cross_corpus
from leaderboard.references import HUMAN_ACCURACY
from leaderboard.robust import read_robustness, suite
from leaderboard.table import number, p_text, percent
from metrics.predictions import arrays, emotions_in
from metrics.scores import confusion_matrix
from page.engine import Engine, title_of

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Cell:
    """A figure of the leaderboard: as it is read, and as it sorts (None where nothing was measured)."""

    text: str
    value: float | None


def _cell(name: str, *, show: Callable[[Any], str] = percent) -> Callable[[Row], Cell]:
    return lambda row: _figure(_measured(row, name), show)


def _figure(value: Any, show: Callable[[Any], str]) -> Cell:
    return Cell(show(value), None if pd.isna(value) else float(value))


def _measured(row: Row, name: str) -> Any:
    """Return a figure, missing where the result was made before it was measured."""
    return row.get(name, float("nan"))


def _interval(row: Row) -> Cell:
    return Cell(f"{percent(row['uar_ci_low'])} to {percent(row['uar_ci_high'])}", float(row["uar_ci_low"]))


COLUMNS: Mapping[str, Callable[[Row], Cell]] = {
    "UAR, %": _cell("uar"),
    "95 % interval": _interval,
    "Accuracy, %": _cell("accuracy"),
    "Macro F1, %": _cell("macro_f1"),
    "Robust UAR, %": _cell("uar_robust"),
    "UAR, voice known, %": _cell("uar_adapted"),
    "UAR, one neutral clip, %": _cell("uar_one_neutral"),
    "Random split would claim, %": _cell("random_split_accuracy"),
    "UAR in noise, %": _cell("uar_noise"),
    "UAR, pitch shifted, %": _cell("uar_pitch"),
    "Augmentation gave, points": _cell("augmentation_gain", show=partial(percent, sign="+")),
    "Calibration error, %": _cell("ece"),
    "p against best": _cell("p_vs_best", show=p_text),
    "ms a clip": _cell("predict_ms_per_clip", show=number),
    "MB": _cell("model_mb", show=number),
}
"""The columns that the page can show, in order."""
FIRST_SHOWN = (
    *("UAR, %", "95 % interval", "Robust UAR, %", "UAR, voice known, %", "Accuracy, %", "Random split would claim, %"),
    *("p against best", "ms a clip", "MB"),
)
"""Those that are shown unless others are chosen: as many as fit a screen of 1280 pixels."""

_drawing = threading.Lock()
"""Matplotlib's style is global: one figure at a time."""
_drawn: WeakKeyDictionary[Engine, dict[str, Figures]] = WeakKeyDictionary()
"""By engine and family; an engine that is let go takes its drawings with it."""


@dataclass(frozen=True)
class Drawing:
    """A drawing as SVG; where that is empty, why there is none."""

    svg: str = ""
    why_not: str = "this run did not measure it."


NONE = Drawing()


@dataclass(frozen=True)
class Figures:
    """Drawings of one family, and of all.

    Attributes
    ----------
    family : str
        Whose confusion matrix and F1 these are.
    intervals, random_split, confusion, cross_corpus : Drawing
        As the leaderboard, the predictions and ``cross_corpus.csv`` give them.
    robustness, suite, known_speaker, known_by_corpus : Drawing
        Every family through perturbations, one by one, and by how many clips of the speaker it knows; the last of this family on
        each corpus.
    crossed : str
        Whose figures across corpora these are: the family's, or the best one's that was measured so.
    f1 : mapping of str to float
        By emotion, fractions.
    """

    family: str
    f1: Mapping[str, float]
    intervals: Drawing
    random_split: Drawing
    confusion: Drawing
    cross_corpus: Drawing
    crossed: str
    robustness: Drawing = NONE
    suite: Drawing = NONE
    known_speaker: Drawing = NONE
    known_by_corpus: Drawing = NONE


def show_table(engine: Engine) -> dict[str, dict[str, Cell]]:
    """Return the leaderboard by family, best first, and column; a column that nothing was measured for is left out.

    Raises
    ------
    PredictionsError
        If the result has no leaderboard.
    """
    rows = _board(engine).to_dict("records")
    cells = {str(row["family"]): {title: make(row) for title, make in COLUMNS.items()} for row in rows}
    measured = [title for title in COLUMNS if any(of_family[title].value is not None for of_family in cells.values())]
    return {family: {title: of_family[title] for title in measured} for family, of_family in cells.items()}


def columns(engine: Engine) -> tuple[list[str], list[str]]:
    """Return the columns that were measured, and those of them that are shown unless others are chosen."""
    measured = list(next(iter(show_table(engine).values()), {}))
    return measured, [title for title in FIRST_SHOWN if title in measured]


def records(engine: Engine) -> list[dict[str, Any]]:
    """Return the leaderboard as written, one mapping a family, an empty cell being None."""
    board = _board(engine).astype(object)
    rows = board.where(board.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def families(engine: Engine) -> list[tuple[str, str]]:
    """Return title and key of every family of the leaderboard, best first."""
    return [(title_of(key), key) for key in _board(engine)["family"]]


def draw(engine: Engine, family: str) -> Figures:
    """Draw what a family takes for what, its UAR across corpora, and the scores of all; once an engine and family.

    Raises
    ------
    UnknownKeyError
        If the leaderboard has no such family.
    """
    board = _board(engine)
    known = board["family"].tolist()
    if family not in known:
        raise UnknownKeyError("family", family, known)
    with _drawing:
        drawn = _drawn.setdefault(engine, {})
        if family not in drawn:
            drawn[family] = _draw(engine, board, family)
        return drawn[family]


def _draw(engine: Engine, board: pd.DataFrame, family: str) -> Figures:
    row = board[board["family"] == family].iloc[0]
    named = board.assign(family=[title_of(key) for key in board["family"]])
    human, tested_on = HUMAN_ACCURACY.get(engine.manifest.corpus), engine.manifest.tested_on
    is_audited = board["random_split_accuracy"].notna().any()
    crossed, across = _cross_corpus(engine, [family, *board["family"]])
    return Figures(
        family=family,
        f1={name.removeprefix("f1_"): float(row[name]) for name in board.columns if name.startswith("f1_")},
        intervals=Drawing(plots.intervals(named, human_accuracy=human, tested_on=tested_on)),
        random_split=Drawing(plots.random_split(named, tested_on=tested_on)) if is_audited else NONE,
        confusion=_confusion(engine, family),
        cross_corpus=across,
        crossed=crossed,
        **_of_longer_runs(engine, named, family),
    )


def _of_longer_runs(engine: Engine, named: pd.DataFrame, family: str) -> dict[str, Drawing]:
    """Return the drawings that only newer or longer runs have measured: of all families, and of one on each corpus."""
    drawn = {}
    if any(name in named and named[name].notna().any() for name in ("uar_noise", "uar_pitch", "uar_robust")):
        drawn["robustness"] = Drawing(plots.robustness(named))
    folder, board = engine.run.folder, _board(engine)
    if (table := _read(engine, read_robustness, folder.robustness)) is not None:
        drawn["suite"] = Drawing(plots.suite(suite(table, list(board["family"])).rename(index=title_of)))
    if (table := _read(engine, read_adaptation, folder.adaptation)) is not None:
        drawn["known_speaker"] = Drawing(plots.known_speaker(curve(table, board).rename(index=title_of)))
        if len(of_corpora := curve_by_corpus(table, family=family)):
            whose = f"{title_of(family)} on each corpus"
            drawn["known_by_corpus"] = Drawing(plots.known_speaker(of_corpora, whose=whose))
    return drawn


def _read(engine: Engine, reader: Callable[[Path], pd.DataFrame], path: Path) -> pd.DataFrame | None:
    """Return a table of the result; None where it is missing, empty or damaged."""
    table, _ = engine.run.read(reader, path)
    return None if table is None or table.empty else table


def _cross_corpus(engine: Engine, families: Sequence[str]) -> tuple[str, Drawing]:
    """Return the first of the families that was tested across corpora, and the heat map of its UAR; empty if none was."""
    table = _read(engine, read_cross_corpus, engine.run.folder.cross_corpus)
    family = "" if table is None else next((key for key in families if key in set(table["family"])), "")
    if table is None or not family:
        return "", NONE
    return family, Drawing(plots.cross_corpus(grid(table, family=family), family=title_of(family)))


def _confusion(engine: Engine, family: str) -> Drawing:
    """Draw what a family takes for what."""
    try:
        rows = engine.run.predictions_of(family)
        return Drawing(plots.confusion(confusion_matrix(*arrays(rows)), emotions_in(rows), family=title_of(family)))
    except PredictionsError as error:
        return Drawing(why_not=engine.run.without_path(str(error)))


def _board(engine: Engine) -> pd.DataFrame:
    if engine.board is None:
        raise PredictionsError(f"{engine.run.folder.path.name} has no readable leaderboard.csv; run search/run.py.")
    return engine.board
