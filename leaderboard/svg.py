"""A figure as SVG to put into a page, in one style.

It is an ``<svg>`` element that needs no script, font or file from elsewhere, is as wide as its container but no wider than drawn, and
carries a title for those who cannot see it.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from functools import wraps
from html import escape
from io import StringIO
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.figure import Figure

INK, GREY = "#222222", "#8A8A8A"
WIDTH_INCHES = 4.3
ROW_INCHES = 0.36
POINTS_PER_INCH, CSS_PIXELS_PER_INCH = 72, 96

STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and copied
    "text.parse_math": False,  # a name with a dollar sign is a name
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
}

# matplotlib's metadata, its style for all elements (a page's own too) and its list of fonts (the page's font is used instead).
NOT_FOR_A_PAGE = re.compile(r'<metadata>.*?</metadata>|<style.*?</style>|font-family: [^;"]*;? ?', flags=re.DOTALL)
REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')

Draw = Callable[[Figure], None]
MOST_REMEMBERED = 200

_drawn: dict[bytes, str] = {}
P = ParamSpec("P")


def remembered(plot: Callable[P, str]) -> Callable[P, str]:
    """Return a function that gives what it has drawn before from memory: the report is written again after each family."""

    @wraps(plot)
    def remembering(*args: P.args, **kwargs: P.kwargs) -> str:
        key = pickle.dumps((plot.__name__, args, kwargs))
        found = _drawn.get(key)
        if found is None:
            if len(_drawn) >= MOST_REMEMBERED:
                _drawn.clear()
            _drawn[key] = found = plot(*args, **kwargs)
        return found

    return remembering


def as_svg(name: str, title: str, draw: Draw, *, width: float = WIDTH_INCHES, height: float | None = None, rows: int = 0) -> str:
    """Draw a figure, and return it as text that a page can hold beside others.

    Parameters
    ----------
    name : str
        Begins its identifiers, so that no other figure of the page shares them.
    title : str
        For those who cannot see it.
    draw : callable
        Draws on an empty figure.
    width, height : float
        In inches.
    rows : int
        In place of a height: how many rows it has.
    """
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=(width, height or 1.3 + ROW_INCHES * rows), layout="constrained")
        draw(figure)
        buffer = StringIO()
        figure.savefig(buffer, format="svg", transparent=True)
    inside = buffer.getvalue().split("<svg", maxsplit=1)[1].split(">", maxsplit=1)[1]
    inside = NOT_FOR_A_PAGE.sub("", inside).replace("xlink:href", "href")
    own = re.sub(r"\W", "-", name)
    inside = REFERENCE.sub(rf"\g<1>{own}-", inside)
    size = f"0 0 {POINTS_PER_INCH * figure.get_figwidth():g} {POINTS_PER_INCH * figure.get_figheight():g}"
    look = f"max-width: {CSS_PIXELS_PER_INCH * width:.0f}px; stroke-linejoin: round; stroke-linecap: butt"
    said = escape(title)
    return f'<svg viewBox="{size}" role="img" aria-label="{said}" style="{look}"><title>{said}</title>{inside}'
