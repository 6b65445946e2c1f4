"""The page: Gradio around the handlers.

Seven endpoints are public, named ``predict``, ``teach``, ``live``, ``long``, ``stress``, ``batch`` and ``leaderboard``; they return
JSON, from the result that the page shows first. What the page itself calls is private, and returns HTML, from the result that its
visitor chose.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import gradio as gr

from page import render, render_tables
from page.gate import Gate
from page.gradio_parts import KEPT_SECONDS, MAX_WAITING, N_AT_ONCE, PRIVATE, Part, explained, html
from page.live_tab import live_tab
from page.long_tab import long_tab
from page.results import Results
from page.tabs import AUDIO_TYPES, UPLOAD_LIMIT, batch_tab, leaderboard_tab, listen_tab, stress_tab
from page.voice_tab import voice_tab

HERE = Path(__file__).parent
DELETE_AFTER_SECONDS = 3600
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]


def launch_options() -> dict[str, Any]:
    """Return how the page is served: nothing from elsewhere, nothing kept."""
    base = gr.themes.Base(
        primary_hue="blue", neutral_hue="slate", radius_size="lg", font=FONT, font_mono=["ui-monospace", "monospace"]
    )
    theme = base.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        color_accent="*primary_600",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        link_text_color_dark="*primary_300",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
    )
    return {
        "theme": theme,
        "css": (HERE / "page.css").read_text(encoding="utf-8"),
        "js": (HERE / "names.js").read_text(encoding="utf-8"),
        "show_error": False,
        "run_history": False,
        "max_file_size": UPLOAD_LIMIT.replace(" ", "").lower(),
        "footer_links": ["api"],
        "app_kwargs": {"middleware": [(Gate, (), {})]},
    }


def serve(page: gr.Blocks, *, host: str | None = None, port: int | None = None) -> int:
    """Serve the page until Ctrl-C, with a line of our own where Gradio would write its own; return the exit code.

    Parameters
    ----------
    page : Blocks
        From :func:`build`.
    host : str, optional
        Address to listen on; that of ``GRADIO_SERVER_NAME``, else this machine alone.
    port : int, optional
        The port; that of ``GRADIO_SERVER_PORT``, else the first free one from 7860.
    """
    try:
        _, address, _ = page.launch(server_name=host, server_port=port, prevent_thread_lock=True, quiet=True, **launch_options())
    except OSError as error:
        print(f"emotune: the page needs a port that is free, but: {error} Give another with --port.", file=sys.stderr)
        return 2
    print(f"emotune listens at {address} (Ctrl-C ends it)", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
    page.close(verbose=False)
    return 0


def build(results: Results) -> gr.Blocks:
    """Return the page of some results; a list of them is shown where there are several."""
    engine = results.engine()
    with gr.Blocks(
        title="emotune", analytics_enabled=False, delete_cache=(DELETE_AFTER_SECONDS, DELETE_AFTER_SECONDS), fill_width=False
    ) as page:
        head = html(_head(results, results.first))
        listed, table = _choices(results)
        chosen = gr.Dropdown(**listed, label="Result", elem_id="result")
        compared = html(**table, elem_id="compared")
        missing = html(elem_id="missing", visible=False)
        about_text = (HERE / "about.md").read_text(encoding="utf-8")
        voice = gr.State(None, time_to_live=KEPT_SECONDS)
        with gr.Tabs():
            with gr.Tab("Listen", id="listen") as first:
                clip = listen_tab(results, chosen, voice, first)
            with gr.Tab("Live", id="live"):
                listening = live_tab(results, chosen, voice)
            with gr.Tab("Voice", id="voice") as own:
                taught = voice_tab(results, chosen, voice, own)
            with gr.Tab("Long", id="long"):
                read = long_tab(results, chosen, file_types=AUDIO_TYPES, upload_limit=UPLOAD_LIMIT)
            with gr.Tab("Stress", id="stress") as second:
                stressed = stress_tab(results, chosen, clip, second)
            with gr.Tab("Leaderboard", id="leaderboard") as third:
                board = leaderboard_tab(results, chosen, third)
            with gr.Tab("Batch", id="batch"):
                judged = batch_tab(results, chosen)
            with gr.Tab("About", id="about"):
                about = gr.Markdown(render.about(engine, about_text), elem_classes="about")
        parts = (
            Part([head], lambda key: [_head(results, key)]),
            Part([about], lambda key: [render.about(results.engine(key), about_text)]),
            *listening,
            *taught,
            *stressed,
            *board,
            *read,
            *judged,
        )
        _switch(results, chosen, missing, parts)
        page.load(
            lambda: [gr.update(**one) for one in _choices(results)], None, [chosen, compared], show_progress="hidden", **PRIVATE
        )
        page.load(lambda key: say_missing(results, key), chosen, missing, show_progress="hidden", **PRIVATE)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=N_AT_ONCE)
    return page


def say_missing(results: Results, key: str | None) -> Any:
    """Show which families cannot predict, if any."""
    words = render.unavailable(results.engine(key).members)
    return gr.update(value=words, visible=bool(words))


def _switch(results: Results, chosen: gr.Dropdown, missing: gr.HTML, parts: tuple[Part, ...]) -> None:
    """Show another result in every tab once it is chosen; its champions load meanwhile."""

    @explained
    def show(key: str | None) -> list[Any]:
        results.engine(key).warm_up()
        return [value for part in parts for value in part.update(key)]

    components = [component for part in parts for component in part.components]
    event = chosen.input(show, chosen, components, trigger_mode="always_last", show_progress="hidden", **PRIVATE)
    event.then(lambda key: say_missing(results, key), chosen, missing, show_progress="hidden", **PRIVATE)


def _head(results: Results, key: str | None) -> str:
    engine = results.engine(key)
    return render.banner(engine) + render.header(engine)


def _choices(results: Results) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the list of results and the table that compares them, hidden where there is but one; every run is read once."""
    choices = results.choices()
    is_visible = len(choices) > 1
    listed = {"choices": [(choice.label, choice.key) for choice in choices], "value": choices[0].key, "visible": is_visible}
    return listed, {"value": render_tables.results(choices), "visible": is_visible}
