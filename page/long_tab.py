"""The tab of long recordings: stretches on a timeline, in a table, and to download."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from page import render_time
from page.gradio_parts import PRIVATE, Part, endpoint, explained, html
from page.in_time import InTime
from page.long import MAX_MINUTES, as_audacity, as_csv, read_long
from page.render import download
from page.results import Results

HERE = Path(__file__).parent


def long_tab(results: Results, chosen: gr.Dropdown, *, file_types: list[str], upload_limit: str) -> tuple[Part, ...]:
    """Make the tab; return what another result did not answer."""
    in_time = InTime()
    html(render_time.long_waiting(MAX_MINUTES, upload_limit))
    recording = gr.File(file_types=file_types, label="A long recording", elem_id="recording")
    run = gr.Button("Read it", variant="primary")
    shown = html(elem_id="long", js_on_load=(HERE / "long.js").read_text(encoding="utf-8"))

    @explained
    def show(path: str | None, key: str | None, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        engine = results.engine(key)
        answer = read_long(
            engine, path, family=in_time.choose(engine), progress=lambda done, whole: progress((round(done), round(whole)), unit="s")
        )
        files = download("emotune-long.csv", as_csv(answer)) + " "
        files += download("emotune-labels.txt", as_audacity(answer), kind="text/plain")
        return render_time.long(answer, engine.emotions, path=str(path)) + files

    @explained
    def long(recording: str, family: str) -> dict[str, Any]:
        """Return every stretch of speech in a long recording with its answer, and the same as CSV and as labels for Audacity."""
        engine = results.engine()
        answer = read_long(engine, recording, family=in_time.choose(engine, family))
        return {**asdict(answer), "csv": as_csv(answer), "labels": as_audacity(answer)}

    reading = run.click(show, [recording, chosen], shown, show_progress="minimal", **PRIVATE)
    reading.failure(lambda: "", None, shown, show_progress="hidden", **PRIVATE)
    # The page's own list of kinds would refuse others in words of Gradio's.
    given = [gr.File(visible=False, label="recording"), gr.Textbox("", visible=False, label="family")]
    endpoint(long, given, [gr.JSON(visible=False, label="long")])
    return (Part([shown], lambda key: [""]),)
