"""The README's tables, made from the results: ``python -m leaderboard.readme [leaderboard/shipped] [--readme README.md]``.

Between the marks ``results`` stand all results side by side, each by its best family; between the marks of a result's name stand its
families, and between those of its name and ``-corpora`` its families on each of its corpora.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from emotune.errors import EmotuneError, PredictionsError
from emotune.files import write_text
from evaluation.folds import TestedOn
from evaluation.streams import OTHERS
from leaderboard.adapted import read_adaptation
from leaderboard.best import best_row
from leaderboard.table import OF_CORPUS, SUBSET, interval, markdown, markdown_table, percent, read_leaderboard, read_subsets
from runs.layout import SHIPPED, RunFolder, shipped_runs
from runs.manifest import read_manifest

RESULTS = "results"
CORPORA = "-corpora"
HEADINGS = (
    *("Result", "Speakers", "Emotions", "Best family", "Unseen speakers, UAR, % [95 % interval]"),
    *("Robust, %", "Adapted, %", "Away: unseen corpora, UAR, % [95 % interval]"),
)


def marks(name: str) -> tuple[str, str]:
    """Return the lines between which a table stands: :data:`RESULTS`, or a result's name."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def results_table(runs: Sequence[RunFolder]) -> str:
    """Return a Markdown table of results, a row each, with the figures of its best family."""
    return markdown(HEADINGS, [_row(run) for run in runs])


def insert_between_marks(text: str, table: str, *, name: str) -> str:
    """Return a README's text with a table between its two marks.

    Raises
    ------
    PredictionsError
        If the marks are not there, once each, in order.
    """
    begin, end = marks(name)
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise PredictionsError(f"The file must hold the line {begin} and below it {end}, once each; add them where the table goes.")
    return text[: text.index(begin) + len(begin)] + f"\n{table}\n" + text[text.index(end) :]


def with_tables(text: str, runs: Sequence[RunFolder]) -> str:
    """Return a README's text with the table of results, and that of each result which has marks."""
    text = insert_between_marks(text, results_table(runs), name=RESULTS)
    for run in runs:
        if marks(run.path.name)[0] in text:
            text = insert_between_marks(text, markdown_table(read_leaderboard(run.leaderboard)), name=run.path.name)
        if marks(by_corpus := f"{run.path.name}{CORPORA}")[0] in text:
            text = insert_between_marks(text, corpora_table(run), name=by_corpus)
    return text


def corpora_table(run: RunFolder) -> str:
    """Return a Markdown table of a result's families (rows) on each of its corpora: UAR, and adapted to each speaker if measured."""
    subsets, adapted = read_subsets(run.leaderboard), read_adaptation(run.adaptation)
    names = [name for name in dict.fromkeys(subsets[SUBSET]) if name.startswith(OF_CORPUS)]
    uar = subsets.set_index(["family", SUBSET])["uar"]
    knowing = adapted[adapted["known"] == OTHERS].set_index(["family", SUBSET])["uar"]

    def cell(*key: str) -> str:
        return percent(uar.get(key)) + (f" → {percent(knowing[key])}" if key in knowing else "")

    families = read_leaderboard(run.leaderboard)["family"]
    rows = [[family, *(cell(family, name) for name in names)] for family in families]
    return markdown(["Family", *(name.removeprefix(OF_CORPUS) for name in names)], rows)


def _row(run: RunFolder) -> list[str]:
    manifest, board = read_manifest(run.manifest), read_leaderboard(run.leaderboard)
    best = best_row(board)
    if best is None:
        raise PredictionsError(f"A result needs a family with a score, but {run.path} has none; run search/run.py again.")
    score = f"{percent(best['uar'])} {interval(best['uar_ci_low'], best['uar_ci_high'])}"
    is_away = manifest.tested_on is TestedOn.UNSEEN_CORPORA
    n_speakers = "–" if manifest.n_speakers is None else str(manifest.n_speakers)
    here, away = ("–", score) if is_away else (score, "–")
    disturbed, adapted = percent(best.get("uar_robust")), percent(best.get("uar_adapted"))
    return [run.path.name, n_speakers, str(len(manifest.emotions)), str(best["family"]), here, disturbed, adapted, away]


def main(arguments: Sequence[str] | None = None) -> int:
    """Put the tables of results into a README; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m leaderboard.readme", description="Put the results' tables into the README.")
    parser.add_argument("results", type=Path, nargs="?", default=SHIPPED, help="the folder that holds the results' folders")
    parser.add_argument("--readme", type=Path, default=Path("README.md"), help="the file with the marks (default: README.md)")
    chosen = parser.parse_args(arguments)
    try:
        runs = shipped_runs(chosen.results)
        if not runs:
            raise PredictionsError(f"A folder of results is needed, but no result lies in {chosen.results}; name another one.")
        write_text(chosen.readme, with_tables(chosen.readme.read_text(encoding="utf-8"), runs))
    except (EmotuneError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
