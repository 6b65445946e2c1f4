"""How emotions look: a colour for every emotion of a result, whatever its name, and short names for narrow places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from corpora.emotions import in_order

PALETTE: Mapping[str, tuple[str, str]] = {
    "neutral": ("#8a94a3", "#0f141b"),
    "calm": ("#56b4e9", "#0f141b"),
    "happy": ("#e69f00", "#0f141b"),
    "sad": ("#0072b2", "#ffffff"),
    "angry": ("#d55e00", "#0f141b"),
    "fearful": ("#cc79a7", "#0f141b"),
    "disgust": ("#009e73", "#0f141b"),
    "surprised": ("#f0e442", "#0f141b"),
}
"""Paper and ink of RAVDESS's emotions: Okabe and Ito's colours, which colour-blind people tell apart, and a grey."""

DARK_INK, LIGHT_INK = "#0f141b", "#ffffff"
MIN_CONTRAST = 4.5
"""Of ink on paper (WCAG 2.2, level AA)."""
LIGHTNESS = (0.35, 0.92)
"""OKLab; between them a paper stands out from the page, light or dark."""
LEVELS = tuple(range(0, 256, 15))
MIN_SHORT = 3

TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
"""Ottosson (2020), A perceptual color space for image processing: linear sRGB to LMS, its cube root to OKLab."""


def colours_of(emotion: str, among: Iterable[str] = ()) -> tuple[str, str]:
    """Return paper and ink of an emotion.

    Parameters
    ----------
    emotion : str
        Its name.
    among : iterable of str
        All emotions of the result; those that RAVDESS lacks get colours far from each other and from RAVDESS's.
    """
    if emotion in PALETTE:
        return PALETTE[emotion]
    others = [name for name in in_order({*among, emotion}) if name not in PALETTE]
    return generated(len(others))[others.index(emotion)]


@cache
def generated(n: int) -> tuple[tuple[str, str], ...]:
    """Return n pairs of paper and ink; each paper is the one farthest from all before it and from :data:`PALETTE`."""
    rgb = np.array(list(product(LEVELS, repeat=3)), dtype=np.float64)
    lab, contrasts = oklab(rgb), np.stack([_contrast(rgb, ink) for ink in (DARK_INK, LIGHT_INK)])
    allowed = (contrasts.max(axis=0) >= MIN_CONTRAST) & (lab[:, 0] >= LIGHTNESS[0]) & (lab[:, 0] <= LIGHTNESS[1])
    rgb, lab, is_dark_ink = rgb[allowed], lab[allowed], contrasts[0, allowed] >= contrasts[1, allowed]
    taken = oklab(np.array([_rgb(paper) for paper, _ in PALETTE.values()]))
    nearest = np.linalg.norm(lab[:, None] - taken[None], axis=2).min(axis=1)
    found = []
    for _ in range(n):
        best = int(nearest.argmax())
        red, green, blue = rgb[best].astype(int)
        found.append((f"#{red:02x}{green:02x}{blue:02x}", DARK_INK if is_dark_ink[best] else LIGHT_INK))
        nearest = np.minimum(nearest, np.linalg.norm(lab - lab[best], axis=1))
    return tuple(found)


def short_names(emotions: Iterable[str]) -> dict[str, str]:
    """Return for each emotion its first three letters, or as many as tell it from the others."""
    names = tuple(emotions)
    return {name: next((name[:n] for n in range(MIN_SHORT, len(name)) if _is_alone(name[:n], name, names)), name) for name in names}


def _is_alone(start: str, name: str, names: tuple[str, ...]) -> bool:
    return not any(other.startswith(start) for other in names if other != name)


def oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return OKLab coordinates of sRGB colours [shape=(n, 3), range 0 to 255], whose distances are as they are perceived."""
    return np.asarray(np.cbrt(_linear(rgb) @ TO_LMS.T) @ TO_LAB.T)


def _linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    values = rgb / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _contrast(rgb: NDArray[np.float64], ink: str) -> NDArray[np.float64]:
    weights = np.array([0.2126, 0.7152, 0.0722])
    paper, of_ink = _linear(rgb) @ weights, float(_linear(np.array(_rgb(ink))) @ weights)
    return (np.maximum(paper, of_ink) + 0.05) / (np.minimum(paper, of_ink) + 0.05)


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (float(int(colour[k : k + 2], 16)) for k in (1, 3, 5))
    return red, green, blue
