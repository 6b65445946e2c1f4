"""Figures of a leaderboard, each a piece of SVG to put into a page.

Conventions
-----------
Every function draws one figure and returns it as :func:`leaderboard.svg.as_svg` does. Scores come as fractions and are drawn in per
cent. Colours are Okabe and Ito's, which colour-blind people tell apart, and never the only difference: markers, line styles or
figures say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from leaderboard.svg import GREY, INK, ROW_INCHES, WIDTH_INCHES, as_svg, remembered

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
HALF_STYLES = {"A": {"color": BLUE, "marker": "o", "linestyle": "-"}, "B": {"color": ORANGE, "marker": "s", "linestyle": "--"}}
AT_RANDOM = "random"
"""Sampling of the trials that only show what the sampler gives."""
OTHER_STYLE = {"color": GREEN, "marker": "D", "linestyle": ":"}
SMALL_WIDTH_INCHES = 3.6
MARKERS = "os^Dv<>Pph*X"
DARK_ENOUGH_FOR_WHITE = 0.55


def intervals(board: pd.DataFrame, *, human_accuracy: float | None = None, tested_on: str = "unseen speakers") -> str:
    """Draw each family's UAR with its 95 % interval, and the line of human listeners where one is known.

    Parameters
    ----------
    board : DataFrame
        The leaderboard.
    human_accuracy : float, optional
        What human listeners reach on the same recordings, a fraction.
    tested_on : str
        Whom the scores are for.
    """

    def draw(figure: Figure) -> None:
        axes = _rows(figure, board["family"])
        low, middle, high = (100 * board[name].to_numpy(float) for name in ("uar_ci_low", "uar", "uar_ci_high"))
        rows = np.arange(len(board))
        axes.errorbar(middle, rows, xerr=[middle - low, high - middle], fmt="o", color=BLUE, capsize=3)
        chance = 100 / len(_f1_columns(board))
        axes.axvline(chance, color=GREY, linestyle=":", label=f"chance {chance:.1f}")
        if human_accuracy is not None:
            axes.axvline(100 * human_accuracy, color=INK, linestyle="--", label=f"human listeners {100 * human_accuracy:.1f}")
        axes.set(xlabel=f"UAR on {tested_on}, %", xlim=(0, 100))
        figure.legend(loc="outside upper center", ncols=2)

    return as_svg("intervals", "UAR of every family with its 95 % interval", draw, rows=len(board))


def random_split(board: pd.DataFrame, *, tested_on: str = "unseen speakers") -> str:
    """Draw what a random split would have claimed against what those show on whom a run is tested, as accuracy."""
    known = board.dropna(subset=["random_split_accuracy"])

    def draw(figure: Figure) -> None:
        axes = _rows(figure, known["family"])
        rows = np.arange(len(known))
        unseen, claimed = (100 * known[name].to_numpy(float) for name in ("accuracy", "random_split_accuracy"))
        axes.hlines(rows, unseen, claimed, color=GREY, linewidth=1.5)
        axes.plot(unseen, rows, "o", color=BLUE, label=tested_on)
        axes.plot(claimed, rows, "D", color=ORANGE, markerfacecolor="white", label="random split")
        for row, (here, there) in enumerate(zip(unseen, claimed, strict=True)):
            axes.annotate(f"{there - here:+.1f}", (max(here, there), row), xytext=(8, 0), textcoords="offset points", va="center")
        axes.set(xlabel="accuracy, %", xlim=(0, 108), xticks=range(0, 101, 20))
        figure.legend(loc="outside upper center", ncols=2)

    return as_svg("random-split", f"Accuracy on {tested_on} beside that of a random split", draw, rows=len(known))


@remembered
def confusion(counts: NDArray[np.integer], emotions: Sequence[str], *, family: str) -> str:
    """Draw a confusion matrix: of each true emotion (row), per cent of its clips taken for each emotion (column)."""

    def draw(figure: Figure) -> None:
        of_row = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes = _heat(figure, of_row, rows=emotions, columns=emotions)
        axes.set(xlabel="taken for", ylabel="true emotion", title=family)

    size = max(SMALL_WIDTH_INCHES, ROW_INCHES * len(emotions))
    return as_svg(f"confusion-{family}", f"Confusion matrix of {family}", draw, width=size, height=size)


def f1_by_emotion(board: pd.DataFrame) -> str:
    """Draw every family's F1 of every emotion as a grid of numbers on a shade."""
    columns = _f1_columns(board)

    def draw(figure: Figure) -> None:
        emotions = [name.removeprefix("f1_") for name in columns]
        scores = board[columns].to_numpy(float)
        axes = _heat(figure, scores, rows=board["family"].tolist(), columns=emotions)
        axes.set_xlabel("F1, %")

    return as_svg("f1", "F1 of every family on every emotion", draw, rows=len(board))


@remembered
def cross_corpus(grid: pd.DataFrame, *, family: str) -> str:
    """Draw a family's UAR by corpus trained on (row) and tested on (column), from :func:`leaderboard.cross_corpus.grid`."""

    def draw(figure: Figure) -> None:
        names = list(map(str, grid.index))
        axes = _heat(figure, grid.to_numpy(float), rows=names, columns=names)
        axes.set(xlabel="tested on", ylabel="trained on", title=f"{family}: UAR, %")

    size = max(SMALL_WIDTH_INCHES, 1.6 + ROW_INCHES * len(grid))
    return as_svg(f"cross-{family}", f"UAR of {family} across corpora", draw, width=size, height=size)


def speakers(uar_by_speaker: Mapping[str, Mapping[str, float]]) -> str:
    """Draw each family's UAR on each speaker: a dot a speaker, a bar at the median, the two ends named."""

    def draw(figure: Figure) -> None:
        axes = _rows(figure, list(uar_by_speaker))
        for row, scores in enumerate(uar_by_speaker.values()):
            values = 100 * np.array(list(scores.values()))
            axes.plot(values, np.full(len(values), row), "o", color=BLUE, alpha=0.45, markersize=5)
            axes.plot(np.median(values), row, "|", color=INK, markersize=16, markeredgewidth=2)
            for end in (min(scores, key=scores.__getitem__), max(scores, key=scores.__getitem__)):
                place = (100 * scores[end], row)
                axes.annotate(end, place, xytext=(0, 5), textcoords="offset points", ha="center", fontsize=7)
        axes.set(xlabel="UAR on one speaker, %", xlim=(-3, 103))

    return as_svg("speakers", "UAR of every family on every speaker", draw, rows=len(uar_by_speaker))


def robustness(board: pd.DataFrame) -> str:
    """Draw each family's UAR on the test clips as they are, with noise, with shifted pitch and through the whole suite."""
    kinds = {
        "uar": ("as recorded", "o", INK),
        "uar_noise": ("noise at 10 dB", "s", ORANGE),
        "uar_pitch": ("pitch ±2 semitones", "^", BLUE),
        "uar_robust": ("mean of the suite", "D", GREEN),
    }
    kinds = {name: kind for name, kind in kinds.items() if name in board and board[name].notna().any()}
    known = board.dropna(subset=[name for name in kinds if name != "uar"], how="all")

    def draw(figure: Figure) -> None:
        axes = _rows(figure, known["family"])
        rows = np.arange(len(known))
        scores = 100 * known[list(kinds)].to_numpy(float)
        axes.hlines(rows, np.nanmin(scores, axis=1), np.nanmax(scores, axis=1), color=GREY, linewidth=1)
        for values, (title, marker, colour) in zip(scores.T, kinds.values(), strict=True):
            axes.plot(values, rows, marker, color=colour, label=title)
        axes.set(xlabel="UAR, %", xlim=(0, 100))
        figure.legend(loc="outside upper center", ncols=2)

    return as_svg("robustness", "UAR of every family on clean and perturbed clips", draw, rows=len(known))


def suite(uar: pd.DataFrame) -> str:
    """Draw each family's UAR (row) through each perturbation of the test suite (column), from :func:`leaderboard.robust.suite`."""

    def draw(figure: Figure) -> None:
        rows, columns = list(map(str, uar.index)), list(map(str, uar.columns))
        axes = _heat(figure, uar.to_numpy(float), rows=rows, columns=columns)
        axes.set_xlabel("UAR, %")

    width = max(WIDTH_INCHES, 1.6 + 1.25 * ROW_INCHES * uar.shape[1])
    return as_svg("suite", "UAR of every family through each perturbation", draw, width=width, rows=2 + len(uar))


def known_speaker(curve: pd.DataFrame, *, whose: str = "every family") -> str:
    """Draw UAR by how many earlier clips of the speaker are known.

    Parameters
    ----------
    curve : DataFrame
        UAR as fractions, a row a family or a corpus, a column a number of clips.
    whose : str
        Whose UAR it is, for the title.
    """

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        places = np.arange(curve.shape[1])
        for k, row in enumerate(curve.index):
            axes.plot(places, 100 * curve.loc[row].to_numpy(float), marker=MARKERS[k % len(MARKERS)], label=str(row))
        axes.set_xticks(places, list(curve.columns))
        axes.set(xlabel="earlier clips of the speaker, unlabelled", ylabel="UAR, %", ylim=(0, 100))
        figure.legend(loc="outside right center")

    title = f"UAR of {whose} by how many clips of the speaker are known"
    return as_svg(f"known-speaker-{whose}", title, draw, width=6, height=3.6)


@remembered
def history(trials: pd.DataFrame, *, family: str) -> str:
    """Draw a family's search: every finished trial, the best so far, and the pruned and failed ones along the bottom.

    Parameters
    ----------
    trials : DataFrame
        One row a trial, with the columns ``half, sampling, number, state, value``.
    family : str
        Whose search it is.
    """

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, ((half, sampling), rows) in enumerate(trials.sort_values("number").groupby(["half", "sampling"])):
            look = HALF_STYLES.get(str(half), OTHER_STYLE)
            done = rows[(rows["state"] == "COMPLETE") & rows["value"].notna()]
            values = 100 * done["value"].to_numpy(float)
            best = np.maximum.accumulate(values)
            if sampling == AT_RANDOM:
                label = f"half {half}, at random"
                axes.step(done["number"], best, where="post", color=look["color"], linestyle=":", linewidth=1, label=label)
                continue
            axes.plot(done["number"], values, look["marker"], color=look["color"], markersize=4, alpha=0.5)
            axes.step(done["number"], best, where="post", color=look["color"], linestyle=look["linestyle"], label=f"half {half}")
            for state, marker in (("PRUNED", "|"), ("FAIL", "x")):
                stopped = rows.loc[rows["state"] == state, "number"]
                bottom = np.full(len(stopped), 0.03 + 0.06 * place)
                axes.plot(stopped, bottom, marker, color=look["color"], markersize=5, transform=axes.get_xaxis_transform())
        axes.set(xlabel="trial", ylabel="tuning UAR, %", title=family)
        axes.margins(y=0.2)
        figure.legend(loc="outside lower center", ncols=2)

    return as_svg(f"history-{family}", f"Tuning UAR of {family} by trial", draw, width=SMALL_WIDTH_INCHES, height=2.8)


@remembered
def importance(by_half: Mapping[str, Mapping[str, float]], *, family: str, n_shown: int = 10) -> str:
    """Draw how much each parameter of a family's search space mattered, one bar a half, the weightiest first."""
    weight = pd.DataFrame({half: dict(values) for half, values in sorted(by_half.items())}).fillna(0.0)
    shown = weight.loc[weight.mean(axis=1).sort_values(ascending=False).index[:n_shown]]

    def draw(figure: Figure) -> None:
        axes = _rows(figure, shown.index)
        thickness = 0.8 / max(1, len(shown.columns))
        for place, half in enumerate(shown.columns):
            look = HALF_STYLES.get(str(half), OTHER_STYLE)
            rows = np.arange(len(shown)) + (place - (len(shown.columns) - 1) / 2) * thickness
            hatch = "" if look["linestyle"] == "-" else "///"
            bars = {"height": thickness, "color": look["color"], "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
            axes.barh(rows, 100 * shown[half], label=f"half {half}", **bars)
        axes.set(xlabel="importance, %", title=family)
        figure.legend(loc="outside lower center", ncols=2)

    return as_svg(
        f"importance-{family}", f"Importance of the parameters of {family}", draw, width=SMALL_WIDTH_INCHES, rows=len(shown)
    )


@remembered
def calibration(bins: NDArray[np.floating], *, family: str, error: float) -> str:
    """Draw a reliability diagram: how often a family is right at each confidence, dots as large as their share of clips.

    Parameters
    ----------
    bins : float array [shape=(n_bins, 3)]
        As :func:`metrics.scores.reliability` returns them.
    family : str
        Whose confidence it is.
    error : float
        Its expected calibration error, a fraction.
    """

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        share, confidence, hit_rate = 100 * bins.T
        axes.plot([0, 100], [0, 100], color=GREY, linestyle="--")
        axes.vlines(confidence, confidence, hit_rate, color=ORANGE, linewidth=1.5)
        axes.scatter(confidence, hit_rate, s=12 + 6 * share, color=BLUE, alpha=0.8, clip_on=False)
        axes.set(xlabel="confidence, %", ylabel="right, %", title=f"{family}: ECE {100 * error:.1f} %", xlim=(0, 102), ylim=(0, 102))

    return as_svg(f"calibration-{family}", f"Reliability of {family}", draw, width=SMALL_WIDTH_INCHES, height=3.2)


def _f1_columns(board: pd.DataFrame) -> list[str]:
    return [name for name in map(str, board.columns) if name.startswith("f1_")]


def _rows(figure: Figure, names: Sequence[str] | pd.Series | pd.Index) -> Any:
    """Return axes with one row a name, the first on top."""
    axes = figure.add_subplot()
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    return axes


def _heat(figure: Figure, values: NDArray[np.floating], *, rows: Sequence[str], columns: Sequence[str]) -> Any:
    """Return axes with a grid of fractions 0-1, each a shade and its per cent."""
    axes = figure.add_subplot()
    axes.pcolormesh(np.nan_to_num(values), cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1)
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if value > DARK_ENOUGH_FOR_WHITE else INK
        shown = "–" if np.isnan(value) else f"{100 * value:.0f}"
        axes.text(column + 0.5, row + 0.5, shown, color=ink, ha="center", va="center", fontsize=8)
    axes.set_xticks(np.arange(len(columns)) + 0.5, list(columns), rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(np.arange(len(rows)) + 0.5, list(rows))
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.invert_yaxis()
    return axes
