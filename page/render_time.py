"""Render time: a live session and a long recording, as HTML a person reads; every text from outside is escaped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from page.drawing import N_TICKS, chip
from page.emotion_styles import colours_of, short_names
from page.engine import title_of
from page.judgement import unsure_sentence
from page.live_rows import Kind, Row, Snapshot
from page.long import LongAnswer, LongRow, label
from page.render import advice, scrolling, whole

SHOWN_SECONDS = 60.0
QUIETEST_DB = -60.0
SHORT_SHARE = 0.12
UNPLAYABLE = '<p class="hint" role="status" data-unplayable hidden>This browser cannot play this kind of file; the table stands.</p>'
WORDS = {
    Kind.SILENCE: "silence",
    Kind.PAUSED: "paused",
    Kind.LOST: "nothing received",
}


def live_waiting() -> str:
    """Tell what the Live tab does before it listens."""
    return (
        '<section class="card"><h2>Not listening yet</h2><p class="hint">Press <em>Record</em> and talk. Every half second the last '
        "2.5 s are judged; what is unsure is called so. Each chunk of sound is a file for a moment, deleted when it is heard.</p>"
        "</section>"
    )


def live_refused(words: str) -> str:
    """Say why nobody listens; ``live.js`` stops the recording, as a stream that goes on would keep its place."""
    again = time.monotonic_ns()  # the same words twice would change nothing on the page, and nobody would see that they came
    return f'<section class="card" data-refused="{again}"><h2>Not listening</h2><p role="alert">{escape(words)}</p></section>'


def live(found: Snapshot, emotions: Sequence[str]) -> str:
    """Show the present state, the level, the probabilities and the last minute."""
    meter = max(0.0, min(1.0, 1 - found.level_db / QUIETEST_DB))
    told = (found.note, unsure_sentence(found.reasons))
    note = "".join(f'<p class="late" role="status">{escape(words)}</p>' for words in told if words)
    return (
        f'<section class="card live" data-seconds="{found.seconds:.1f}">'
        f'<div class="now" aria-live="polite">{_state(found, emotions)}</div><div class="level"><span>Level</span>'
        f'<div class="meter" role="img" aria-label="Level {found.level_db:.0f} dB of full scale">'
        f'<i style="width:{100 * meter:.0f}%"></i></div><b>{found.level_db:.0f} dB</b></div>{note}</section>'
        f'<section class="card"><h2>The last minute</h2>{_minute(found, emotions)}</section>'
        f'<section class="card"><h2>{escape(title_of(found.family))}, smoothed</h2>{_bars(found, emotions)}</section>'
    )


def _state(found: Snapshot, emotions: Sequence[str]) -> str:
    state = found.state
    if state is None or state.kind in WORDS:
        words = "listening" if state is None else WORDS[state.kind]
        return f'<span class="chip unsure">{words}</span>'
    return chip(state.emotion, among=emotions, unsure=state.kind is Kind.UNSURE)


def _minute(found: Snapshot, emotions: Sequence[str]) -> str:
    start = max(0.0, found.seconds - SHOWN_SECONDS)
    parts = "".join(_part(row, start, emotions) for row in found.rows if row.end_seconds > start)
    ticks = "".join(f"<span>{start + k * SHOWN_SECONDS / (N_TICKS - 1):.0f}</span>" for k in range(N_TICKS))
    said = ", ".join(row.emotion for row in found.rows if row.kind is Kind.EMOTION and row.end_seconds > start) or "nobody"
    return (
        f'<div class="lane" role="img" aria-label="The last minute: {escape(said)}">{parts}</div><div class="ticks">{ticks}</div>'
        '<div class="axis">seconds; hatched where there is silence, dashed where unsure</div>'
    )


def _part(row: Row, start: float, emotions: Sequence[str]) -> str:
    if row.kind is Kind.SILENCE:
        return ""
    first = max(row.start_seconds, start)
    left, share = (first - start) / SHOWN_SECONDS, (row.end_seconds - first) / SHOWN_SECONDS
    place = f"left:{100 * left:.2f}%;width:{100 * share:.2f}%"
    if row.kind is not Kind.EMOTION:
        words = f"unsure, perhaps {row.emotion}" if row.kind is Kind.UNSURE else WORDS[row.kind]
        return f'<span class="segment unsure" style="{place}" title="{escape(words)}"></span>'
    among = dict.fromkeys((*emotions, row.emotion))  # rows of a result that was chosen before may have others
    paper, ink = colours_of(row.emotion, among)
    words = row.emotion if share > SHORT_SHARE else short_names(among)[row.emotion] if share > SHORT_SHARE / 3 else ""
    title = f"{escape(row.emotion)}, {row.start_seconds:.1f}–{row.end_seconds:.1f} s"
    look = f"{place};background:{paper};color:{ink}"
    return f'<span class="segment" style="{look}" title="{title}"><span>{escape(words)}</span></span>'


def _bars(found: Snapshot, emotions: Sequence[str]) -> str:
    return (
        '<div class="bars">'
        + "".join(
            f'<span>{escape(name)}</span><div class="meter"><i style="width:{100 * p:.0f}%"></i></div><b>{whole(p)}</b>'
            for name, p in ((name, found.probabilities.get(name, 0.0)) for name in emotions)
        )
        + "</div>"
    )


def long_waiting(max_minutes: int, max_file_size: str) -> str:
    """Tell what the tab of long recordings takes."""
    return (
        f'<p class="hint">A call, an interview: up to {max_minutes} minutes and {max_file_size}. It is cut where somebody speaks, '
        "and each stretch is answered; two voices on two channels are answered apart. Longer ones: <code>python app.py "
        "--file talk.m4a --csv out.csv</code>.</p>"
    )


def long(answer: LongAnswer, emotions: Sequence[str], *, path: str) -> str:
    """Show the stretches on a timeline and in a table; choosing one plays it (``long.js``).

    Parameters
    ----------
    answer : LongAnswer
        What was found.
    emotions : sequence of str
        All emotions of the result.
    path : str
        Where the page's server has the recording.
    """
    lanes = "".join(_lane(answer, channel, emotions) for channel in answer.channels)
    total = max(answer.duration_seconds, 1e-9)
    ticks = "".join(f"<span>{clock(k * total / (N_TICKS - 1))}</span>" for k in range(N_TICKS))
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Start", "End", "Emotion", "Confidence", "Notes"))
    body = "".join(_line(row, k, emotions) for k, row in enumerate(answer.rows))
    table = f'<table class="files stretches"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    n = len(answer.rows)
    return (
        f"{advice(answer.notes)}"
        f'<section class="card"><h2>{n} {"stretch" if n == 1 else "stretches"} of speech in {clock(total)}, answered by '
        f'{escape(title_of(answer.family))}</h2><audio class="player" controls preload="metadata" '
        f'src="gradio_api/file={quote(path)}"></audio>{UNPLAYABLE}<div class="timeline">{lanes}'
        f'<div class="strip"><span class="who"></span><div class="ticks">{ticks}</div></div></div>'
        '<div class="axis">choose a stretch to hear it; hatched where nobody speaks, dashed where unsure</div></section>'
        f'<section class="card"><h2>The stretches</h2>{scrolling("Stretches", table) if n else ""}</section>'
    )


def _lane(answer: LongAnswer, channel: str, emotions: Sequence[str]) -> str:
    rows = [(k, row) for k, row in enumerate(answer.rows) if row.channel == channel]
    total = max(answer.duration_seconds, 1e-9)
    parts = "".join(_button(row, k, total, emotions) for k, row in rows)
    return (
        f'<div class="strip"><span class="who">{escape(channel or "voice")}</span><div class="lane" role="group" '
        f'aria-label="Stretches">{parts}</div></div>'
    )


def _button(row: LongRow, k: int, total: float, emotions: Sequence[str]) -> str:
    left, width = 100 * row.start_seconds / total, 100 * (row.end_seconds - row.start_seconds) / total
    paper, ink = colours_of(row.emotion, emotions)
    colour = "" if row.is_unsure else f";background:{paper};color:{ink}"
    words = escape(f"{label(row)}, {clock(row.start_seconds)}")
    look = f"left:{left:.3f}%;width:{width:.3f}%{colour}"
    kind = "segment unsure" if row.is_unsure else "segment"
    return f'<button type="button" class="{kind}" {_place(row, k)} style="{look}" title="{words}" aria-label="{words}"></button>'


def _place(row: LongRow, k: int) -> str:
    return f'data-row="{k}" data-start="{row.start_seconds}" data-end="{row.end_seconds}"'


def _line(row: LongRow, k: int, emotions: Sequence[str]) -> str:
    who = f" {escape(row.channel)}" if row.channel else ""
    play = f'<button type="button" {_place(row, k)}>▶ {clock(row.start_seconds)}{who}</button>'
    return (
        f'<tr><th scope="row">{play}</th><td>{clock(row.end_seconds)}</td>'
        f"<td>{chip(row.emotion, among=emotions, unsure=row.is_unsure)}</td><td>{whole(row.confidence)}</td>"
        f'<td class="problem">{escape(" ".join(filter(None, (unsure_sentence(row.reasons), *row.notes))))}</td></tr>'
    )


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds."""
    tenths = round(10 * seconds)  # first, so that 59.96 s are a minute
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
