"""The tab of the visitor's own voice: a sentence said as usual, a few clips with their emotions, and the voice as a small file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from emotune.errors import RequestError
from evaluation.voices import Adaptation
from page import render_voice
from page.engine import Engine
from page.gradio_parts import PRIVATE, Part, endpoint, explained, html
from page.listen import load_clip
from page.render import download
from page.results import Results
from page.same_voice import AS_USUAL, OFFERED, lessons, teach
from page.voice import MOST_JSON_CHARACTERS, Voice

NORMALLY = "as I normally speak"


def voice_tab(results: Results, chosen: gr.Dropdown, voice: gr.State, tab: gr.Tab) -> tuple[Part, ...]:
    """Make the tab; return what depends on the chosen result."""
    engine = results.engine()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=280):
            introduction = html(_introduction(engine))
            clip = gr.Audio(
                sources=["microphone", "upload"], type="filepath", label="A clip of yours", elem_id="own-clip", buttons=[]
            )
            emotion = gr.Dropdown(**_ways(engine), label="How you said it", elem_id="own-emotion")
            learn = gr.Button("Teach it", variant="primary", elem_id="teach")
        with gr.Column(scale=7, min_width=280):
            known = html(elem_id="known")
            with gr.Row():
                new = gr.Button("New voice", size="sm", elem_id="forget")
                take = gr.Button("Save the voice", size="sm")
                bring = gr.UploadButton("Bring a saved voice", file_types=[".json"], size="sm", elem_id="bring")
            saved = html(elem_id="saved-voice")

    @explained
    def add(path: str | None, emotion: str, voice: Voice | None, key: str | None) -> tuple[Voice, str, None]:
        engine = results.engine(key)
        voice = teach(engine, load_clip(path).samples, voice, emotion=emotion)
        return voice, render_voice.known(voice, engine), None

    @explained
    def read(path: str, key: str | None) -> tuple[Voice, str]:
        engine = results.engine(key)
        voice = Voice.from_json(read_text(path), engine)
        return voice, render_voice.known(voice, engine)

    @explained
    def show(voice: Voice | None, key: str | None) -> tuple[str, str]:
        return render_voice.known(voice, results.engine(key)), ""

    @explained
    def write(voice: Voice | None, key: str | None) -> str:
        return download("emotune-voice.json", Voice.of(results.engine(key), voice).to_json(), kind="application/json")

    @explained
    def teach_api(clip: str, emotion: str, voice: str) -> dict[str, Any]:
        """Return a voice's JSON after a clip with its emotion, and what that changed; an empty emotion: said as usual."""
        engine = results.engine()
        before = Voice.from_json(voice, engine) if voice else None
        after = teach(engine, load_clip(clip).samples, before, emotion=emotion)
        return {"n_clips": after.n_clips(), "lessons": [vars(one) for one in lessons(after)], "voice": after.to_json()}

    learn.click(add, [clip, emotion, voice, chosen], [voice, known, clip], show_progress="minimal", **PRIVATE)
    bring.upload(read, [bring, chosen], [voice, known], show_progress="minimal", **PRIVATE)
    new.click(lambda: None, None, voice, show_progress="hidden", **PRIVATE).then(
        show, [voice, chosen], [known, saved], show_progress="hidden", **PRIVATE
    )
    take.click(write, [voice, chosen], saved, show_progress="hidden", **PRIVATE)
    tab.select(show, [voice, chosen], [known, saved], show_progress="hidden", **PRIVATE)
    texts = [gr.Textbox("", visible=False, label=name) for name in ("emotion", "voice")]
    endpoint(teach_api, [clip, *texts], [gr.JSON(visible=False, label="voice")], name="teach")

    def update(key: str | None) -> list[Any]:
        engine = results.engine(key)
        return [_introduction(engine), gr.update(**_ways(engine)), "", ""]

    return (Part([introduction, emotion, known, saved], update),)


def read_text(path: str) -> str:
    """Return a voice's file as text.

    Raises
    ------
    RequestError
        If it is too large or no text.
    """
    file = Path(path)
    if file.stat().st_size > 4 * MOST_JSON_CHARACTERS:
        raise RequestError(f"A voice must be a small file, got {file.stat().st_size} bytes; choose the one that this page wrote.")
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError("A voice must be a text file, got another kind; choose the one that this page wrote.") from error


def _introduction(engine: Engine) -> str:
    """Say what teaching is; without an emotion that counts as neutral, a sentence said as usual tells nothing."""
    usual = (
        "<p>Every voice sounds a little angry, sad or bored to a model that never met it. Say one sentence as you normally would, "
        f"for example: <strong>{OFFERED}</strong></p>"
    )
    return (
        f'<section class="card"><h2>Your voice</h2>{usual if _knows_neutral(engine) else ""}<p>A few sentences with an emotion help '
        "too: say one, and tell which it was. Nothing is trained anew, and no sound is kept: each clip leaves a few numbers in this "
        "session, for an hour at most.</p></section>"
    )


def _ways(engine: Engine) -> dict[str, Any]:
    """Return how a clip may have been said; waits for no champion to load."""
    usual = [(NORMALLY, AS_USUAL)] if _knows_neutral(engine) else []
    choices = [*usual, *((name, name) for name in engine.emotions)]
    return {"choices": choices, "value": choices[0][1]}


def _knows_neutral(engine: Engine) -> bool:
    return Adaptation.default(engine.emotions).neutral is not None
