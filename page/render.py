"""Render: what the handlers return, as HTML a person reads; every text from outside is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from leaderboard.best import REFERENCES
from leaderboard.references import NOT_REAL, PARTIAL
from models import FAMILIES
from page.claims import claim_of, learnt_from
from page.drawing import chart, chip, sound, timeline
from page.emotion_styles import short_names
from page.engine import Engine, Member, title_of
from page.judgement import unsure_sentence
from page.listen import ClipPredictions, Prediction
from page.stress import Curve, Stressed
from runs.licences import strictest

MANY_EMOTIONS = 9
"""Up to so many stand side by side on a phone."""
SPEAKERS_UNKNOWN = (
    "Nobody stated who speaks in the recordings. A voice may be in training and test alike, so no figure here is for unseen speakers."
)


def banner(engine: Engine) -> str:
    """Return what must be read first: what is damaged, that the run is partial, its speakers unknown, or nothing here real."""
    manifest = engine.manifest
    found = (
        *((True, "alert", "Damaged.", escape(words)) for words in engine.problems),
        (not manifest.is_complete, "status", "Partial.", PARTIAL),
        (not manifest.speakers_known, "alert", "Speakers unknown.", SPEAKERS_UNKNOWN),
        (engine.is_real is False, "alert", "Synthetic models.", NOT_REAL),
    )
    return "".join(
        f'<div class="banner" role="{role}"><strong>{title}</strong> {words}</div>'
        for applies, role, title, words in found
        if applies
    )


def header(engine: Engine) -> str:
    """Name the project and what is loaded."""
    return (
        '<header class="masthead"><h1>emotune</h1><p>One recording, every family of models side by side — each with what it is '
        f"worth on {claim_of(engine.manifest).briefly}. Learnt from {escape(engine.corpus_title)}.</p></header>"
    )


def waiting(engine: Engine) -> str:
    """Show who will predict, before there is a clip; waits for no champion to load."""
    board = engine.board
    if board is None:
        return note("This result has no leaderboard that can be read; run the search to see what its families are worth.")
    board = board[~board["family"].isin(REFERENCES)]
    rows = "".join(
        f'<li><div class="who"><strong>{escape(title_of(key))}</strong><span>{_percent(uar)}</span></div>'
        f'<div class="meter"><i style="width:{100 * uar:.1f}%"></i></div><p>{escape(_description(key))}</p></li>'
        for key, uar in zip(board["family"], board["uar"], strict=True)
    )
    return (
        '<section class="card waiting"><h2>Waiting for a clip</h2><p>Record a sentence, upload a file or try an example. These '
        f"families will predict; the bar is their UAR, the mean share of each emotion recognised, on "
        f"{claim_of(engine.manifest).briefly}.</p>"
        f'<ul class="families">{rows}</ul></section>'
    )


def unanswered() -> str:
    """Stand in place of the answer to another clip, where the page refuses one."""
    return note("There is no answer to this clip; the message says why.")


def unavailable(members: Sequence[Member]) -> str:
    """List the families that could not be loaded, each with its reason."""
    broken = [member for member in members if member.champion is None]
    rows = "".join(f"<li><strong>{escape(one.title)}</strong> cannot predict{_why(one.problem)}</li>" for one in broken)
    return f'<ul class="off" aria-label="Unavailable families">{rows}</ul>' if rows else ""


def _why(reason: str) -> str:
    return f"<details><summary>why</summary>{escape(reason)}</details>"


def predicted(found: ClipPredictions, samples: NDArray[np.float32], members: Sequence[Member]) -> str:
    """Show a verdict, every family's probabilities, the timeline of a long recording, and the sound."""
    over_time = ""
    if found.timeline:
        over_time = (
            '<section class="card"><h2>Over time</h2><p class="hint">Windows of 3 s; the probabilities above are their mean.</p>'
            f"{timeline(found)}</section>"
        )
    return (
        f"{verdict(found)}{advice((*found.notes, *found.advice))}"
        f'<section class="card"><h2>Every family</h2>{matrix(found.predictions, found.emotions, members)}</section>'
        f'{over_time}<section class="card"><h2>The sound</h2>{sound(samples)}</section>'
    )


def verdict(found: ClipPredictions) -> str:
    """State in one sentence what the best family predicts, how sure it is, and who agrees."""
    best = found.predictions[0]
    emotion, n_agree = found.agreement
    n = len(found.predictions)
    dots = "".join(f'<i class="{"yes" if prediction.emotion == emotion else "no"}"></i>' for prediction in found.predictions)
    agreement = (
        f"{n_agree} of {n} families predict {escape(emotion)}."
        if n_agree > 1
        else "No two families agree."
        if n > 1
        else "One family alone."
    )
    return (
        f'<section class="card verdict" aria-live="polite">{chip_of(best)}'
        f"<p><strong>{escape(best.title)}</strong>, the best family here ({_uar(best)}), predicts "
        f"<strong>{escape(best.emotion)}</strong>, {whole(best.confidence)}. {escape(unsure_sentence(best.reasons))}</p>"
        f'<p class="agreement"><span aria-hidden="true">{dots}</span>{agreement}</p></section>'
    )


def advice(lines: Sequence[str]) -> str:
    """List what to know before trusting the predictions."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<div role="status" aria-label="About this recording"><ul class="advice">{items}</ul></div>' if items else ""


def matrix(predictions: Sequence[Prediction], emotions: Sequence[str], members: Sequence[Member] = ()) -> str:
    """Show families in rows and emotions in columns; the prediction of each is marked, and those that cannot predict are grey."""
    short = short_names(emotions)
    head = "".join(f'<th scope="col">{_heading(emotion, short[emotion])}</th>' for emotion in emotions)
    body = "".join(f'<tr><th scope="row">{_who(prediction)}</th>{_cells(prediction, emotions)}</tr>' for prediction in predictions)
    body += "".join(_gone(member, len(emotions)) for member in members if member.champion is None)
    many = " many" if len(emotions) > MANY_EMOTIONS else ""
    table = (
        f'<table class="matrix{many}" style="--n:{len(emotions)}"><caption>Calibrated probabilities, %</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    unsure = (
        ""
        if not any(one.is_unsure for one in predictions)
        else " ◌ unsure: no speech like that in training, or below the confidence asked of this family."
    )
    hint = f"Per cent. ● the family’s prediction.{unsure} Families are ordered by UAR."
    return f'{scrolling("Probabilities", table)}<p class="hint">{hint}</p>'


def _gone(member: Member, n_columns: int) -> str:
    words = "cannot predict; the reason stands at the top"
    return f'<tr class="gone"><th scope="row">{escape(member.title)}</th><td colspan="{n_columns}">{words}</td></tr>'


def _heading(emotion: str, short: str) -> str:
    name = escape(emotion)
    return f'<span class="full" title="{name}">{name}</span><abbr class="short" title="{name}">{escape(short)}</abbr>'


def chip_of(prediction: Prediction) -> str:
    """Return a prediction's emotion on its colour; without colour if it is unsure."""
    return chip(prediction.emotion, among=prediction.probabilities, unsure=prediction.is_unsure)


def _who(prediction: Prediction) -> str:
    return f"{escape(prediction.title)}<small>{_uar(prediction)}</small>"


def _cells(prediction: Prediction, emotions: Sequence[str]) -> str:
    return "".join(_cell(prediction, emotion) for emotion in emotions)


def _cell(prediction: Prediction, emotion: str) -> str:
    percent = 100 * prediction.probabilities[emotion]
    if emotion != prediction.emotion:
        return f'<td style="--p:{percent:.0f}">{percent:.0f}</td>'
    mark = "◌" if prediction.is_unsure else "●"
    return f'<td class="top" style="--p:{percent:.0f}"><b><i>{mark}</i>{percent:.0f}</b></td>'


def stressed(found: Stressed) -> str:
    """Show each family's prediction before and after, and how far the first one moved."""
    rows = "".join(_moved(before, after) for before, after in zip(found.before, found.after, strict=True))
    n_same = sum(before.emotion == after.emotion for before, after in zip(found.before, found.after, strict=True))
    table = (
        '<table class="moves"><thead><tr><th scope="col">Family</th><th scope="col">Original</th><th scope="col">Perturbed</th>'
        f'<th scope="col">Change of the first prediction</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return (
        f"{advice(found.advice)}"
        f'<section class="card"><h2>{n_same} of {len(found.before)} families keep their prediction</h2>'
        f"{scrolling('Before and after', table)}</section>"
        f'<section class="card"><h2>Probabilities of the perturbed clip</h2>{matrix(found.after, found.emotions)}</section>'
    )


def _moved(before: Prediction, after: Prediction) -> str:
    change = 100 * (after.probabilities[before.emotion] - before.probabilities[before.emotion])
    points = round(change)
    moved = f"▲ +{points}" if points > 0 else f"▼ {points}" if points else "■ 0"
    side = "left:50%" if change >= 0 else "right:50%"
    swing = f'<span class="swing"><i style="{side};width:{abs(change) / 2:.1f}%"></i></span>'
    return (
        f'<tr><th scope="row">{_who(before)}</th><td>{chip_of(before)} {whole(before.confidence)}</td>'
        f'<td>{chip_of(after)} {whole(after.confidence)}</td><td class="change">{moved} points{swing}</td></tr>'
    )


def curves(found: Curve) -> str:
    """Show one small chart a family."""
    first, last = found.values[0], found.values[-1]
    charts = "".join(
        f'<figure><figcaption>{_who(prediction)}</figcaption>{chart(found, prediction.family)}<div class="ticks">'
        f"<span>{first:g}</span><span>{escape(found.unit)}</span><span>{last:g}</span></div></figure>"
        for prediction in found.predictions[0]
    )
    hint = (
        f"How probable each family finds {escape(found.emotion)} while the perturbation goes from {first:g} to {last:g} "
        f"{found.unit}. "
        f"A filled dot: it is the predicted emotion."
    )
    title = f"{found.perturbation} against {chip(found.emotion, among=found.predictions[0][0].probabilities)}"
    return f'<section class="card"><h2>{title}</h2><p class="hint">{hint}</p><div class="charts">{charts}</div></section>'


def stress_waiting() -> str:
    """Tell what to do before there is a clip to perturb."""
    return _card("Nothing to perturb yet", "Choose a clip under <em>Listen</em>; then move the sliders here.")


def about(engine: Engine, text: str) -> str:
    """Fill the page about the project with what the run says of itself."""
    manifest = engine.manifest
    strict = strictest(manifest.licence)
    licence = strict if manifest.licence in (None, strict) else f"{strict}, the strictest of {manifest.licence}"
    words = {
        "corpus": engine.corpus_title,
        "licence": licence,
        "reference": manifest.reference or "",
        "learnt": learnt_from(manifest, is_real=engine.is_real),
        "guessing": f"{100 / len(engine.emotions):.1f}",
        "n_emotions": len(engine.emotions),
        **vars(claim_of(manifest)),
    }
    for name, value in words.items():
        text = text.replace("{" + name + "}", escape(str(value)))
    return text


def _card(title: str, words: str) -> str:
    return f'<section class="card"><h2>{title}</h2><p class="hint">{words}</p></section>'


def scrolling(label: str, table: str) -> str:
    """Let a wide table scroll inside its card."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{table}</div>'


def note(words: str) -> str:
    """Return a line in small print."""
    return f'<p class="hint">{escape(words)}</p>'


def download(name: str, text: str, *, kind: str = "text/csv") -> str:
    """Return a link that holds its file, so that nothing stays on the server."""
    content = b64encode(text.encode()).decode()
    return f'<a class="download" download="{escape(name)}" href="data:{kind};base64,{content}">Download {escape(name)}</a>'


def _uar(prediction: Prediction) -> str:
    return "UAR not measured" if prediction.uar is None else f"UAR {_percent(prediction.uar)}"


def whole(fraction: float) -> str:
    """Return a fraction as a whole percentage."""
    return f"{100 * fraction:.0f} %"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _description(key: str) -> str:
    return FAMILIES[key].description if key in FAMILIES else ""
