"""The tabs: each makes its components, connects its handlers, and returns what depends on the chosen result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from audio.limits import MAX_SECONDS
from corpora.places import AUDIO_SUFFIXES
from page import board, render, render_tables, render_voice, same_voice
from page.batch import Row, as_csv, batch, judge_each
from page.batch_speakers import TABLES
from page.engine import Engine
from page.examples import FOLDER as EXAMPLES
from page.examples import PREFIX
from page.gradio_parts import PRIVATE, Part, as_audio, endpoint, explained, html
from page.lessons import LESSONS, explain, lesson_of
from page.listen import ClipPredictions, listen, load_clip
from page.results import Results
from page.same_voice import listen_again
from page.stress import NOISES, RANGES, STRENGTHS, Perturbation, curve, stress
from page.uploads import MAX_FILE_BYTES
from page.voice import Voice

HERE = Path(__file__).parent
UPLOAD_LIMIT = f"{MAX_FILE_BYTES >> 20} MB"
SHOWN_EVERY_SECONDS = 1.0
AUDIO_TYPES = sorted(AUDIO_SUFFIXES)
"""What can be uploaded: all that the loader takes."""
PREDICTED = "the predicted emotion"
SLIDERS = {
    "snr_db": ("Signal to noise, dB", 1.0),
    "semitones": ("Pitch, semitones", 0.5),
    "tempo": ("Tempo, times as fast", 0.05),
    "rt60_seconds": ("Room, seconds of reverberation", 0.05),
    "gain_db": ("Gain, dB", 1.0),
}


def listen_tab(results: Results, chosen: gr.Dropdown, voice: gr.State, tab: gr.Tab) -> gr.Audio:
    """Make the tab in which one clip is predicted, alone or as one more of the visitor's voice; return the clip."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=280, elem_classes="stay"):
            clip = gr.Audio(
                sources=["microphone", "upload"], type="filepath", label="Your clip", elem_id="clip", buttons=["download"]
            )
            other = gr.UploadButton(
                f"Or any other file with sound, up to {UPLOAD_LIMIT} and {MAX_SECONDS / 60:.0f} minutes",
                file_types=AUDIO_TYPES,
                size="sm",
                elem_id="other",
            )
            _examples(clip, label="Or learn from a sound made by code")
            same = gr.Checkbox(False, label="Same voice as before", info="Earlier clips adapt the predictions.", elem_id="same")
            new = gr.Button("New voice", size="sm", elem_id="new-voice")
            told = html(render_voice.told(None), elem_id="told")
        with gr.Column(scale=7, min_width=280):
            prediction = html(render.waiting(results.engine()), elem_id="prediction")

    @explained
    def tell(voice: Voice | None, key: str | None) -> str:
        return render_voice.told(voice and Voice.of(results.engine(key), voice))

    @explained
    def show(path: str | None, key: str | None, same: bool, voice: Voice | None) -> tuple[str, Voice | None, str]:
        engine = results.engine(key)
        if not path:
            return render.waiting(engine), voice, tell(voice, key)
        loaded = load_clip(path)
        lesson = lesson_of(path)
        if not same:
            found = listen(engine, loaded.samples, notes=loaded.notes)
            taught = explain(lesson, found) if lesson else ""
            return taught + render.predicted(found, loaded.samples, engine.members), voice, tell(voice, key)
        both = listen_again(engine, loaded.samples, voice, notes=loaded.notes)
        taught = explain(lesson, both.alone) if lesson else ""
        shown = taught + render_voice.both(both) + render.predicted(both.with_voice, loaded.samples, engine.members)
        return shown, both.voice, render_voice.told(both.voice)

    @explained
    def predict(clip: str, voice: str) -> dict[str, Any]:
        """Return every family's probabilities of one recording, alone and with the voice that an earlier answer gave as JSON."""
        loaded, engine = load_clip(clip), results.engine()
        both = listen_again(engine, loaded.samples, Voice.from_json(voice, engine) if voice else None, notes=loaded.notes)
        return {**as_json(engine, both.alone), **same_voice.as_json(both)}

    inputs, outputs = [clip, chosen, same, voice], [prediction, voice, told]
    answered = gr.on([clip.change, chosen.input, same.input], show, inputs, outputs, show_progress="minimal", **PRIVATE)
    answered.failure(render.unanswered, None, prediction, show_progress="hidden", **PRIVATE)
    new.click(lambda: None, None, voice, show_progress="hidden", **PRIVATE).then(
        show, inputs, outputs, show_progress="minimal", **PRIVATE
    )
    tab.select(tell, [voice, chosen], told, show_progress="hidden", **PRIVATE)  # other tabs teach the voice or forget it
    # The browser's player takes fewer kinds of file than the loader.
    other.upload(lambda path: path, other, clip, show_progress="hidden", **PRIVATE)
    endpoint(predict, [clip, gr.Textbox("", visible=False, label="voice")], [gr.JSON(visible=False, label="prediction")])
    return clip


def stress_tab(results: Results, chosen: gr.Dropdown, clip: gr.Audio, tab: gr.Tab) -> tuple[Part, ...]:
    """Make the tab in which the clip is perturbed."""
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
                emotion = gr.Dropdown([PREDICTED, *results.engine().emotions], value=PREDICTED, label="of the emotion")
            draw = gr.Button("Draw the curve", variant="primary")
            drawn = html(elem_id="curve")
    knobs: list[Any] = [noise, *sliders]
    # A list refuses what a program sends in words of Gradio's own, and so does a slider, None not at all.
    colour = gr.Textbox(noise.value, label="noise", visible=False)
    numbers = [gr.Number(slider.value, label=slider.label, visible=False) for slider in sliders]

    @explained
    def move(path: str | None, key: str | None, *values: Any) -> tuple[Any, str]:
        if not path:
            return None, render.stress_waiting()
        loaded = load_clip(path)
        found = stress(results.engine(key), loaded.samples, Perturbation(*values), notes=loaded.notes)
        return as_audio(found.perturbed), render.stressed(found)

    @explained
    def open_tab(path: str | None, key: str | None, *values: Any) -> tuple[Any, Any, str]:
        playable = as_audio(load_clip(path).samples) if path else None
        return (playable, *move(path, key, *values))

    @explained
    def show_curve(path: str | None, key: str | None, kind: str, emotion: str) -> str:
        engine = results.engine(key)
        followed = emotion if emotion in engine.emotions else None
        return render.curves(curve(engine, load_clip(path).samples, perturbation=kind, emotion=followed))

    @explained
    def stress_api(
        clip: str, noise: str, snr_db: float, semitones: float, tempo: float, rt60_seconds: float, gain_db: float
    ) -> tuple[Any, dict[str, Any]]:
        """Return the perturbed clip, and every family's prediction before and after."""
        perturbation, loaded = Perturbation(noise, snr_db, semitones, tempo, rt60_seconds, gain_db), load_clip(clip)
        found = stress(results.engine(), loaded.samples, perturbation, notes=loaded.notes)
        predictions = {"before": [asdict(one) for one in found.before], "after": [asdict(one) for one in found.after]}
        return as_audio(found.perturbed), {**predictions, "advice": found.advice}

    opened = tab.select(open_tab, [clip, chosen, *knobs], [original, perturbed, moved], show_progress="minimal", **PRIVATE)
    changes = [knob.change for knob in knobs]
    perturbing = gr.on(
        [*changes, chosen.input],
        move,
        [clip, chosen, *knobs],
        [perturbed, moved],
        trigger_mode="always_last",
        show_progress="minimal",
        **PRIVATE,
    )
    reset.click(lambda: list(asdict(Perturbation()).values()), None, knobs, **PRIVATE)
    draw.click(show_curve, [clip, chosen, kind, emotion], drawn, show_progress="minimal", **PRIVATE)
    # What belongs to another clip does not stay.
    opened.failure(lambda: (None, None, render.unanswered()), None, [original, perturbed, moved], show_progress="hidden", **PRIVATE)
    perturbing.failure(lambda: (None, render.unanswered()), None, [perturbed, moved], show_progress="hidden", **PRIVATE)
    clip.change(lambda: "", None, drawn, show_progress="hidden", **PRIVATE)
    endpoint(stress_api, [clip, colour, *numbers], [perturbed, gr.JSON(visible=False, label="predictions")], name="stress")

    def update(key: str | None) -> list[Any]:
        return [gr.update(choices=[PREDICTED, *results.engine(key).emotions], value=PREDICTED), ""]

    return (Part([emotion, drawn], update),)


def leaderboard_tab(results: Results, chosen: gr.Dropdown, tab: gr.Tab) -> tuple[Part, ...]:
    """Make the tab with what every family is worth."""
    sort = (HERE / "sort.js").read_text(encoding="utf-8")
    with gr.Accordion("Columns", open=False, elem_id="columns"):
        columns = gr.CheckboxGroup(**_columns(results.engine()), show_label=False, container=False, elem_id="shown")
    table = html(_table(results.engine()), js_on_load=sort, elem_id="board")
    family = gr.Dropdown(**_families(results.engine()), label="Look closer at", elem_id="closer")
    figures = html(elem_id="figures")

    @explained
    def show(key: str | None, family: str | None) -> str:
        engine = results.engine(key)
        if engine.board is None:
            return ""
        known = [key for _, key in board.families(engine)]
        return render_tables.figures(board.draw(engine, family if family in known else known[0]))

    @explained
    def leaderboard() -> dict[str, Any]:
        """Return the leaderboard, one record a family, scores as fractions."""
        engine = results.engine()
        return {"corpus": engine.manifest.corpus, "is_real": engine.is_real, "families": board.records(engine)}

    @explained
    def choose(key: str | None, columns: list[str]) -> str:
        return _table(results.engine(key), columns=columns)

    columns.input(choose, [chosen, columns], table, trigger_mode="always_last", show_progress="hidden", **PRIVATE)
    # What is chosen while figures are drawn counts too.
    triggers = [tab.select, family.input]
    gr.on(triggers, show, [chosen, family], figures, trigger_mode="always_last", show_progress="minimal", **PRIVATE)
    endpoint(leaderboard, [], [gr.JSON(visible=False, label="leaderboard")])

    def update(key: str | None) -> list[Any]:
        engine = results.engine(key)
        return [gr.update(**_columns(engine)), _table(engine), gr.update(**_families(engine)), show(key, None)]

    return (Part([columns, table, family, figures], update),)


def batch_tab(results: Results, chosen: gr.Dropdown) -> tuple[Part, ...]:
    """Make the tab in which many recordings are predicted; return what another result did not judge."""
    html(render_tables.batch_waiting())
    files = gr.File(
        file_count="multiple", file_types=[*AUDIO_TYPES, ".zip", *TABLES], label="Recordings, or zips of them", elem_id="files"
    )
    with gr.Row():
        run = gr.Button("Judge them all", variant="primary")
        stop = gr.Button("Stop", elem_id="stop-batch")
    judged = html(elem_id="judged")

    def judge(paths: list[str] | None, key: str | None, progress: gr.Progress = gr.Progress()) -> Iterator[str]:  # noqa: B008
        rows: list[Row] = []
        shown, n_files = 0.0, 0
        yield ""  # the rows of other files

        def count(done: int, n: int) -> None:
            nonlocal n_files
            n_files = n
            progress((done, n), unit="files")

        each = judge_each(results.engine(key), paths, progress=count)
        while (row := explained(next)(each, None)) is not None:
            rows.append(row)
            if time.monotonic() - shown > SHOWN_EVERY_SECONDS:
                yield render_tables.batch(rows, n_files=n_files) + render.download("emotune.csv", as_csv(rows))
                shown = time.monotonic()
        yield render_tables.batch(rows, n_files=len(rows)) + render.download("emotune.csv", as_csv(rows))

    @explained
    def batch_api(files: list[str]) -> dict[str, Any]:
        """Return every family's prediction for many recordings, and the same as CSV."""
        rows = batch(results.engine(), files)
        return {"rows": [asdict(row) for row in rows], "csv": as_csv(rows)}

    # A run that is stopped leaves the rows that were done.
    running = run.click(judge, [files, chosen], judged, show_progress="minimal", **PRIVATE)
    stop.click(None, None, None, cancels=[running], api_visibility="private")
    # A file of another kind becomes a row with its reason; with a list of kinds, Gradio would refuse the whole batch.
    given = gr.File(file_count="multiple", visible=False, label="files")
    endpoint(batch_api, [given], [gr.JSON(visible=False, label="rows")], name="batch")
    return (Part([judged], lambda key: [""]),)


def as_json(engine: Engine, found: ClipPredictions) -> dict[str, Any]:
    """Return what was predicted as plain values."""
    emotion, n_agree = found.agreement
    unavailable = [{"family": member.key, "reason": member.problem} for member in engine.members if member.champion is None]
    content = asdict(found)
    return {
        **content,
        "answers": content["predictions"],  # its name before 0.3.0: programs that read it go on
        "agreement": {"emotion": emotion, "families": n_agree, "of": len(found.predictions)},
        "is_unsure": found.is_unsure,
        "reasons": found.reasons,
        "unavailable": unavailable,
        "problems": list(engine.problems),
        "is_real": engine.is_real,
    }


def _table(engine: Engine, *, columns: list[str] | None = None) -> str:
    """Return the leaderboard with some columns, or what to do where there is none."""
    if engine.board is None:
        return render.waiting(engine)
    shown = board.columns(engine)[1] if columns is None else columns
    return render_tables.board(board.show_table(engine), columns=shown, tested_on=engine.manifest.tested_on)


def _columns(engine: Engine) -> dict[str, Any]:
    """Return the columns to choose from, those chosen that are shown at first."""
    measured, shown = ([], []) if engine.board is None else board.columns(engine)
    return {"choices": measured, "value": shown}


def _families(engine: Engine) -> dict[str, Any]:
    """Return the families to look closer at, the best one chosen."""
    found = [] if engine.board is None else board.families(engine)
    return {"choices": found, "value": found[0][1] if found else None, "visible": bool(found)}


def _examples(clip: gr.Audio, *, label: str) -> None:
    paths = [path for name in LESSONS if (path := EXAMPLES / f"{PREFIX}{name}.flac").is_file()]
    if paths:
        names = [LESSONS[path.stem.removeprefix(PREFIX)].label for path in paths]
        gr.Examples([[str(path)] for path in paths], clip, example_labels=names, label=label, api_visibility="private")
