"""Layer selection: the layers of the encoder, and the parts of them, that a head reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.whisper.layers import PARTS
from models.family import Examples

LAYERS = {"lower": (0.0, 0.5), "middle": (0.25, 0.75), "all": (0.0, 1.0)}
"""Selected layers, as shares of the encoder's depth: of four layers 1-2, 2-3 and 1-4."""
READOUTS = {"layers": ("layer",), "attended": ("attended",), "both": PARTS}
"""Selected parts of a layer: its frames, its attended values, or both."""
PERCENTILES = {"moments": (), "quartiles": (25, 75), "percentiles": (10, 25, 75, 90)}
"""Percentiles over the clip that a head reads in addition to mean and standard deviation."""


@dataclass(frozen=True)
class LayerSelection:
    """The columns of the encoder's steps that a head reads.

    Attributes
    ----------
    spans : sequence of (int, int)
        First column and end of each part.
    percentiles : sequence of int
        Percentiles of each column over the clip.
    """

    spans: Sequence[Sequence[int]]
    percentiles: Sequence[int]

    def __call__(self, steps: NDArray[Any]) -> NDArray[np.float32]:
        """Return statistics of the selected steps, (n_statistics * n,): means, standard deviations, percentiles."""
        selected = np.concatenate([steps[:, slice(*span)] for span in self.spans], axis=1).astype(np.float32)
        statistics = [selected.mean(axis=0), selected.std(axis=0)]
        if self.percentiles:
            statistics += list(np.percentile(selected, self.percentiles, axis=0).astype(np.float32))
        return np.concatenate(statistics)

    def of_examples(self, examples: Examples) -> Examples:
        """Return examples with the selection of their inputs."""
        return replace(examples, inputs=tuple(self(steps) for steps in examples.inputs))


def column_spans(layers: range, parts: Sequence[str], *, n_layers: int, n_columns: int) -> list[tuple[int, int]]:
    """Return the first column and the end of each selected part.

    Parameters
    ----------
    layers : range
        Selected layers, counted from 1.
    parts : sequence of str
        Selected members of :data:`~features.whisper.layers.PARTS`.
    n_layers, n_columns : int
        Layers of the encoder; columns of its steps.
    """
    n_of_part = n_columns // len(PARTS)
    first, end = (layer * n_of_part // n_layers for layer in (layers.start - 1, layers.stop - 1))
    return [(start + first, start + end) for start in (PARTS.index(part) * n_of_part for part in parts)]


def last_layer(spans: Sequence[Sequence[int]], *, n_layers: int, n_columns: int) -> int:
    """Return the uppermost layer, counted from 1, that some columns of the encoder's steps come from.

    Parameters
    ----------
    spans : sequence of (int, int)
        First column and end of each selected part.
    n_layers, n_columns : int
        As of :func:`column_spans`.
    """
    n_of_part = n_columns // len(PARTS)
    width = n_of_part // n_layers
    return max((end - 1) % n_of_part // width + 1 for _, end in spans)
