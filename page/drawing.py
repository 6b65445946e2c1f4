"""Drawings of sound and time, as HTML and SVG that need no script, font or file from elsewhere.

Every drawing scales to the width it is given; its colours are the page's own, light or dark, and never the only difference.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from itertools import groupby, pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from features.frames import RANGE_DB, Frames, trim
from page.emotion_styles import colours_of, short_names
from page.listen import ClipPredictions, Prediction, Window
from page.stress import Curve

N_COLUMNS = 640
WAVE_HEIGHT = 100
N_TICKS = 5
SHORT_SEGMENT = 0.2
CHART_WIDTH, CHART_HEIGHT, CHART_MARGIN = 220, 120, 12


class Untrimmed(Frames):
    """The frames of a whole recording, silence included."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self.samples = samples


def sound(samples: NDArray[np.float32]) -> str:
    """Draw waveform and mel spectrogram over one time axis.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``.
    """
    seconds = len(samples) / SAMPLE_RATE_HZ
    peak = float(np.abs(samples).max())
    label = f"Waveform and mel spectrogram of {seconds:.1f} seconds, peak {peak:.2f} of full scale"
    ticks = "".join(f"<span>{k * seconds / (N_TICKS - 1):.1f}</span>" for k in range(N_TICKS))
    return (
        f'<figure class="sound" role="img" aria-label="{label}">'
        f'<div class="label">Waveform <small>{seconds:.1f} s · peak {peak:.2f}; speech begins and ends at the lines</small></div>'
        f"{_wave(samples)}"
        f'<div class="label">Mel spectrogram <small>0–8 kHz, low below</small></div>'
        f'<img class="mel" alt="" src="{_mel(samples)}"><div class="ticks" aria-hidden="true">{ticks}</div>'
        f'<div class="axis">seconds</div></figure>'
    )


def _wave(samples: NDArray[np.float32]) -> str:
    columns = np.array_split(samples, min(N_COLUMNS, len(samples)))
    scale = WAVE_HEIGHT / 2 / max(float(np.abs(samples).max()), 1e-9)
    high, low = (WAVE_HEIGHT / 2 - scale * np.array([edge(column) for column in columns]) for edge in (np.max, np.min))
    x = np.linspace(0, N_COLUMNS, len(columns))
    outline = np.concatenate([np.stack([x, high - 0.4], axis=1), np.stack([x, low + 0.4], axis=1)[::-1]])
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in outline)
    lines = "".join(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{WAVE_HEIGHT}"/>' for at in _speech_ends(samples))
    box = f"0 0 {N_COLUMNS} {WAVE_HEIGHT}"
    return (
        f'<svg class="wave" viewBox="{box}" preserveAspectRatio="none" aria-hidden="true"><polygon points="{points}"/>{lines}</svg>'
    )


def _speech_ends(samples: NDArray[np.float32]) -> tuple[float, float]:
    """Return where the models' trimmed view of the recording begins and ends, in columns."""
    trimmed = trim(samples)
    if not np.shares_memory(trimmed, samples):
        return 0.0, float(N_COLUMNS)
    # Trimming returns a view, so its place in the recording can be read off its address.
    first = (trimmed.__array_interface__["data"][0] - samples.__array_interface__["data"][0]) // samples.itemsize
    return N_COLUMNS * first / len(samples), N_COLUMNS * (first + len(trimmed)) / len(samples)


def _mel(samples: NDArray[np.float32]) -> str:
    levels_db = Untrimmed(samples).log_mel
    pooled = np.stack([part.max(axis=0) for part in np.array_split(levels_db, min(N_COLUMNS, len(levels_db)))])
    shade = np.clip(1 + (pooled - pooled.max()) / RANGE_DB, 0, 1).T[::-1]
    buffer = BytesIO()
    imsave(buffer, mpl.colormaps["cividis"](shade, bytes=True), format="png")
    return "data:image/png;base64," + b64encode(buffer.getvalue()).decode()


def chip(emotion: str, *, among: Iterable[str] = (), unsure: bool = False) -> str:
    """Return an emotion on its colour; without colour if the prediction is unsure.

    Parameters
    ----------
    emotion : str
        Its name.
    among : iterable of str
        All emotions of the result, whose colours differ.
    unsure : bool
        Whether there is a reason not to trust the prediction, whatever its confidence.
    """
    if unsure:
        return f'<span class="chip unsure">unsure, perhaps {escape(emotion)}</span>'
    paper, ink = colours_of(emotion, among)
    return f'<span class="chip" style="background:{paper};color:{ink}">{escape(emotion)}</span>'


def timeline(found: ClipPredictions) -> str:
    """Draw which emotion each family predicts over time, one strip a family."""
    total = found.duration_seconds
    strips = "".join(_strip(prediction, found) for prediction in found.predictions)
    ticks = "".join(f"<span>{k * total / (N_TICKS - 1):.1f}</span>" for k in range(N_TICKS))
    return (
        f'<div class="timeline">{strips}<div class="strip"><span class="who"></span><div class="ticks">{ticks}</div></div></div>'
        '<div class="axis">seconds; hatched where there is silence, dashed where unsure</div>'
    )


def _strip(prediction: Prediction, found: ClipPredictions) -> str:
    edges = _edges(found.timeline, found.duration_seconds)
    emotions = [_top(window, prediction.family) for window in found.timeline]
    segments, at = [], 0
    for emotion, run in groupby(emotions):
        n = len(list(run))
        segments.append(_segment(emotion, edges[at], edges[at + n], found, is_unsure=prediction.is_unsure))
        at += n
    said = ", ".join(emotion for emotion, _ in groupby(emotions) if emotion)
    label = escape(f"{prediction.title}: {'unsure, perhaps ' if prediction.is_unsure else ''}{said}")
    return (
        f'<div class="strip"><span class="who">{escape(prediction.title)}</span>'
        f'<div class="lane" role="img" aria-label="{label}">{"".join(segments)}</div></div>'
    )


def _segment(emotion: str, start: float, end: float, found: ClipPredictions, *, is_unsure: bool) -> str:
    if not emotion:
        return ""
    total = found.duration_seconds
    left, width = 100 * start / total, 100 * (end - start) / total
    paper, ink = colours_of(emotion, found.emotions)
    words = escape(emotion if width > 100 * SHORT_SEGMENT else short_names(found.emotions)[emotion])
    kind, colour = ("segment unsure", "") if is_unsure else ("segment", f";background:{paper};color:{ink}")
    place = f"left:{left:.2f}%;width:{width:.2f}%{colour}"
    return f'<span class="{kind}" style="{place}" title="{escape(emotion)}, {start:.1f}–{end:.1f} s"><span>{words}</span></span>'


def _edges(windows: Sequence[Window], total: float) -> list[float]:
    """Return where one window hands over to the next: halfway between their centres."""
    centres = [(window.start_seconds + window.end_seconds) / 2 for window in windows]
    return [0.0, *((a + b) / 2 for a, b in pairwise(centres)), total]


def _top(window: Window, family: str) -> str:
    probabilities = window.probabilities.get(family, {})
    return max(probabilities, key=probabilities.__getitem__) if probabilities else ""


def chart(curve: Curve, family: str) -> str:
    """Draw one family's probability of an emotion over the strength of a perturbation; a dot is filled where it is the prediction."""
    predictions = [next(one for one in predictions if one.family == family) for predictions in curve.predictions]
    p = [prediction.probabilities[curve.emotion] for prediction in predictions]
    x = np.linspace(CHART_MARGIN, CHART_WIDTH - CHART_MARGIN, len(p))
    y = [CHART_HEIGHT - CHART_MARGIN - value * (CHART_HEIGHT - 2 * CHART_MARGIN) for value in p]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    dots = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" class="{"hit" if prediction.emotion == curve.emotion else "miss"}">'
        f"<title>{value:g} {escape(curve.unit)}: {escape(curve.emotion)} {chance:.0%}, "
        f"predicted {escape(prediction.emotion)}</title></circle>"
        for a, b, value, chance, prediction in zip(x, y, curve.values, p, predictions, strict=True)
    )
    grid = "".join(
        f'<line x1="0" x2="{CHART_WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>'
        for at in np.linspace(CHART_MARGIN, CHART_HEIGHT - CHART_MARGIN, 3)
    )
    scale = f'<text x="3" y="{CHART_MARGIN - 2}">100 %</text><text x="3" y="{CHART_HEIGHT - 2}">0</text>'
    label = f"{predictions[0].title}: {curve.emotion} from {p[0]:.0%} at {curve.values[0]:g} to {p[-1]:.0%} at {curve.values[-1]:g}"
    return (
        f'<svg class="chart" viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<g class="grid">{grid}</g>{scale}<polyline points="{path}"/>{dots}</svg>'
    )
