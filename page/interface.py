"""The page: Gradio around the handlers.

Four endpoints are public, named ``predict``, ``stress``, ``batch`` and ``leaderboard``; they answer in JSON. What the page itself
calls is private, and answers in HTML.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial, wraps
from html import escape
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import EmotuneError
from page import board, render
from page.batch import MAX_FILES, as_csv, batch
from page.engine import Engine
from page.examples import FOLDER as EXAMPLES
from page.listen import Heard, listen, load_clip
from page.stress import NOISES, RANGES, STRENGTHS, Perturbation, curve, stress

P = ParamSpec("P")
R = TypeVar("R")

HERE = Path(__file__).parent
AUDIO_TYPES = [".wav", ".flac", ".ogg", ".mp3"]
DELETE_AFTER_SECONDS = 3600
N_AT_ONCE = 2
MAX_WAITING = 64
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
SLIDERS = {
    "snr_db": ("Signal to noise, dB", 1.0),
    "semitones": ("Pitch, semitones", 0.5),
    "tempo": ("Tempo, times as fast", 0.05),
    "rt60_seconds": ("Room, seconds of reverberation", 0.05),
    "gain_db": ("Gain, dB", 1.0),
}

html = partial(gr.HTML, apply_default_css=False, padding=False)

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "models", "concurrency_limit": N_AT_ONCE}
PUBLIC: dict[str, Any] = {**PRIVATE, "api_visibility": "public"}


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
    )
    return {
        "theme": theme,
        "css": (HERE / "page.css").read_text(encoding="utf-8"),
        "show_error": False,
        "run_history": False,
        "max_file_size": "20mb",
        "footer_links": ["api"],
    }


def build(engine: Engine) -> gr.Blocks:
    """Return the page of an engine."""
    with gr.Blocks(
        title="emotune", analytics_enabled=False, delete_cache=(DELETE_AFTER_SECONDS, DELETE_AFTER_SECONDS), fill_width=False
    ) as page:
        html(render.banner(engine) + render.header(engine))
        missing = html(elem_id="missing", visible=False)
        with gr.Tabs():
            with gr.Tab("Listen", id="listen"):
                clip = _listen_tab(engine)
            with gr.Tab("Stress", id="stress") as stress_tab:
                _stress_tab(engine, clip, stress_tab)
            with gr.Tab("Leaderboard", id="leaderboard") as leaderboard_tab:
                _leaderboard_tab(engine, leaderboard_tab)
            with gr.Tab("Batch", id="batch"):
                _batch_tab(engine)
            with gr.Tab("About", id="about"):
                gr.Markdown(render.about(engine, (HERE / "about.md").read_text(encoding="utf-8")), elem_classes="about")
        page.load(lambda: say_missing(engine), None, missing, show_progress="hidden", **PRIVATE)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=N_AT_ONCE)
    return page


def told(handler: Callable[P, R]) -> Callable[P, R]:
    """Show a person's mistake as the sentence it is, on the page and to programs; anything else stays hidden."""

    @wraps(handler)
    def tell(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except EmotuneError as error:
            raise gr.Error(escape(str(error), quote=False), duration=None, title="Not possible", print_exception=False) from None

    return tell


def say_missing(engine: Engine) -> Any:
    """Show which families cannot answer, if any."""
    words = render.unavailable(engine.members)
    return gr.update(value=words, visible=bool(words))


def _listen_tab(engine: Engine) -> gr.Audio:
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=280, elem_classes="stay"):
            clip = gr.Audio(
                sources=["microphone", "upload"], type="filepath", label="Your clip", elem_id="clip", buttons=["download"]
            )
            _examples(clip, label="Or a synthetic example, made by code")
        with gr.Column(scale=7, min_width=280):
            answer = html(render.waiting(engine), elem_id="answer")

    @told
    def show(path: str | None) -> str:
        if not path:
            return render.waiting(engine)
        samples = load_clip(path)
        return render.heard(listen(engine, samples), samples, engine.members)

    @told
    def predict(clip: str) -> dict[str, Any]:
        """Return every family's probabilities of one recording."""
        return as_json(engine, listen(engine, load_clip(clip)))

    clip.change(show, clip, answer, show_progress="minimal", **PRIVATE)
    _endpoint(predict, [clip], [gr.JSON(visible=False, label="answer")])
    return clip


def _stress_tab(engine: Engine, clip: gr.Audio, tab: gr.Tab) -> None:
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=280):
            original = gr.Audio(label="Original, from Listen", interactive=False, elem_id="original", buttons=[])
            perturbed = gr.Audio(label="Perturbed", interactive=False, elem_id="perturbed", buttons=["download"])
            noise = gr.Radio(list(NOISES), value=NOISES[0], label="Noise")
            sliders = [
                gr.Slider(*RANGES[name], value=getattr(Perturbation(), name), step=step, label=label)
                for name, (label, step) in SLIDERS.items()
            ]
            reset = gr.Button("Undo all", size="sm")
        with gr.Column(scale=7, min_width=280):
            moved = html(render.stress_waiting(), elem_id="moved")
            with gr.Row():
                kind = gr.Dropdown([(s.title, key) for key, s in STRENGTHS.items()], value="noise", label="Curve over")
                emotion = gr.Dropdown(["the emotion heard", *engine.emotions], value="the emotion heard", label="of the emotion")
            draw = gr.Button("Draw the curve", variant="primary")
            drawn = html(elem_id="curve")
    knobs: list[Any] = [noise, *sliders]

    @told
    def move(path: str | None, *values: Any) -> tuple[Any, str]:
        if not path:
            return None, render.stress_waiting()
        found = stress(engine, load_clip(path), Perturbation(*values))
        return as_audio(found.perturbed), render.stressed(found)

    @told
    def open_tab(path: str | None, *values: Any) -> tuple[Any, Any, str]:
        return (path, *move(path, *values))

    @told
    def show_curve(path: str | None, kind: str, emotion: str) -> str:
        chosen = emotion if emotion in engine.emotions else None
        return render.curves(curve(engine, load_clip(path), perturbation=kind, emotion=chosen))

    @told
    def stress_api(
        clip: str, noise: str, snr_db: float, semitones: float, tempo: float, rt60_seconds: float, gain_db: float
    ) -> tuple[Any, dict[str, Any]]:
        """Return the perturbed clip, and every family's answer before and after."""
        found = stress(engine, load_clip(clip), Perturbation(noise, snr_db, semitones, tempo, rt60_seconds, gain_db))
        answers = {"before": [asdict(one) for one in found.before], "after": [asdict(one) for one in found.after]}
        return as_audio(found.perturbed), answers

    tab.select(open_tab, [clip, *knobs], [original, perturbed, moved], show_progress="minimal", **PRIVATE)
    changes = [knob.change for knob in knobs]
    gr.on(changes, move, [clip, *knobs], [perturbed, moved], trigger_mode="always_last", show_progress="minimal", **PRIVATE)
    reset.click(lambda: list(asdict(Perturbation()).values()), None, knobs, **PRIVATE)
    draw.click(show_curve, [clip, kind, emotion], drawn, show_progress="minimal", **PRIVATE)
    _endpoint(stress_api, [clip, *knobs], [perturbed, gr.JSON(visible=False, label="answers")], name="stress")


def _leaderboard_tab(engine: Engine, tab: gr.Tab) -> None:
    if engine.board is None:
        html(render.waiting(engine))
        return
    families = board.families(engine)
    html(render.board(board.show_table(engine)), js_on_load=(HERE / "sort.js").read_text(encoding="utf-8"), elem_id="board")
    family = gr.Dropdown(families, value=families[0][1], label="Look closer at", elem_id="closer")
    figures = html(elem_id="figures")

    @told
    def show(family: str) -> str:
        return render.figures(board.draw(engine, family))

    @told
    def leaderboard() -> dict[str, Any]:
        """Return the leaderboard, one record a family, scores as fractions."""
        return {"corpus": engine.manifest.corpus, "is_real": engine.is_real, "families": board.records(engine)}

    gr.on([tab.select, family.change], show, family, figures, show_progress="minimal", **PRIVATE)
    _endpoint(leaderboard, [], [gr.JSON(visible=False, label="leaderboard")])


def _batch_tab(engine: Engine) -> None:
    html(render.batch_waiting(MAX_FILES))
    files = gr.File(file_count="multiple", file_types=[*AUDIO_TYPES, ".zip"], label="Recordings, or zips of them", elem_id="files")
    run = gr.Button("Judge them all", variant="primary")
    judged = html(elem_id="judged")

    @told
    def judge(paths: list[str] | None, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        rows = batch(engine, paths, progress=lambda done, n: progress((done, n), unit="files"))
        return render.batch(rows) + render.download("emotune.csv", as_csv(rows))

    @told
    def batch_api(files: list[str]) -> dict[str, Any]:
        """Return every family's answer to many recordings, and the same as CSV."""
        rows = batch(engine, files)
        return {"rows": [asdict(row) for row in rows], "csv": as_csv(rows)}

    run.click(judge, files, judged, **PRIVATE)
    _endpoint(batch_api, [files], [gr.JSON(visible=False, label="rows")], name="batch")


def _endpoint(handler: Callable[..., Any], inputs: list[Any], outputs: list[Any], *, name: str | None = None) -> None:
    gr.Button(visible=False).click(handler, inputs, outputs, api_name=name or handler.__name__, **PUBLIC)


def _examples(clip: gr.Audio, *, label: str) -> None:
    paths = sorted(EXAMPLES.glob("synthetic-*"))
    if paths:
        names = [path.stem.removeprefix("synthetic-").replace("-", " ") for path in paths]
        gr.Examples([[str(path)] for path in paths], clip, example_labels=names, label=label, api_visibility="private")


def as_json(engine: Engine, heard: Heard) -> dict[str, Any]:
    """Return what was heard as plain values."""
    emotion, n_agree = heard.agreement
    unavailable = [{"family": member.key, "reason": member.problem} for member in engine.members if member.champion is None]
    return {
        **asdict(heard),
        "agreement": {"emotion": emotion, "families": n_agree, "of": len(heard.answers)},
        "unavailable": unavailable,
        "is_real": engine.is_real,
    }


def as_audio(samples: NDArray[np.float32]) -> tuple[int, NDArray[np.int16]]:
    """Return audio as Gradio plays it at its own loudness: whole numbers are not scaled."""
    return SAMPLE_RATE_HZ, np.round(np.clip(samples, -1, 1) * np.iinfo(np.int16).max).astype(np.int16)
