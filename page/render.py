"""Render: what the handlers return, as HTML a person reads; every text from outside is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from leaderboard.references import NOT_REAL, PARTIAL
from models import FAMILIES
from page.batch import Row
from page.board import Cell, Figures
from page.drawing import chart, chip, sound, timeline
from page.engine import BASELINE, Engine, Member, title_of
from page.listen import Answer, Heard
from page.stress import Curve, Stressed


def banner(engine: Engine) -> str:
    """Return what must be read first: that nothing here is real, or that the run is partial."""
    partial = "" if engine.manifest.is_complete else f'<div class="banner" role="status"><strong>Partial.</strong> {PARTIAL}</div>'
    if engine.is_real:
        return partial
    return partial + f'<div class="banner" role="alert"><strong>Synthetic models.</strong> {NOT_REAL}</div>'


def header(engine: Engine) -> str:
    """Name the project and what is loaded."""
    return (
        '<header class="masthead"><h1>emotune</h1><p>One recording, every family of models side by side — each with what it is '
        f"worth on unseen speakers. Learnt from {escape(engine.corpus_title)}.</p></header>"
    )


def waiting(engine: Engine) -> str:
    """Show who will answer, before there is a clip; waits for no champion to load."""
    board = engine.board
    if board is None:
        return _note("This result has no leaderboard yet; run the search to see what its families are worth.")
    board = board[board["family"] != BASELINE]
    rows = "".join(
        f'<li><div class="who"><strong>{escape(title_of(key))}</strong><span>{_percent(uar)}</span></div>'
        f'<div class="meter"><i style="width:{100 * uar:.1f}%"></i></div><p>{escape(_description(key))}</p></li>'
        for key, uar in zip(board["family"], board["uar"], strict=True)
    )
    return (
        '<section class="card waiting"><h2>Waiting for a clip</h2><p>Record a sentence, upload a file or try an example. These '
        f"families will answer; the bar is their UAR, the mean share of each emotion recognised, on unseen speakers.</p>"
        f'<ul class="families">{rows}</ul></section>'
    )


def unavailable(members: Sequence[Member]) -> str:
    """List the families that could not be loaded, each with its reason."""
    broken = [member for member in members if member.champion is None]
    rows = "".join(f"<li><strong>{escape(one.title)}</strong> cannot answer{_why(one.problem)}</li>" for one in broken)
    return f'<ul class="off" aria-label="Unavailable families">{rows}</ul>' if rows else ""


def _why(reason: str) -> str:
    return f"<details><summary>why</summary>{escape(reason)}</details>"


def heard(found: Heard, samples: NDArray[np.float32], members: Sequence[Member]) -> str:
    """Show a verdict, every family's probabilities, the timeline of a long recording, and the sound."""
    over_time = ""
    if found.timeline:
        over_time = (
            '<section class="card"><h2>Over time</h2><p class="hint">Windows of 3 s; the probabilities above are their mean.</p>'
            f"{timeline(found)}</section>"
        )
    return (
        f"{verdict(found)}{advice(found.advice)}"
        f'<section class="card"><h2>Every family</h2>{matrix(found.answers, found.emotions, members)}</section>'
        f'{over_time}<section class="card"><h2>The sound</h2>{sound(samples)}</section>'
    )


def verdict(found: Heard) -> str:
    """Say in one sentence what the best family hears, how sure it is, and who agrees."""
    best = found.answers[0]
    emotion, n_agree = found.agreement
    n = len(found.answers)
    dots = "".join(f'<i class="{"yes" if answer.emotion == emotion else "no"}"></i>' for answer in found.answers)
    agreement = (
        f"{n_agree} of {n} families say {emotion}." if n_agree > 1 else "No two families agree." if n > 1 else "One family alone."
    )
    return (
        f'<section class="card verdict" aria-live="polite">{chip(best.emotion, unsure=best.is_unsure)}'
        f"<p><strong>{escape(best.title)}</strong>, the best family here ({_uar(best)}), gives <strong>{best.emotion}</strong> "
        f"{_whole(best.confidence)}.</p>"
        f'<p class="agreement"><span aria-hidden="true">{dots}</span>{agreement}</p></section>'
    )


def advice(lines: Sequence[str]) -> str:
    """List what to know before trusting the answers."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="advice" role="status" aria-label="About this recording">{items}</ul>' if items else ""


def matrix(answers: Sequence[Answer], emotions: Sequence[str], members: Sequence[Member] = ()) -> str:
    """Show families in rows and emotions in columns; the answer of each is marked, and those that cannot answer are grey."""
    head = "".join(f'<th scope="col">{_heading(emotion)}</th>' for emotion in emotions)
    body = "".join(f'<tr><th scope="row">{_who(answer)}</th>{_cells(answer, emotions)}</tr>' for answer in answers)
    body += "".join(_gone(member, len(emotions)) for member in members if member.champion is None)
    table = (
        f'<table class="matrix" style="--n:{len(emotions)}"><caption>Calibrated probabilities, %</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    unsure = "" if not any(one.is_unsure for one in answers) else " ◌ unsure: below the confidence asked of this family."
    hint = f"Per cent. ● the family’s answer.{unsure} Families are ordered by UAR on unseen speakers."
    return f'{_scrolling("Probabilities", table)}<p class="hint">{hint}</p>'


def _gone(member: Member, n_columns: int) -> str:
    words = "cannot answer; the reason stands at the top"
    return f'<tr class="gone"><th scope="row">{escape(member.title)}</th><td colspan="{n_columns}">{words}</td></tr>'


def _heading(emotion: str) -> str:
    return f'<span class="full">{emotion}</span><abbr class="short" title="{emotion}">{emotion[:3]}</abbr>'


def _who(answer: Answer) -> str:
    return f"{escape(answer.title)}<small>{_uar(answer)}</small>"


def _cells(answer: Answer, emotions: Sequence[str]) -> str:
    return "".join(_cell(answer, emotion) for emotion in emotions)


def _cell(answer: Answer, emotion: str) -> str:
    percent = 100 * answer.probabilities[emotion]
    if emotion != answer.emotion:
        return f'<td style="--p:{percent:.0f}">{percent:.0f}</td>'
    mark = "◌" if answer.is_unsure else "●"
    return f'<td class="top" style="--p:{percent:.0f}"><b><i>{mark}</i>{percent:.0f}</b></td>'


def stressed(found: Stressed) -> str:
    """Show each family's answer before and after, and how far the first one moved."""
    rows = "".join(_moved(before, after) for before, after in zip(found.before, found.after, strict=True))
    n_same = sum(before.emotion == after.emotion for before, after in zip(found.before, found.after, strict=True))
    table = (
        '<table class="moves"><thead><tr><th scope="col">Family</th><th scope="col">Original</th><th scope="col">Perturbed</th>'
        f'<th scope="col">Change of its first answer</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return (
        f'<section class="card"><h2>{n_same} of {len(found.before)} families keep their answer</h2>'
        f"{_scrolling('Before and after', table)}</section>"
        f'<section class="card"><h2>Probabilities of the perturbed clip</h2>{matrix(found.after, found.emotions)}</section>'
    )


def _moved(before: Answer, after: Answer) -> str:
    change = 100 * (after.probabilities[before.emotion] - before.probabilities[before.emotion])
    arrow = "▲" if change >= 0.5 else "▼" if change <= -0.5 else "■"
    side = "left:50%" if change >= 0 else "right:50%"
    swing = f'<span class="swing"><i style="{side};width:{abs(change) / 2:.1f}%"></i></span>'
    return (
        f'<tr><th scope="row">{_who(before)}</th><td>{chip(before.emotion)} {_whole(before.confidence)}</td>'
        f'<td>{chip(after.emotion)} {_whole(after.confidence)}</td><td class="change">{arrow} {change:+.0f} points{swing}</td></tr>'
    )


def curves(found: Curve) -> str:
    """Show one small chart a family."""
    first, last = found.values[0], found.values[-1]
    charts = "".join(
        f'<figure><figcaption>{_who(answer)}</figcaption>{chart(found, answer.family)}<div class="ticks">'
        f"<span>{first:g}</span><span>{escape(found.unit)}</span><span>{last:g}</span></div></figure>"
        for answer in found.answers[0]
    )
    hint = (
        f"How probable each family finds {found.emotion} while the perturbation goes from {first:g} to {last:g} {found.unit}. "
        f"A filled dot: it is the answer."
    )
    title = f"{found.perturbation} against {chip(found.emotion)}"
    return f'<section class="card"><h2>{title}</h2><p class="hint">{hint}</p><div class="charts">{charts}</div></section>'


def stress_waiting() -> str:
    """Say what to do before there is a clip to disturb."""
    return _card("Nothing to disturb yet", "Choose a clip under <em>Listen</em>; then move the sliders here and hear what it takes.")


def batch_waiting(max_files: int) -> str:
    """Say what a batch takes."""
    formats = f"Up to {max_files} recordings (WAV, FLAC, OGG, MP3), or zips of them."
    return f'<p class="hint">{formats} A file that cannot be judged keeps its row, with the reason. Nothing of it is kept.</p>'


def board(table: Mapping[str, Mapping[str, Cell]]) -> str:
    """Show the leaderboard; each heading is a button that sorts (``sort.js``), families by their order here."""
    titles = list(next(iter(table.values())))
    head = "".join(f'<th scope="col"><button type="button">{escape(title)}</button></th>' for title in ("Family", *titles))
    lines = (
        f'<tr><th scope="row" data-value="{-place}">{escape(title_of(key))}</th>{"".join(map(_figure, cells.values()))}</tr>'
        for place, (key, cells) in enumerate(table.items())
    )
    whole = f'<table class="board"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
    hint = "Every figure is for unseen speakers: they took part in neither training nor tuning. Choose a heading to sort by it."
    return f'<section class="card">{_scrolling("Leaderboard", whole)}<p class="hint">{hint}</p></section>'


def _figure(cell: Cell) -> str:
    return f'<td data-value="{"" if cell.value is None else cell.value}">{escape(cell.text)}</td>'


def batch(rows: Sequence[Row]) -> str:
    """Show one line a file: every family's emotion, or the reason why there is none."""
    titles = next(([answer.title for answer in row.answers] for row in rows if row.answers), [])
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in ("File", "Answer", "Agree", *titles))
    body = "".join(f'<tr><th scope="row">{escape(row.file)}</th>{_judged(row, n_columns=len(titles) + 2)}</tr>' for row in rows)
    table = f'<table class="files"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    n_bad = sum(bool(row.problem) for row in rows)
    return f'<section class="card"><h2>{len(rows) - n_bad} of {len(rows)} judged</h2>{_scrolling("Files", table)}</section>'


def _judged(row: Row, *, n_columns: int) -> str:
    if not row.answers:
        return f'<td class="problem" colspan="{n_columns}">✕ {escape(row.problem)}</td>'
    best = row.answers[0]
    n_agree = sum(answer.emotion == best.emotion for answer in row.answers)
    others = "".join(f"<td>{answer.emotion} {_whole(answer.confidence)}</td>" for answer in row.answers)
    return f"<td>{chip(best.emotion, unsure=best.is_unsure)}</td><td>{n_agree} of {len(row.answers)}</td>{others}"


def figures(found: Figures) -> str:
    """Show the drawings of the leaderboard."""
    title = title_of(found.family)
    return (
        '<div class="pair">'
        f"{paper(f'What {title} takes for what, %', found.confusion)}"
        f'<section class="card"><h2>F1 of {escape(title)}, %</h2>{f1_bars(found)}</section>'
        f"{paper('UAR of every family, with 95 % intervals', found.intervals)}"
        f"{paper('What a random split would have claimed', found.random_split)}</div>"
    )


def f1_bars(found: Figures) -> str:
    """Show a family's F1 of each emotion as bars with their figures."""
    return '<div class="bars">' + "".join(_bar(emotion, value) for emotion, value in found.f1.items()) + "</div>"


def _bar(emotion: str, value: float) -> str:
    shown = "–" if np.isnan(value) else f"{100 * value:.1f}"
    return f'<span>{emotion}</span><div class="meter"><i style="width:{100 * np.nan_to_num(value):.1f}%"></i></div><b>{shown}</b>'


def paper(title: str, svg: str) -> str:
    """Put a drawing on a light card, as it is drawn in dark ink."""
    if not svg:
        return _note(f"{title}: this run did not measure it.")
    return f'<section class="card"><h2>{escape(title)}</h2><div class="paper">{svg}</div></section>'


def download(name: str, text: str) -> str:
    """Return a link that holds its file, so that nothing about a batch stays on the server."""
    content = b64encode(text.encode()).decode()
    return f'<a class="download" download="{escape(name)}" href="data:text/csv;base64,{content}">Download {escape(name)}</a>'


def about(engine: Engine, text: str) -> str:
    """Fill the page about the project with what the run says of itself."""
    manifest = engine.manifest
    words = {"corpus": engine.corpus_title, "licence": manifest.licence or "not stated", "reference": manifest.reference or ""}
    for name, value in words.items():
        text = text.replace("{" + name + "}", escape(str(value)))
    return text


def _card(title: str, words: str) -> str:
    return f'<section class="card"><h2>{title}</h2><p class="hint">{words}</p></section>'


def _scrolling(label: str, table: str) -> str:
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{table}</div>'


def _note(words: str) -> str:
    return f'<p class="hint">{escape(words)}</p>'


def _uar(answer: Answer) -> str:
    return "UAR not measured" if answer.uar is None else f"UAR {_percent(answer.uar)}"


def _whole(fraction: float) -> str:
    return f"{100 * fraction:.0f} %"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _description(key: str) -> str:
    return FAMILIES[key].description if key in FAMILIES else ""
