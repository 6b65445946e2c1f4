"""What the tabs share: how handlers are called, how mistakes are shown, and how audio leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from html import escape
from typing import Any, ParamSpec, TypeVar

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import EmotuneError

P = ParamSpec("P")
R = TypeVar("R")

N_AT_ONCE = 2
MAX_WAITING = 64
KEPT_SECONDS = 3600
"""How long a visitor's session stays after it was last used."""

html = partial(gr.HTML, apply_default_css=False, padding=False)

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "models", "concurrency_limit": N_AT_ONCE}


@dataclass(frozen=True, eq=False)
class Part:
    """What of a tab depends on the chosen result.

    Attributes
    ----------
    components : sequence of Gradio's components
        What changes.
    update : callable
        Given the result's key, returns a value or an update for each of them.
    """

    components: Sequence[Any]
    update: Callable[[str | None], Sequence[Any]]


def explained(handler: Callable[P, R]) -> Callable[P, R]:
    """Show a person's mistake as the sentence it is, on the page and to programs; anything else stays hidden."""

    @wraps(handler)
    def explain(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except EmotuneError as error:
            raise gr.Error(escape(str(error), quote=False), duration=None, title="Not possible", print_exception=False) from None

    return explain


def endpoint(
    handler: Callable[..., Any],
    inputs: list[Any],
    outputs: list[Any],
    *,
    name: str | None = None,
    concurrency: Mapping[str, Any] = PRIVATE,
) -> None:
    """Make a handler public under its own or another name, in the queue of the models or another one."""
    options = {**concurrency, "api_visibility": "public"}
    gr.Button(visible=False).click(handler, inputs, outputs, api_name=name or handler.__name__, **options)


def as_audio(samples: NDArray[np.float32]) -> tuple[int, NDArray[np.int16]]:
    """Return audio as Gradio plays it at its own loudness: whole numbers are not scaled."""
    return SAMPLE_RATE_HZ, np.round(np.clip(samples, -1, 1) * np.iinfo(np.int16).max).astype(np.int16)
