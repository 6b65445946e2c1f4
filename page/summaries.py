"""What a person chooses a result by: corpus, speakers, emotions, what its best family is worth, and the licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from corpora.combined import JOIN
from evaluation.folds import TestedOn
from leaderboard.best import best_row
from leaderboard.cross_corpus import read_cross_corpus
from leaderboard.table import read_leaderboard
from page.engine import known, title_of
from runs.layout import is_shipped
from runs.licences import NOT_STATED, strictest
from runs.manifest import Manifest
from runs.reader import Run

FIGURES: Mapping[str, str] = {"primary": "best UAR", "away": "away", "robust": "robust", "adapted": "adapted"}
"""Fields of :class:`Summary`, and what they are called in one line."""


@dataclass(frozen=True)
class Summary:
    """A result at a glance.

    Attributes
    ----------
    title, name, origin : str
        The corpus or corpora; the same in a few words; shipped or own, with its date, and whether it is partial.
    speakers, emotions : str
        How many; empty where nobody recorded it.
    family : str
        Title of the best family, whose figures these are; empty without a leaderboard.
    primary, robust, adapted, away : float or None
        Its UAR, fractions: on unseen speakers; through the test suite; with earlier clips of the speaker; on corpora that it did not
        learn from. None where it was not measured.
    licence : str
        The strictest of the recordings that it learnt from.
    problem : str
        What of it is damaged, and why; empty for a sound result.
    """

    title: str
    name: str
    origin: str
    speakers: str
    emotions: str
    family: str
    primary: float | None
    robust: float | None
    adapted: float | None
    away: float | None
    licence: str
    problem: str = ""

    @property
    def line(self) -> str:
        """All of it in one line, without the family; the figures stand where a narrow list still shows them."""
        figures = {words: getattr(self, name) for name, words in FIGURES.items()}
        measured = [f"{words} {100 * value:.1f} %" for words, value in figures.items() if value is not None]
        parts = (
            self.name,
            "damaged" if self.problem else "",
            ", ".join(measured),
            self.origin,
            self.speakers,
            self.emotions,
            self.licence,
        )
        return " · ".join(part for part in parts if part)


def summarise(run: Run) -> Summary:
    """Return what a run shows at a glance."""
    manifest = run.manifest
    finished = f" {manifest.finished[:10]}" if manifest.finished else ""
    licence = strictest(manifest.licence)
    board, no_board = run.read(read_leaderboard, run.folder.leaderboard)
    scores = {} if board is None else best_row(board) or {}
    key, uar = str(scores.get("family", "")), known(scores, "uar")
    is_away = manifest.tested_on is TestedOn.UNSEEN_CORPORA
    is_across = not is_away and run.folder.cross_corpus.is_file()
    across, not_across = run.read(read_cross_corpus, run.folder.cross_corpus) if is_across else (None, "")
    return Summary(
        title=manifest.title,
        name=_in_a_few_words(manifest),
        origin=f"{'shipped' if is_shipped(run.folder) else 'own'}{finished}{'' if manifest.is_complete else ', partial'}",
        speakers=_speakers(manifest.n_speakers, is_known=manifest.speakers_known),
        emotions=f"{len(manifest.emotions)} emotions" if manifest.emotions else "",
        family=title_of(key) if key else "",
        primary=None if is_away else uar,
        robust=known(scores, "uar_robust"),
        adapted=known(scores, "uar_adapted"),
        away=uar if is_away else _mean_across(across, key),
        licence="licence not stated" if licence.startswith(NOT_STATED) else licence,
        problem=" ".join(filter(None, (run.manifest_problem, no_board, not_across))),
    )


def _in_a_few_words(manifest: Manifest) -> str:
    n_corpora = len(manifest.corpus.split(JOIN))
    return f"{n_corpora} corpora" if n_corpora > 1 else manifest.title


def _speakers(n: int | None, *, is_known: bool) -> str:
    if not is_known:
        return "speakers unknown"
    return "" if n is None else f"{n} speakers"


def _mean_across(table: pd.DataFrame | None, family: str) -> float | None:
    """Return a family's mean UAR over the pairs of corpora that it was tested across, with its defaults."""
    mean = None if table is None else table.loc[table["family"] == family, "uar"].mean()
    return None if mean is None or pd.isna(mean) else float(mean)
