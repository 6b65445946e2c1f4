"""Render tables: the leaderboard, its drawings and a batch, as HTML a person reads; every text from outside is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from evaluation.folds import TestedOn
from page.batch import Row
from page.board import Cell, Drawing, Figures
from page.engine import title_of
from page.judgement import unsure_sentence
from page.listen import Prediction
from page.render import MANY_EMOTIONS, chip_of, note, scrolling, whole
from page.results import Choice
from page.summaries import Summary
from page.uploads import BATCH_LIMITS

FIGURES = {
    TestedOn.UNSEEN_SPEAKERS: "Every figure is for unseen speakers: they took part in neither training nor tuning.",
    TestedOn.UNSEEN_CORPORA: "Every figure is for a corpus that was left out whole: it took part in neither training nor tuning.",
    TestedOn.UNKNOWN_SPEAKERS: "The speakers are unknown: no figure is for unseen speakers.",
}
"""What the leaderboard's figures are for."""
RESULTS = (
    "UAR of the best family: on unseen speakers; robust: the same clips disturbed; adapted: with earlier clips of the speaker; away: "
    "on corpora that it did not learn from. –: not measured."
)


def results(choices: Sequence[Choice]) -> str:
    """Compare the results of the list: whose figures they are, and for what."""
    heads = ("Result", "", "Speakers", "Emotions", "Best family", "UAR, %", "Robust, %", "Adapted, %", "Away, %", "Licence")
    head = "".join(f'<th scope="col">{title}</th>' for title in heads)
    rows = "".join(f"<tr>{_result(choice.summary)}</tr>" for choice in choices)
    table = f'<table class="board results"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return (
        f'<details class="compare"><summary>Compare {len(choices)} results</summary><section class="card">'
        f"{scrolling('Results', table)}{note(RESULTS)}</section></details>"
    )


def _result(one: Summary) -> str:
    words = (one.origin, one.speakers.removesuffix(" speakers"), one.emotions.removesuffix(" emotions"), one.family)
    figures = ("–" if value is None else f"{100 * value:.1f}" for value in (one.primary, one.robust, one.adapted, one.away))
    cells = "".join(f"<td>{escape(text or '–')}</td>" for text in (*words, *figures, one.licence))
    problem = f" <small>Damaged: {escape(one.problem)}</small>" if one.problem else ""
    return f'<th scope="row">{escape(one.title)}{problem}</th>{cells}'


def batch_waiting() -> str:
    """Tell what a batch takes."""
    return (
        f'<p class="hint">{BATCH_LIMITS} A file that cannot be judged keeps its row, with the reason. Nothing of it is kept. '
        "Earlier clips of the same speaker adapt a second prediction: of one <em>speaker</em> in a CSV or TSV with the columns file "
        "and speaker that you give along, else of one folder where a zip has several, but for folders of emotions.</p>"
    )


def board(
    table: Mapping[str, Mapping[str, Cell]], *, columns: Sequence[str] | None = None, tested_on: TestedOn = TestedOn.UNSEEN_SPEAKERS
) -> str:
    """Show the leaderboard; each heading is a button that sorts (``sort.js``), families by their order here.

    Parameters
    ----------
    table : mapping
        From :func:`page.board.show_table`.
    columns : sequence of str, optional
        Titles of the columns to show, in the table's order; all by default.
    tested_on : TestedOn
        Whom the figures are for.
    """
    titles = [title for title in next(iter(table.values())) if columns is None or title in columns]
    head = "".join(f'<th scope="col"><button type="button">{escape(title)}</button></th>' for title in ("Family", *titles))
    lines = (
        f'<tr><th scope="row" data-value="{-place}">{escape(title_of(key))}</th>{_figures(cells, titles)}</tr>'
        for place, (key, cells) in enumerate(table.items())
    )
    whole = f'<table class="board"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
    hint = f"{FIGURES[tested_on]} Choose a heading to sort by it."
    return f'<section class="card">{scrolling("Leaderboard", whole)}<p class="hint">{hint}</p></section>'


def _figures(cells: Mapping[str, Cell], titles: Sequence[str]) -> str:
    return "".join(_figure(cells[title]) for title in titles)


def _figure(cell: Cell) -> str:
    return f'<td data-value="{"" if cell.value is None else cell.value}">{escape(cell.text)}</td>'


def batch(rows: Sequence[Row], *, n_files: int | None = None) -> str:
    """Show one line a file: every family's emotion, or the reason why there is none.

    Parameters
    ----------
    rows : sequence of Row
        Those that are done.
    n_files : int, optional
        How many there will be, if more.
    """
    families = {prediction.family: prediction.title for row in rows for prediction in row.predictions}
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in ("File", "Prediction", "Agree", *families.values()))
    body = "".join(f'<tr><th scope="row">{escape(row.file)}</th>{_judged(row, list(families))}</tr>' for row in rows)
    table = f'<table class="files"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    n_bad = sum(bool(row.problem) for row in rows)
    more = f"; {n_files - len(rows)} files to go, or stopped" if n_files and n_files > len(rows) else ""
    return f'<section class="card"><h2>{len(rows) - n_bad} of {len(rows)} judged{more}</h2>{scrolling("Files", table)}</section>'


def _judged(row: Row, families: Sequence[str]) -> str:
    n_columns = len(families) + 2
    if not row.predictions:
        return f'<td class="problem" colspan="{n_columns}">✕ {escape(row.problem)}</td>'
    best = row.predictions[0]
    n_agree = sum(prediction.emotion == best.emotion for prediction in row.predictions)
    said = {prediction.family: _said(prediction) for prediction in row.predictions}
    others = "".join(f"<td>{said.get(family, '–')}</td>" for family in families)  # one may have failed meanwhile
    notes = " ".join(filter(None, (unsure_sentence(row.reasons), *row.notes, *row.advice)))
    below = f'</tr><tr class="notes"><td colspan="{n_columns + 1}"><div>{escape(notes)}</div></td>' if notes else ""
    return f"<td>{chip_of(best)}{_knowing(row)}</td><td>{n_agree} of {len(row.predictions)}</td>{others}{below}"


def _said(prediction: Prediction) -> str:
    perhaps = "perhaps " if prediction.is_unsure else ""
    return f"{perhaps}{escape(prediction.emotion)} {whole(prediction.confidence)}"


def _knowing(row: Row) -> str:
    """Say what the best family predicts with the speaker's earlier clips, if there are any."""
    if not row.n_earlier:
        return ""
    known = row.with_voice[0]
    clips = f"{row.n_earlier} earlier {'clip' if row.n_earlier == 1 else 'clips'}"
    unsure = "unsure, " if known.is_unsure else ""
    return f"<small> with {clips} of {escape(row.speaker)}: {unsure}{_said(known)}</small>"


def figures(found: Figures) -> str:
    """Show the drawings of the leaderboard."""
    title, is_wide = title_of(found.family), len(found.f1) > MANY_EMOTIONS
    return (
        '<div class="pair">'
        f"{paper(f'What {title} takes for what, %', found.confusion, is_wide=is_wide)}"
        f'<section class="card"><h2>F1 of {escape(title)}, %</h2>{f1_bars(found)}</section>'
        f"{paper('UAR of every family, with 95 % intervals', found.intervals)}"
        f"{paper('What a random split would have claimed', found.random_split)}"
        f"{_across_corpora(found)}{_of_conditions(found)}</div>"
    )


def _of_conditions(found: Figures) -> str:
    """Show what perturbations cost and what a known voice gives; nothing for runs that did not measure it."""
    hint = "The same clips, disturbed in ways that training never drew."
    known = "Earlier clips of the speaker, without their emotions; nothing retrained."
    shown = (
        ("Robustness: clean and disturbed clips", found.robustness, "", False),
        ("Robustness by disturbance: UAR, %", found.suite, hint, True),
        ("Once the voice is known", found.known_speaker, known, True),
        (f"Once the voice is known: {title_of(found.family)} on each corpus", found.known_by_corpus, "", True),
    )
    return "".join(paper(title, drawn, hint=words, is_wide=is_wide) for title, drawn, words, is_wide in shown if drawn.svg)


def _across_corpora(found: Figures) -> str:
    """Show the heat map of a run of several corpora; nothing for other runs."""
    if not found.cross_corpus.svg:
        return ""
    hint = "Trained on the row's corpus, tested on the column's, with the family's defaults and the emotions that both have."
    return paper(f"{title_of(found.crossed)} across corpora: UAR, %", found.cross_corpus, hint=hint)


def f1_bars(found: Figures) -> str:
    """Show a family's F1 of each emotion as bars with their figures."""
    return '<div class="bars">' + "".join(_bar(emotion, value) for emotion, value in found.f1.items()) + "</div>"


def _bar(emotion: str, value: float) -> str:
    shown = "–" if np.isnan(value) else f"{100 * value:.1f}"
    meter = f'<div class="meter"><i style="width:{100 * np.nan_to_num(value):.1f}%"></i></div>'
    return f"<span>{escape(emotion)}</span>{meter}<b>{shown}</b>"


def paper(title: str, drawn: Drawing, *, hint: str = "", is_wide: bool = False) -> str:
    """Put a drawing on a light card, as it is drawn in dark ink, or say why there is none."""
    if not drawn.svg:
        return note(f"{title}: {drawn.why_not}")
    wide, below = " wide" if is_wide else "", note(hint) if hint else ""
    return f'<section class="card{wide}"><h2>{escape(title)}</h2><div class="paper">{drawn.svg}</div>{below}</section>'
