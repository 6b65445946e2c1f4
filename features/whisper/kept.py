"""What a run keeps of an encoder for its champion: the layers that it reads, in int8 or float16."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.whisper.weights import (
    SCALE_SUFFIX,
    Origin,
    WhisperConfig,
    digest_of,
    encoder_digest,
    quantise,
    read_origin,
    read_tensors,
    write_stored,
)

LAYER_NUMBER = re.compile(r"layers\.(\d+)\.")
QUANTISED = re.compile(r"(conv\d|layers\.\d+\..*(_proj|fc\d))\.weight")
"""Tensors that int8 applies to: the weights of linear layers and convolutions; norms, biases and positions stay in float16."""


class Precision(StrEnum):
    """How the numbers of a kept encoder are stored."""

    FLOAT16 = "float16"
    INT8 = "int8"


def keep_encoder(source: Path, target: Path, *, n_layers: int, precision: Precision) -> None:
    """Write the lower layers of an encoder to another folder.

    Parameters
    ----------
    source : Path
        Folder of a whole encoder.
    target : Path
        Made if needed.
    n_layers : int
        How many transformer layers to keep, from the input on.
    precision : Precision
        How to store the weights of linear layers and convolutions.
    """
    config = WhisperConfig.read(source)
    stored: dict[str, NDArray[Any]] = {}
    for name, tensor in read_tensors(source).items():
        number = LAYER_NUMBER.match(name)
        if number and int(number[1]) >= n_layers:
            continue
        if precision is Precision.INT8 and QUANTISED.fullmatch(name):
            stored[name], stored[name + SCALE_SUFFIX] = quantise(tensor)
        else:
            stored[name] = tensor.astype(np.float16)
    origin = Origin(config.encoder_layers, encoder_digest(source), digest_of(stored))
    write_stored(target, stored, config=replace(config, encoder_layers=n_layers), origin=origin)


def identity(folder: Path) -> str:
    """Return the digest of the whole encoder that a folder holds, or of which it holds what a run kept.

    A kept encoder that is not as it was written is an encoder of its own, so that no champion takes it for the one it learnt with.
    """
    origin, digest = read_origin(folder), encoder_digest(folder)
    return origin.encoder_sha256 if origin and digest == origin.kept_sha256 else digest


def n_layers_of_origin(folder: Path) -> int:
    """Return the number of transformer layers of the whole encoder."""
    origin = read_origin(folder)
    return origin.encoder_layers if origin else WhisperConfig.read(folder).encoder_layers
