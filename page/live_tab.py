"""The Live tab: the microphone streams, and the page answers every half second."""

from __future__ import annotations

import binascii
import io
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import RequestError
from leaderboard.best import REFERENCES
from page import render_time, render_voice
from page.board import families
from page.engine import Engine
from page.gradio_parts import KEPT_SECONDS, Part, endpoint, explained, html
from page.in_time import InTime
from page.lessons import lesson_of
from page.live import LiveSession
from page.live_rows import Snapshot, rows_csv
from page.live_turns import MAX_LISTENERS, Listeners, Turns, stopped_clock
from page.live_voice import LiveVoice
from page.render import download
from page.results import Results
from page.voice import Voice

STREAM_EVERY_SECONDS = 0.5
CHUNKS = f'() => [{{ __type__: "update", stream_every: {STREAM_EVERY_SECONDS} }}]'
"""Gradio tells a microphone how often to send only if its tab is open from the start; else chunks last 0.1 s, and of those that come
while one is answered the last alone is kept."""
MAX_CHUNK_SECONDS = 2.0
AUTOMATIC = ""
HERE = Path(__file__).parent
MAX_STREAMS = 3 * MAX_LISTENERS
"""Gradio holds a job for as long as a microphone streams, and has 40 for the whole page; those refused let go of theirs."""
STREAM: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "live-stream", "concurrency_limit": MAX_STREAMS}
BUTTONS: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "live-buttons", "concurrency_limit": None}
CALLS: dict[str, Any] = {"concurrency_id": "live-calls", "concurrency_limit": MAX_LISTENERS}


def live_tab(results: Results, chosen: gr.Dropdown, voice: gr.State) -> tuple[Part, ...]:
    """Make the tab, with what the visitor's voice was taught; return what depends on the chosen result."""
    in_time, turns, listeners = InTime(), Turns(), Listeners()
    session = gr.State(begin(), time_to_live=KEPT_SECONDS)
    remote = gr.State(begin(clock=stopped_clock), time_to_live=KEPT_SECONDS)
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=280, elem_classes="stay"):
            microphone = gr.Audio(
                sources=["microphone"], type="filepath", streaming=True, label="Your voice", elem_id="microphone", buttons=[]
            )
            family = gr.Dropdown(**_families(results.engine()), label="Who answers", elem_id="live-family")
            with gr.Row():
                pause = gr.Button("Pause", size="sm", elem_id="pause")
                restart = gr.Button("Start over", size="sm")
                save = gr.Button("CSV so far", size="sm")
            with gr.Row():
                same = gr.Checkbox(
                    results.engine().voice_helps, label="Same voice as before", info="What was said earlier adapts the answers."
                )
                new = gr.Button("New voice", size="sm", min_width=100)
            saved = html(elem_id="live-csv")
        with gr.Column(scale=7, min_width=280):
            shown = html(render_time.live_waiting(), elem_id="live", js_on_load=(HERE / "live.js").read_text(encoding="utf-8"))

    @explained
    def hear(
        chunk: str | None, session: LiveSession, key: str | None, family: str, same: bool, voice: Voice | None
    ) -> tuple[LiveSession, str]:
        samples = read_chunk(chunk)
        try:
            listeners.admit(session)
        except RequestError as error:
            return session, render_time.live_refused(str(error))
        engine = results.engine(key)
        who, instead = in_time.choose_now(engine, family)
        if session.voice is not None:
            session.voice.attend(is_on=same, taught=voice)
        found = session.hear(samples, engine=engine, family=who, turns=turns)
        found = replace(found, note=f"{instead} {found.note}".strip())
        return session, render_time.live(found, engine.emotions) + render_voice.live(found)

    def toggle(session: LiveSession) -> tuple[LiveSession, Any]:
        session.pause(not session.is_paused)
        return session, gr.update(value="Go on" if session.is_paused else "Pause")

    def start_over(session: LiveSession) -> tuple[LiveSession, str, str, str]:
        session.start_over()
        return session, "Pause", render_time.live_waiting(), ""

    def forget(session: LiveSession) -> None:
        session.new_voice()

    def csv(session: LiveSession) -> str:
        return download("emotune-live.csv", rows_csv(session.rows(), started=session.started)) if session.started else ""

    @explained
    def live(pcm: str, family: str, session: LiveSession) -> tuple[dict[str, Any], LiveSession]:
        """Return what is said now, after one more chunk: base64 of 16-bit mono samples at 16 kHz; one session a client."""
        engine = results.engine()
        listeners.admit(session)
        found = session.hear(read_pcm(pcm), engine=engine, family=in_time.choose(engine, family), turns=turns)
        return as_json(found), session

    microphone.start_recording(None, None, microphone, js=CHUNKS, show_progress="hidden", **BUTTONS)
    microphone.start_recording(LiveSession.switch_on, session, None, show_progress="hidden", **BUTTONS)
    microphone.stream(
        hear,
        [microphone, session, chosen, family, same, voice],
        [session, shown],
        stream_every=STREAM_EVERY_SECONDS,
        show_progress="hidden",
        **STREAM,
    )
    pause.click(toggle, session, [session, pause], show_progress="hidden", **BUTTONS)
    restart.click(start_over, session, [session, pause, shown, saved], show_progress="hidden", **BUTTONS)
    new.click(forget, session, voice, show_progress="hidden", **BUTTONS)
    save.click(csv, session, saved, show_progress="hidden", **BUTTONS)
    pcm = gr.Textbox(visible=False, label="pcm")
    named = gr.Textbox(AUTOMATIC, visible=False, label="family")
    endpoint(live, [pcm, named, remote], [gr.JSON(visible=False, label="now"), remote], concurrency=CALLS)

    def of_result(key: str | None) -> list[dict[str, Any]]:
        engine = results.engine(key)
        return [gr.update(**_families(engine)), gr.update(value=engine.voice_helps)]

    return (Part([family, same], of_result),)


def begin(*, clock: Callable[[], float] = time.monotonic) -> LiveSession:
    """Return a session that knows nothing of its voice yet, and learns."""
    return LiveSession(clock=clock, voice=LiveVoice())


def read_chunk(path: str | None) -> NDArray[np.float32]:
    """Return what the browser sent, mono at ``SAMPLE_RATE_HZ``, and delete it; nothing if it holds no sound.

    Gradio names a file by its content: what is gone was another listener's too, and only chunks of silence are alike. The page's own
    examples can be named in place of a chunk; they stay.
    """
    nothing = np.zeros(0, dtype=np.float32)
    if not path:
        return nothing
    try:
        content = Path(path).read_bytes()
        # Not through the loader, which refuses what is short or silent.
        frames, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except FileNotFoundError:
        return np.zeros(round(STREAM_EVERY_SECONDS * SAMPLE_RATE_HZ), dtype=np.float32)
    except (soundfile.SoundFileError, OSError, RuntimeError):
        return nothing
    finally:
        if lesson_of(path) is None:
            Path(path).unlink(missing_ok=True)
    mono = frames.mean(axis=1)[-round(MAX_CHUNK_SECONDS * rate_hz) :]
    if rate_hz == SAMPLE_RATE_HZ:
        return np.ascontiguousarray(mono, dtype=np.float32)
    return np.asarray(soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ, quality="HQ"), dtype=np.float32)


def read_pcm(pcm: str) -> NDArray[np.float32]:
    """Return samples [shape=(n,), dtype=float32] from base64 of 16-bit mono samples at 16 kHz.

    Raises
    ------
    RequestError
        If it is something else, or lasts more than 2 s.
    """
    try:
        content = b64decode(pcm or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"A chunk must be base64 of 16-bit mono samples at 16 kHz, but: {error}; encode it so.") from error
    if len(content) % 2 or len(content) > 2 * MAX_CHUNK_SECONDS * SAMPLE_RATE_HZ:
        rule = f"A chunk must be at most {MAX_CHUNK_SECONDS:.0f} s of whole 16-bit samples, got {len(content)} bytes"
        raise RequestError(f"{rule}; send half a second at a time.")
    return np.frombuffer(content, dtype="<i2").astype(np.float32) / np.float32(32768)


def as_json(found: Snapshot) -> dict[str, Any]:
    """Return a session's state as plain values; of its rows the last ten."""
    content = asdict(found)
    return {**content, "rows": content["rows"][-10:]}


def _families(engine: Engine) -> dict[str, Any]:
    """Return the families to choose from; waits for no champion to load."""
    known = [] if engine.board is None else [(title, key) for title, key in families(engine) if key not in REFERENCES]
    return {"choices": [("The best that answers in time", AUTOMATIC), *known], "value": AUTOMATIC}
