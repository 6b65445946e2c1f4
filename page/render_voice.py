"""Render voices: what earlier clips of a voice changed, as HTML a person reads; every text from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from page.drawing import chip
from page.engine import Engine, title_of
from page.live_rows import Snapshot
from page.render import chip_of, note, scrolling, whole
from page.same_voice import BothPredictions, Taught, constants_in_words, lessons, voice_in_words
from page.voice import Voice


def told(voice: Voice | None) -> str:
    """Say in a line what is known of the voice."""
    return f'<p class="hint" role="status">{escape(voice_in_words(voice))}</p>'


def both(found: BothPredictions) -> str:
    """Show what the other clips of the voice changed in each family's prediction."""
    if not found.joined:
        words = "It hardly resembles speech, so it tells nothing of its voice."
    else:
        words = "It is kept in mind for the next."
    if not found.n_clips:
        return f'<section class="card"><h2>The first clip of this voice</h2>{note(f"Nothing changes yet. {words}")}</section>'
    rows = "".join(
        f'<tr><th scope="row">{escape(alone.title)}</th><td>{chip_of(alone)} {whole(alone.confidence)}</td>'
        f"<td>{chip_of(known)} {whole(known.confidence)}</td></tr>"
        for alone, known in zip(found.alone.predictions, found.with_voice.predictions, strict=True)
    )
    table = (
        '<table class="moves"><thead><tr><th scope="col">Family</th><th scope="col">This clip alone</th>'
        f'<th scope="col">Knowing the voice</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    n_families = len(found.alone.predictions)
    title = f"Rests on {_clips(found.n_clips, 'other')} of this voice, which changed {len(found.changed)} of {n_families} families"
    hint = note(f"Everything else here is with them. {words} {constants_in_words(found.voice)}")
    return f'<section class="card"><h2>{title}</h2>{scrolling("Alone and knowing the voice", table)}{hint}</section>'


def live(found: Snapshot) -> str:
    """Say on how many earlier clips of the voice a live answer rests, and what it would be without them."""
    if not found.alone:
        return ""
    words = f"Rests on {_clips(found.n_clips, 'earlier')} of this voice."
    best = max(found.alone, key=found.alone.__getitem__)
    alone = chip(best, among=found.alone, unsure=found.is_unsure) + f" {whole(found.alone[best])}"
    return f'<section class="card" id="live-voice"><p class="hint">{words} Without them: {alone}</p></section>'


def known(voice: Voice | None, engine: Engine) -> str:
    """Show what is known of the voice and what the taught clips changed."""
    voice = Voice.of(engine, voice)
    found = lessons(voice)
    rest = (
        "It counts under Live, and under Listen while “Same voice as before” is on. A handful of clips is too few to say more than "
        f"a tendency. {constants_in_words(voice)}"
    )
    taught = _lessons(found) if found else ""
    return f'<section class="card"><h2>{escape(voice_in_words(voice))}</h2>{taught}{note(rest)}</section>'


def _lessons(found: Sequence[Taught]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(title_of(one.family))}</th><td>{one.n_right_alone} of {one.n_clips}</td>'
        f"<td>{one.n_right_with_others} of {one.n_clips}</td></tr>"
        for one in found
    )
    table = (
        '<table class="moves"><thead><tr><th scope="col">Recognised of what you taught</th><th scope="col">Each clip alone</th>'
        f'<th scope="col">Knowing the others</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return scrolling("What teaching changed", table)


def _clips(n: int, which: str) -> str:
    return f"{n} {which} {'clip' if n == 1 else 'clips'}"
