"""What each example teaches: what was meant, what every family says to it, and why the page warns.

The examples are sounds made by code. Models that learnt from people need not find in them what was meant, and the page says so
instead of naming the examples after emotions that nobody is bound to hear.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from page.examples import FOLDER, PREFIX
from page.listen import ClipPredictions


@dataclass(frozen=True)
class Lesson:
    """What an example is for.

    Attributes
    ----------
    label : str
        On its button.
    meant : tuple of str
        The emotions that its code put on, in order; empty where there is no voice.
    made : str
        How it was made.
    look : str
        What to look for.
    """

    label: str
    meant: tuple[str, ...]
    made: str
    look: str


LESSONS: Mapping[str, Lesson] = {
    "angry": Lesson(
        "Meant angry",
        ("angry",),
        "A made-up voice, loud, fast and high, as studies describe anger.",
        "Loudness and pitch are not the whole of it: see which families take the cliché for the emotion.",
    ),
    "sad": Lesson(
        "Meant sad",
        ("sad",),
        "Another voice of the same make, soft, slow and low.",
        "One short sentence says little: compare how far apart the families are.",
    ),
    "fearful-in-noise": Lesson(
        "In noise",
        ("fearful",),
        "A high voice in pink noise that is 8 dB softer than it.",
        "Noise hides what tells emotions apart: under Stress you can add or take away as much yourself.",
    ),
    "changing": Lesson(
        "Changing",
        ("sad", "angry", "calm"),
        "One voice, three sentences.",
        "A clip over 4 s is judged in windows: the mean hides what the strips under Over time show.",
    ),
    "chord": Lesson(
        "No voice at all",
        (),
        "Three held notes.",
        "Probabilities add up to one whatever the sound; that is why the page measures whether it resembles speech.",
    ),
}
"""By the name of the example's file, without its prefix."""


def lesson_of(path: str | Path) -> Lesson | None:
    """Return what a clip teaches, if it is one of the examples, wherever a copy of it lies."""
    file = Path(path)
    sizes = _by_size()
    if not file.is_file() or file.stat().st_size not in sizes:
        return None
    name = sizes[file.stat().st_size].get(hashlib.sha256(file.read_bytes()).hexdigest(), "")
    return LESSONS.get(name)


@cache
def _by_size() -> Mapping[int, Mapping[str, str]]:
    """Return the names of the examples by size and SHA-256, so that other files are seldom hashed."""
    found: dict[int, dict[str, str]] = {}
    for path in FOLDER.glob(f"{PREFIX}*"):
        content = path.read_bytes()
        found.setdefault(len(content), {})[hashlib.sha256(content).hexdigest()] = path.stem.removeprefix(PREFIX)
    return found


def explain(lesson: Lesson, found: ClipPredictions) -> str:
    """Return the lesson as HTML: what was meant, who says so, and why the page warns or does not.

    Parameters
    ----------
    lesson : Lesson
        Of the example.
    found : ClipPredictions
        What the families say to it.
    """
    items = (("Meant", _meant(lesson, found)), ("Said", _said(lesson, found)), ("Warned", _warned(found)), ("Look", lesson.look))
    rows = "".join(f"<dt>{name}</dt><dd>{escape(words)}</dd>" for name, words in items)
    return f'<section class="card lesson"><h2>A synthetic example</h2><p>{escape(lesson.made)}</p><dl>{rows}</dl></section>'


def _meant(lesson: Lesson, found: ClipPredictions) -> str:
    if not lesson.meant:
        return "No emotion: nobody speaks."
    unknown = [emotion for emotion in lesson.meant if emotion not in found.emotions]
    lacking = f" These models do not know {' and '.join(unknown)}." if unknown else ""
    return f"{', then '.join(lesson.meant)}.{lacking}"


def _said(lesson: Lesson, found: ClipPredictions) -> str:
    n = len(found.predictions)
    counts: dict[str, int] = {}
    for one in found.predictions:
        counts[one.emotion] = counts.get(one.emotion, 0) + 1
    said = ", ".join(f"{emotion} {count}" for emotion, count in sorted(counts.items(), key=lambda pair: -pair[1]))
    n_unsure = sum(one.is_unsure for one in found.predictions)
    n_meant = sum(one.emotion in lesson.meant for one in found.predictions)
    agreement = f" {n_meant} of {n} families say what was meant." if lesson.meant else ""
    return f"{said}; {n_unsure} of {n} unsure.{agreement}"


def _warned(found: ClipPredictions) -> str:
    if not found.advice:
        return "No: by every measure of the page it resembles what these models learnt from."
    if not all(one.is_unsure for one in found.predictions):
        return "Yes; the reasons stand below."
    return "Yes, and no answer is called sure, since it hardly resembles the speech of people; the reasons stand below."
