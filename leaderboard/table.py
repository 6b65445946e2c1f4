"""From out-of-fold predictions to the leaderboard: its rows, its files and its Markdown.

Conventions
-----------
A row is a family. Its scores are computed from the predictions (:mod:`metrics.predictions`), from ``predictions.csv`` again
to the last digit; the other columns are *facts* that only the search knows. Scores are fractions in 0-1 rounded to four decimals;
what a person reads shows per cent with one decimal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from corpora.emotions import in_order
from emotune.errors import PredictionsError, UnknownKeyError
from emotune.files import write_text
from leaderboard.reading import NEXT_STEP, read_whole
from metrics.intervals import p_against_best, speaker_intervals
from metrics.predictions import arrays, as_written, emotions_in
from metrics.scores import FROM_CONFUSION, confusion_by, evaluate, uar_of
from runs.layout import RunFolder, runs_in

DECIMALS = 4

AUDIT_FACTS = (
    "random_split_accuracy",
    "uar_noise",
    "uar_pitch",
    "uar_robust",
    "uar_robust_ci_low",
    "uar_robust_ci_high",
    "augmentation",
    "augmentation_gain",
    "augmentation_gain_ci_low",
    "augmentation_gain_ci_high",
    "augmentation_gain_robust",
    "augmentation_gain_robust_ci_low",
    "augmentation_gain_robust_ci_high",
    "tuning_uar",
    "uar_defaults",
    "tuning_gain",
    "tuning_gain_ci_low",
    "tuning_gain_ci_high",
    "tested_on",
    "budget",
)
ADAPTED_SCORES = ("uar_adapted", "uar_adapted_skewed", "uar_one_neutral", "uar_enrolled")
ADAPTED = tuple(column for name in ADAPTED_SCORES for column in (name, f"{name}_ci_low", f"{name}_ci_high"))
"""UAR once something is known of the speaker, with intervals; empty in results that were made before it was measured."""
COST_FACTS = (
    *("n_trials", "n_pruned", "n_failed", "tune_seconds", "fit_seconds"),
    *("predict_ms_per_clip", "model_mb", "n_parameters", "seed", "run_hash"),
)
FACTS = (*AUDIT_FACTS, *ADAPTED, *COST_FACTS)
"""The columns that only the search knows, or that need its constants; what it does not know is an empty cell."""

WHOLE_NUMBERS = ("rank", "n_trials", "n_pruned", "n_failed", "n_parameters", "seed")
TEXTS = ("corpus", "family", "subset", "augmentation", "tested_on", "budget", "run_hash")
ALWAYS_FRACTIONS = ("uar", "uar_ci_low", "uar_ci_high", "accuracy", "macro_f1")
ALWAYS = ("random_split_accuracy", "augmentation_gain", "p_vs_best", "predict_ms_per_clip", "model_mb")
"""Columns of every leaderboard that was ever written."""
SUBSET = "subset"
OF_CORPUS = "corpus "
"""Begins the names of the subsets that are a corpus."""
ALL_CLIPS = "all"
"""Value of the column :data:`SUBSET` in the rows of all clips; only a run of several corpora has the column."""


def columns(emotions: Sequence[str]) -> tuple[str, ...]:
    """Return the leaderboard's columns for a corpus with these emotions."""
    with_intervals = [column for score in FROM_CONFUSION for column in (score, f"{score}_ci_low", f"{score}_ci_high")]
    f1 = [f"f1_{emotion}" for emotion in emotions]
    return (
        "rank",
        "family",
        *with_intervals,
        *f1,
        "uar_fold_sd",
        "log_loss",
        "ece",
        *AUDIT_FACTS,
        *ADAPTED,
        "p_vs_best",
        *COST_FACTS,
    )


def build_leaderboard(predictions: pd.DataFrame, facts: Mapping[str, Mapping[str, Any]], *, seed: int = 0) -> pd.DataFrame:
    """Score every family on its out-of-fold predictions and rank them by UAR, by nothing else.

    Parameters
    ----------
    predictions : DataFrame
        See the conventions above; every family predicts the same clips.
    facts : mapping of str to mapping
        What only the search knows of each family, by the names in :data:`FACTS`; whatever is absent stays an empty cell.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    DataFrame
        One row a family, best first; columns as :func:`columns` lists them.

    Raises
    ------
    PredictionsError
        If the predictions are incomplete or do not add up.
    UnknownKeyError
        If a fact is none of the columns.
    """
    tidy = as_written(predictions)
    emotions = emotions_in(tidy)
    scores: dict[str, dict[str, float]] = {}
    uar_by_speaker: dict[str, np.ndarray] = {}
    for family in sorted(set(tidy["family"])):
        scores[family], uar_by_speaker[family] = _score(tidy[tidy["family"] == family], emotions=emotions, seed=seed)
    ranked = sorted(scores, key=lambda family: -scores[family]["uar"])
    p_vs_best = p_against_best(uar_by_speaker, best=ranked[0])
    board = pd.DataFrame([{"family": f, **scores[f], "p_vs_best": p_vs_best.get(f), **_known(facts.get(f, {}))} for f in ranked])
    board["rank"] = board["uar"].rank(ascending=False, method="min")
    board["p_vs_best"] = [float(f"{p:.3g}") for p in board["p_vs_best"].astype(float)]
    return _typed(board.reindex(columns=list(columns(emotions))))


def write_results(folder: Path, *, board: pd.DataFrame, predictions: pd.DataFrame, subsets: pd.DataFrame | None = None) -> None:
    """Write ``leaderboard.csv`` and ``predictions.csv`` into a result's folder, each file whole or not at all.

    Parameters
    ----------
    folder : Path
        The result's folder.
    board, predictions : DataFrame
        The leaderboard and what it was computed from.
    subsets : DataFrame, optional
        Rows of each corpus and language, from :func:`leaderboard.subsets.subset_rows`.
    """
    write_text(RunFolder(folder).predictions, as_written(predictions).to_csv(index=False))
    if subsets is not None and len(subsets):
        names = [*board.columns[:2], SUBSET, *board.columns[2:]]
        board = _typed(pd.concat([board.assign(**{SUBSET: ALL_CLIPS}), subsets]).reindex(columns=names))
    write_text(RunFolder(folder).leaderboard, board.to_csv(index=False))


def read_leaderboard(path: Path) -> pd.DataFrame:
    """Read the rows of all clips of a ``leaderboard.csv`` back with their types; an empty cell is a missing value.

    Raises
    ------
    PredictionsError
        If the file cannot be read as one.
    """
    everything = _read_rows(path)
    if SUBSET not in everything:
        return everything
    return everything[everything[SUBSET] == ALL_CLIPS].drop(columns=SUBSET).reset_index(drop=True)


def read_subsets(path: Path) -> pd.DataFrame:
    """Read the rows of each corpus and language of a ``leaderboard.csv``; empty if it has none.

    Raises
    ------
    PredictionsError
        If the file cannot be read as one.
    """
    everything = _read_rows(path)
    return everything[everything[SUBSET] != ALL_CLIPS].reset_index(drop=True) if SUBSET in everything else everything.iloc[:0]


def gather(results: Path) -> pd.DataFrame:
    """Gather the rows of all results into one table with a ``corpus`` column, and write it beside their folders.

    Parameters
    ----------
    results : Path
        The folder that holds one folder a corpus.
    """
    found = [run.leaderboard for run in runs_in(results)]
    if not found:
        raise PredictionsError(f"No result lies in {results}; run search/run.py first.")
    boards = [read_leaderboard(path).assign(corpus=path.parent.name) for path in found]
    emotions = in_order({name.removeprefix("f1_") for board in boards for name in map(str, board) if name.startswith("f1_")})
    rows = [row for board in boards for row in _rows(board)]
    everything = _typed(pd.DataFrame(rows).reindex(columns=["corpus", *columns(emotions)]))
    write_text(results / "leaderboard.csv", everything.to_csv(index=False))
    return everything


def percent(value: Any, *, sign: str = "") -> str:
    """Return a fraction as per cent with one decimal, a missing one as a dash; ``sign="+"`` shows the sign always."""
    return "–" if pd.isna(value) else f"{100 * value:{sign}.1f}"


def interval(low: Any, high: Any) -> str:
    """Return an interval of fractions in per cent."""
    return f"[{percent(low)}, {percent(high)}]"


def p_text(value: Any) -> str:
    """Return a p-value as a reader wants it, a missing one as a dash."""
    return "–" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def number(value: Any) -> str:
    """Return a figure with three significant digits and no exponent, a missing one as a dash."""
    return "–" if pd.isna(value) else f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


SUMMARY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "Family": lambda row: str(row["family"]),
    "UAR, % [95 % interval]": lambda row: f"{percent(row['uar'])} {interval(row['uar_ci_low'], row['uar_ci_high'])}",
    "Robust, %": lambda row: percent(row.get("uar_robust")),
    "Adapted, %": lambda row: percent(row.get("uar_adapted")),
    "Accuracy, %": lambda row: percent(row["accuracy"]),
    "Macro F1, %": lambda row: percent(row["macro_f1"]),
    "A random split would claim, %": lambda row: percent(row["random_split_accuracy"]),
    "Augmentation gave, points": lambda row: percent(row["augmentation_gain"], sign="+"),
    "... to robustness": lambda row: percent(row.get("augmentation_gain_robust"), sign="+"),
    "Tuning gave, points": lambda row: percent(row.get("tuning_gain"), sign="+"),
    "p against best": lambda row: p_text(row["p_vs_best"]),
    "ms a clip": lambda row: number(row["predict_ms_per_clip"]),
    "MB": lambda row: number(row["model_mb"]),
}
"""What a reader sees first: the columns of the README's and the report's table."""
NOT_ALWAYS = ("Robust, %", "Adapted, %", "... to robustness")
"""Left out where no family has them: in quick looks, and in results that were made before they were measured."""


def summary(board: pd.DataFrame) -> pd.DataFrame:
    """Return the leaderboard as a reader sees it: few columns, per cent, all text."""
    shown = pd.DataFrame([{title: show(row) for title, show in SUMMARY.items()} for row in _rows(board)])
    return shown.drop(columns=[title for title in NOT_ALWAYS if (shown[title] == percent(None)).all()])


def markdown_table(board: pd.DataFrame) -> str:
    """Return the summary as a Markdown table, the best family first."""
    shown = summary(board)
    return markdown(list(shown.columns), shown.to_numpy().tolist())


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; its first column is text, the others are figures."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _score(rows: pd.DataFrame, *, emotions: Sequence[str], seed: int) -> tuple[dict[str, float], np.ndarray]:
    y_true, probabilities = arrays(rows)
    _, by_speaker = confusion_by(rows["speaker"], y_true, probabilities)
    _, by_fold = confusion_by(rows["fold"], y_true, probabilities)
    scores = evaluate(y_true, probabilities, emotions=emotions)
    for name, (low, high) in speaker_intervals(by_speaker, seed=seed).items():
        scores |= {f"{name}_ci_low": low, f"{name}_ci_high": high}
    scores["uar_fold_sd"] = float(uar_of(by_fold).std(ddof=1)) if len(by_fold) > 1 else np.nan
    return {name: round(value, DECIMALS) for name, value in scores.items()}, uar_of(by_speaker)


def _read_rows(path: Path) -> pd.DataFrame:
    rows = read_whole(path, keys=("family",), fractions=ALWAYS_FRACTIONS, needed=ALWAYS, also=("corpus", SUBSET), texts=TEXTS)
    if not any(str(name).startswith("f1_") for name in rows):
        raise PredictionsError(f"{path} must have a column f1_EMOTION for each emotion, but has none; {NEXT_STEP}")
    try:
        return _typed(rows)
    except (ValueError, TypeError) as error:
        raise PredictionsError(f"{path} must have a number in every other column, but: {error}; {NEXT_STEP}") from error


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    for name in facts:
        if name not in FACTS:
            raise UnknownKeyError("leaderboard column", name, list(FACTS))
    return {name: round(value, DECIMALS) if isinstance(value, float | np.floating) else value for name, value in facts.items()}


def _rows(board: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in board.to_dict("records")]


def _typed(board: pd.DataFrame) -> pd.DataFrame:
    texts = {name: "str" for name in board if name in TEXTS}
    whole = {name: "Int64" for name in board if name in WHOLE_NUMBERS}
    rest = {name: "float64" for name in board if name not in {*TEXTS, *WHOLE_NUMBERS}}
    return board.astype({**texts, **whole, **rest})
