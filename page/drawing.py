"""Drawings of sound and time, as HTML and SVG that need no script, font or file from elsewhere.

Every drawing scales to the width it is given; its colours are the page's own, light or dark, and never the only difference.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from itertools import groupby, pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from features.frames import Frames, trim
from page.listen import Heard, Window
from page.stress import Curve

N_COLUMNS = 640
WAVE_HEIGHT = 100
MEL_RANGE_DB = 70.0
N_TICKS = 5
SHORT_SEGMENT = 0.2
CHART_WIDTH, CHART_HEIGHT, CHART_MARGIN = 220, 120, 12

PALETTE = {
    "neutral": ("#8a94a3", "#0f141b"),
    "calm": ("#56b4e9", "#0f141b"),
    "happy": ("#e69f00", "#0f141b"),
    "sad": ("#0072b2", "#ffffff"),
    "angry": ("#d55e00", "#0f141b"),
    "fearful": ("#cc79a7", "#0f141b"),
    "disgust": ("#009e73", "#0f141b"),
    "surprised": ("#f0e442", "#0f141b"),
}
"""Paper and ink of each emotion: Okabe and Ito's colours, which colour-blind people tell apart, and a grey."""
DARK_INK = "#0f141b"


def colours_of(emotion: str) -> tuple[str, str]:
    """Return paper and ink of an emotion; those of one that RAVDESS lacks follow from its name, light paper under dark ink."""
    if emotion in PALETTE:
        return PALETTE[emotion]
    red, green, blue = (160 + byte % 80 for byte in hashlib.sha256(emotion.encode()).digest()[:3])
    return f"#{red:02x}{green:02x}{blue:02x}", DARK_INK


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
    said = f"Waveform and mel spectrogram of {seconds:.1f} seconds, peak {peak:.2f} of full scale"
    ticks = "".join(f"<span>{k * seconds / (N_TICKS - 1):.1f}</span>" for k in range(N_TICKS))
    return (
        f'<figure class="sound" role="img" aria-label="{said}">'
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
    shade = np.clip(1 + (pooled - pooled.max()) / MEL_RANGE_DB, 0, 1).T[::-1]
    buffer = BytesIO()
    imsave(buffer, mpl.colormaps["cividis"](shade, bytes=True), format="png")
    return "data:image/png;base64," + b64encode(buffer.getvalue()).decode()


def chip(emotion: str, *, unsure: bool = False) -> str:
    """Return an emotion on its colour; without colour if it is but a guess."""
    if unsure:
        return f'<span class="chip unsure">unsure, perhaps {emotion}</span>'
    paper, ink = colours_of(emotion)
    return f'<span class="chip" style="background:{paper};color:{ink}">{emotion}</span>'


def timeline(heard: Heard) -> str:
    """Draw which emotion each family hears over time, one strip a family."""
    total = heard.duration_seconds
    strips = "".join(_strip(answer.title, answer.family, heard.timeline, total) for answer in heard.answers)
    ticks = "".join(f"<span>{k * total / (N_TICKS - 1):.1f}</span>" for k in range(N_TICKS))
    return (
        f'<div class="timeline">{strips}<div class="strip"><span class="who"></span><div class="ticks">{ticks}</div></div></div>'
        f'<div class="axis">seconds; hatched where there is silence</div>'
    )


def _strip(title: str, family: str, windows: Sequence[Window], total: float) -> str:
    edges = _edges(windows, total)
    heard = [_top(window, family) for window in windows]
    segments, at = [], 0
    for emotion, run in groupby(heard):
        n = len(list(run))
        start, end = edges[at], edges[at + n]
        at += n
        segments.append(_segment(emotion, start, end, total))
    said = ", ".join(emotion for emotion, _ in groupby(heard) if emotion)
    return (
        f'<div class="strip"><span class="who">{escape(title)}</span>'
        f'<div class="lane" role="img" aria-label="{escape(title)}: {said}">{"".join(segments)}</div></div>'
    )


def _segment(emotion: str, start: float, end: float, total: float) -> str:
    if not emotion:
        return ""
    left, width = 100 * start / total, 100 * (end - start) / total
    paper, ink = colours_of(emotion)
    words = emotion if width > 100 * SHORT_SEGMENT else emotion[:3]
    look = f"left:{left:.2f}%;width:{width:.2f}%;background:{paper};color:{ink}"
    return f'<span class="segment" style="{look}" title="{emotion}, {start:.1f}–{end:.1f} s"><span>{words}</span></span>'


def _edges(windows: Sequence[Window], total: float) -> list[float]:
    """Return where one window hands over to the next: halfway between their centres."""
    centres = [(window.start_seconds + window.end_seconds) / 2 for window in windows]
    return [0.0, *((a + b) / 2 for a, b in pairwise(centres)), total]


def _top(window: Window, family: str) -> str:
    probabilities = window.probabilities.get(family, {})
    return max(probabilities, key=probabilities.__getitem__) if probabilities else ""


def chart(curve: Curve, family: str) -> str:
    """Draw one family's probability of an emotion over the strength of a perturbation; a dot is filled where it is the answer."""
    answers = [next(one for one in answers if one.family == family) for answers in curve.answers]
    p = [answer.probabilities[curve.emotion] for answer in answers]
    x = np.linspace(CHART_MARGIN, CHART_WIDTH - CHART_MARGIN, len(p))
    y = [CHART_HEIGHT - CHART_MARGIN - value * (CHART_HEIGHT - 2 * CHART_MARGIN) for value in p]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    dots = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" class="{"hit" if answer.emotion == curve.emotion else "miss"}">'
        f"<title>{value:g} {escape(curve.unit)}: {curve.emotion} {chance:.0%}, answer {answer.emotion}</title></circle>"
        for a, b, value, chance, answer in zip(x, y, curve.values, p, answers, strict=True)
    )
    grid = "".join(
        f'<line x1="0" x2="{CHART_WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>'
        for at in np.linspace(CHART_MARGIN, CHART_HEIGHT - CHART_MARGIN, 3)
    )
    scale = f'<text x="3" y="{CHART_MARGIN - 2}">100 %</text><text x="3" y="{CHART_HEIGHT - 2}">0</text>'
    said = f"{answers[0].title}: {curve.emotion} from {p[0]:.0%} at {curve.values[0]:g} to {p[-1]:.0%} at {curve.values[-1]:g}"
    return (
        f'<svg class="chart" viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f'<g class="grid">{grid}</g>{scale}<polyline points="{path}"/>{dots}</svg>'
    )
