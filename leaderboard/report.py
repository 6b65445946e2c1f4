"""The report of a run: one HTML file that opens offline, on a phone or a desk, light or dark.

Conventions
-----------
The page's words are in ``report_page.html``; each of its places is filled by a function from :class:`ReportData` to HTML, listed in
:data:`PLACES`. Whatever a run did not record is said to be missing, never filled in. Every text that comes from a run is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pandas as pd

from emotune.files import write_text
from evaluation import streams
from evaluation.folds import TestedOn
from evaluation.objective import Objective
from leaderboard import plots
from leaderboard.adapted import WORDS, curve, of_all_clips
from leaderboard.cross_corpus import grid
from leaderboard.references import HUMAN_ACCURACY, HUMAN_SOURCE, NOT_REAL, PARTIAL, SPEAKERS_UNKNOWN
from leaderboard.robust import suite
from leaderboard.table import ALL_CLIPS, SUBSET, percent, summary
from metrics.predictions import arrays, as_written, emotions_in
from metrics.scores import confusion_by, confusion_matrix, ece, reliability, uar_of

PAGE = Path(__file__).with_name("report_page.html")
SHOWN_DIGITS = 4
LONG_CELL = 40
MEANING: Mapping[str, str] = {
    TestedOn.UNSEEN_SPEAKERS: "Every figure is for unseen speakers: the model met them neither in training nor in tuning.",
    TestedOn.UNSEEN_CORPORA: "Every figure is for an unseen corpus: the model met none of its speakers, in training or in tuning.",
    TestedOn.UNKNOWN_SPEAKERS: "No figure is for unseen speakers, since nobody said who speaks.",
}


@dataclass(frozen=True)
class ReportData:
    """All that a run left, as the sections read it.

    Attributes
    ----------
    board : DataFrame
        The leaderboard, best family first.
    predictions : DataFrame
        Out-of-fold predictions, see :mod:`metrics.predictions`.
    trials : DataFrame
        One row a trial: ``family, half, sampling, number, state, value, seconds, params, error``.
    importances : mapping of (family, half) to mapping of parameter to fraction
        How much each parameter mattered.
    run : mapping
        The content of ``run.json``.
    subsets : DataFrame
        The leaderboard's rows of each corpus and language; empty where there is one of each.
    cross_corpus : DataFrame
        Rows of ``cross_corpus.csv``; empty where there is one corpus.
    adaptation : DataFrame
        Rows of ``adaptation.csv``; empty where it was not measured.
    robustness : DataFrame
        Rows of ``robustness.csv``; empty where it was not measured.
    """

    board: pd.DataFrame
    predictions: pd.DataFrame
    trials: pd.DataFrame
    importances: Mapping[tuple[str, str], Mapping[str, float]]
    run: Mapping[str, Any]
    subsets: pd.DataFrame
    cross_corpus: pd.DataFrame
    adaptation: pd.DataFrame
    robustness: pd.DataFrame

    @property
    def tested_on(self) -> str:
        """Whom the figures are for."""
        return str(self.run.get("protocol", {}).get("tested_on", TestedOn.UNSEEN_SPEAKERS))

    @property
    def families(self) -> list[str]:
        """The families, best first."""
        return self.board["family"].tolist()

    def arrays_of(self, family: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a family's truth and probabilities."""
        return arrays(self.rows_of(family))

    def rows_of(self, family: str) -> pd.DataFrame:
        """Return a family's predictions."""
        return self.predictions[self.predictions["family"] == family]


def write_report(
    path: Path,
    *,
    board: pd.DataFrame,
    predictions: pd.DataFrame,
    trials: pd.DataFrame,
    importances: Mapping[tuple[str, str], Mapping[str, float]],
    run: Mapping[str, Any],
    subsets: pd.DataFrame | None = None,
    cross_corpus: pd.DataFrame | None = None,
    adaptation: pd.DataFrame | None = None,
    robustness: pd.DataFrame | None = None,
) -> None:
    """Write the report of a run as one HTML file that needs nothing else.

    Parameters
    ----------
    path : Path
        Where to write, usually ``report.html`` in the result's folder.
    board, predictions, trials, importances, run, subsets, cross_corpus, adaptation, robustness
        See :class:`ReportData`. Trials of a state other than ``COMPLETE``, ``PRUNED`` and ``FAIL`` are not drawn.

    Raises
    ------
    PredictionsError
        If the predictions are incomplete or do not add up.
    """
    scored_trials = trials.assign(value=pd.to_numeric(trials["value"]))
    besides = (pd.DataFrame() if table is None else table for table in (subsets, cross_corpus, adaptation, robustness))
    data = ReportData(board, as_written(predictions), scored_trials, importances, run, *besides)
    page = Template(PAGE.read_text(encoding="utf-8"))
    write_text(path, page.substitute({place: fill(data) for place, fill in PLACES.items()}))


def title(data: ReportData) -> str:
    """Name the corpus, and say in the same breath when it is not real."""
    return f"emotune: {_corpus(data)}" + ("" if data.run.get("is_real") else " (not real speech)")


def what_this_is(data: ReportData) -> str:
    """Say which recordings, how many, of whom; and when they are not recordings at all."""
    rows = data.rows_of(data.families[0])
    banner = "" if data.run.get("is_real") else f'<p class="banner" role="alert"><strong>Synthetic.</strong> {NOT_REAL}</p>'
    partial = "" if data.run.get("is_complete", True) else f'<p class="banner" role="status"><strong>Partial.</strong> {PARTIAL}</p>'
    unknown = data.tested_on == TestedOn.UNKNOWN_SPEAKERS
    warning = f'<p class="banner" role="alert"><strong>Unknown speakers.</strong> {SPEAKERS_UNKNOWN}</p>' if unknown else ""
    return (
        f"{partial}{banner}{warning}<p>What {len(data.families)} families of models are worth on "
        f"<strong>{_corpus(data)}</strong>: {len(rows)} clips of {rows['speaker'].nunique()} speakers, "
        f"{len(emotions_in(rows))} emotions. {MEANING[data.tested_on]}</p>{_said_of_recordings(data)}"
    )


def _said_of_recordings(data: ReportData) -> str:
    """List what makes the figures doubtful, and what was changed in the recordings; nothing where nothing was said."""
    notes = data.run.get("notes") or ()
    if not notes:
        return ""
    items = "".join(f"<li>{escape(str(note))}</li>" for note in notes)
    return f"<details open><summary>What was said of the recordings ({len(notes)})</summary><ul>{items}</ul></details>"


def leaderboard_table(data: ReportData) -> str:
    """Show the summary, and every column to whoever asks for it."""
    everything = data.board.drop(columns="rank").set_index("family").T.reset_index(names="column")
    return _table(summary(data.board)) + _details("Every column of leaderboard.csv", everything)


def corpora(data: ReportData) -> str:
    """Show the scores on each corpus and language, and across corpora; nothing where there is one corpus."""
    if not len(data.subsets) and not len(data.cross_corpus):
        return ""
    shown = ['<section id="corpora"><h2>By corpus and language, and across corpora</h2>']
    if len(data.subsets):
        by_subset = data.subsets.pivot(index="family", columns="subset", values="uar").reindex(data.families)
        text = by_subset.map(percent).reset_index()
        shown += ["<p>UAR in per cent, among the emotions that a corpus or language has.</p>", _table(text)]
    if len(data.cross_corpus):
        grids = {family: grid(data.cross_corpus, family=family) for family in data.families}
        shown.append(
            "<p>Trained on one corpus, with the defaults of the family, and tested on another, among the emotions of both.</p>"
        )
        shown.append(_figures(plots.cross_corpus(one, family=family) for family, one in grids.items()))
    return "".join(shown) + "</section>"


def scores(data: ReportData) -> str:
    """Draw the scores with their intervals, beside human listeners where they were measured."""
    human = HUMAN_ACCURACY.get(str(data.run.get("corpus")))
    source = f"<p>Human listeners: {percent(human)} % of answers right ({HUMAN_SOURCE}).</p>" if human is not None else ""
    return source + _figures([plots.intervals(data.board, human_accuracy=human, tested_on=data.tested_on)])


def random_split(data: ReportData) -> str:
    """Draw the audit: what would have been claimed had speakers been on both sides of the cut."""
    if data.board["random_split_accuracy"].isna().all():
        return _missing("No family was tried on a random split.")
    return _figures([plots.random_split(data.board, tested_on=data.tested_on)])


def confusions(data: ReportData) -> str:
    """Draw what every family takes for what."""
    emotions = emotions_in(data.predictions)
    return _figures(plots.confusion(confusion_matrix(*data.arrays_of(f)), emotions, family=f) for f in data.families)


def by_emotion(data: ReportData) -> str:
    """Draw how well every family knows every emotion."""
    return _figures([plots.f1_by_emotion(data.board)])


def by_speaker(data: ReportData) -> str:
    """Draw how differently the speakers are recognised."""
    uar_by_family = {}
    for family in data.families:
        names, counts = confusion_by(data.rows_of(family)["speaker"], *data.arrays_of(family))
        uar_by_family[family] = dict(zip(names, uar_of(counts).tolist(), strict=True))
    return _figures([plots.speakers(uar_by_family)])


def robustness(data: ReportData) -> str:
    """Draw what perturbations do, and list the test suite."""
    if data.board[["uar_noise", "uar_pitch"]].isna().all(axis=None):
        return _missing("No family was tried on perturbed clips.")
    drawn = [plots.robustness(data.board)]
    if not len(data.robustness):
        return _figures(drawn)
    drawn.append(plots.suite(suite(data.robustness, data.families)))
    return _figures(drawn) + _details("Every row of robustness.csv, with intervals", data.robustness)


def known_speaker(data: ReportData) -> str:
    """Draw what earlier clips of the speaker give, and list every way of knowing the speaker."""
    if not len(data.adaptation):
        return _missing("No family was tried on speakers of whom something is known.")
    everywhere = of_all_clips(data.adaptation)
    uar = everywhere.pivot(index="family", columns="known", values="uar").reindex(data.families).dropna(how="all")
    gain = everywhere.pivot(index="family", columns="known", values="gain").reindex(uar.index)
    names = {known: words for known, words in WORDS.items() if known in uar}
    texts = (uar.map(percent), gain.map(lambda value: percent(value, sign="+")))
    shown = [table[list(names)].rename(columns=names).reset_index() for table in texts]
    return (
        f"{_figures([plots.known_speaker(curve(data.adaptation, data.board))])}<p>UAR in per cent.</p>{_table(shown[0])}"
        f"<p>The same as points more or less than without.</p>{_table(shown[1])}{_known_by_corpus(data)}"
        f"{_details('Every row of adaptation.csv, with intervals', data.adaptation)}"
    )


def _known_by_corpus(data: ReportData) -> str:
    """List what the best family gains on each corpus by knowing the speaker; nothing where there is one corpus."""
    best = next(family for family in data.families if family in set(data.adaptation["family"]))
    rows = data.adaptation[(data.adaptation["family"] == best) & (data.adaptation[SUBSET] != ALL_CLIPS)]
    if not len(rows):
        return ""
    uar = rows.pivot(index=SUBSET, columns="known", values="uar").map(percent)
    none = rows[rows["known"] == streams.RANDOM].set_index(SUBSET)["uar_none"].map(percent)
    names = {known: words for known, words in WORDS.items() if known in uar}
    table = pd.concat([none.rename("none"), uar[list(names)].rename(columns=names)], axis=1).reset_index()
    return f"<p>UAR of {best} on each corpus, among the emotions that it has.</p>{_table(table)}"


def search_history(data: ReportData) -> str:
    """Draw every study, and list the best configurations and what went wrong."""
    trials = data.trials
    searched = [family for family in data.families if (trials["family"] == family).any()]
    if not searched:
        return _missing("No family was searched.")
    done = trials[(trials["state"] == "COMPLETE") & trials["value"].notna()]
    is_best = done.groupby(["family", "half", "sampling"])["value"].idxmax()
    best = done.loc[is_best, ["family", "half", "sampling", "number", "value", "params"]]
    best["value"] = best["value"].map(percent)
    failed = trials.loc[trials["state"] == "FAIL", ["family", "half", "sampling", "number", "error"]]
    at_random = (trials["sampling"] == plots.AT_RANDOM).any()
    objective = str(data.run.get("objective"))
    score = Objective(objective).words if objective in set(Objective) else Objective.CLEAN.words
    return (
        f"<p>The score is the {escape(score)}.</p>"
        + ("<p>Dotted: the best so far of as many trials at random, from which nothing is chosen.</p>" if at_random else "")
        + _figures(plots.history(trials[trials["family"] == family], family=family) for family in searched)
        + _details("The best configurations", best.rename(columns={"number": "trial", "value": "tuning score, %"}))
        + (_details(f"Failed trials ({len(failed)})", failed.rename(columns={"number": "trial"})) if len(failed) else "")
    )


def importances(data: ReportData) -> str:
    """Draw which parameters mattered."""
    by_family: dict[str, dict[str, Mapping[str, float]]] = {}
    for (family, half), weights in data.importances.items():
        if weights:
            by_family.setdefault(family, {})[half] = weights
    if not by_family:
        return _missing("Too few trials to tell which parameters mattered.")
    return _figures(plots.importance(by_family[f], family=f) for f in data.families if f in by_family)


def calibration(data: ReportData) -> str:
    """Draw whether a confidence means what it says."""
    of_all = {family: data.arrays_of(family) for family in data.families}
    return _figures(plots.calibration(reliability(*both), family=family, error=ece(*both)) for family, both in of_all.items())


def the_run(data: ReportData) -> str:
    """List what ``run.json`` says, but for the constants of adaptations, which nobody reads."""
    shown = {key: value for key, value in data.run.items() if key != "adaptation"}
    said = {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in shown.items()}
    return "<dl>" + "".join(f"<dt>{escape(key)}</dt><dd><code>{escape(text)}</code></dd>" for key, text in said.items()) + "</dl>"


PLACES: Mapping[str, Callable[[ReportData], str]] = {
    "title": title,
    "what": what_this_is,
    "table": leaderboard_table,
    "corpora": corpora,
    "scores": scores,
    "random_split": random_split,
    "confusion": confusions,
    "emotions": by_emotion,
    "speakers": by_speaker,
    "robustness": robustness,
    "known_speaker": known_speaker,
    "search": search_history,
    "importance": importances,
    "calibration": calibration,
    "run": the_run,
}


def _corpus(data: ReportData) -> str:
    return escape(str(data.run.get("title") or data.run.get("corpus") or "a corpus"))


def _figures(svgs: Iterable[str]) -> str:
    drawn = list(svgs)
    return f'<figure class="{"many" if len(drawn) > 1 else "one"}">' + "".join(f"<div>{svg}</div>" for svg in drawn) + "</figure>"


def _missing(words: str) -> str:
    return f'<p class="missing">{escape(words)}</p>'


def _details(summary_text: str, table: pd.DataFrame) -> str:
    return f"<details><summary>{escape(summary_text)}</summary>{_table(table)}</details>"


def _table(table: pd.DataFrame) -> str:
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in table.columns)
    lines = ("".join(_cell(value, is_name=k == 0) for k, value in enumerate(row)) for row in table.to_numpy(dtype=object))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: Any, *, is_name: bool) -> str:
    shown = "–" if pd.isna(value) else f"{value:.{SHOWN_DIGITS}g}" if isinstance(value, float) else str(value)
    if is_name:
        return f'<th scope="row">{escape(shown)}</th>'
    return f'<td class="{"words" if len(shown) > LONG_CELL else "figure"}">{escape(shown)}</td>'
