"""Saved networks in NumPy: what answers loads in milliseconds and needs neither Keras nor TensorFlow, which take seconds to start.

A ``.keras`` file is a zip of a description of the network, ``config.json``, and of its weights, ``model.weights.h5``. The description
names each layer or operation and what it reads, sources first.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from models.networks.batches import SequenceStandardiser
from models.networks.model import NeuralModel
from models.networks.numpy_layers import LAYERS, Array, Layer, OnlyKerasError, Weights

WEIGHTS_FILE = "model.weights.h5"
DESCRIPTION_FILE = "config.json"
Values = dict[str, Array]
"""What each layer has given, by its name."""
Read = Callable[[Values], Any]
"""An argument of a layer: what others gave, or a constant."""


@dataclass(frozen=True, eq=False)
class Step:
    """A layer or operation, and what it reads.

    Attributes
    ----------
    name : str
        Of its result.
    layer : callable
        Computes the result.
    arguments : sequence of callable
        Each finds an argument among the earlier results.
    options : mapping of str to callable
        Likewise, for keyword arguments.
    """

    name: str
    layer: Layer
    arguments: Sequence[Read]
    options: Mapping[str, Read]

    def run(self, values: Values) -> None:
        """Add the result to the earlier ones."""
        options = {name: read(values) for name, read in self.options.items()}
        values[self.name] = self.layer(*(read(values) for read in self.arguments), **options)


@dataclass(frozen=True, eq=False)
class NumpyNetwork:
    """A forward pass.

    Attributes
    ----------
    inputs : tuple of str
        Names of the batch and of its mask.
    steps : tuple of Step
        Sources first; the last gives the logits.
    n_weights : int
        How many numbers it has learnt.
    """

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    n_weights: int

    def __call__(self, batch: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits, (n, n_emotions), of a batch, (n, n_steps, n_columns), and its mask, (n, n_steps)."""
        values: Values = dict(zip(self.inputs, (batch, mask), strict=True))
        for step in self.steps:
            step.run(values)
        return values[self.steps[-1].name]

    def count_params(self) -> int:
        """Return how many numbers it has learnt, as networks of Keras tell it."""
        return self.n_weights


def load_numpy_model(folder: Path) -> NeuralModel:
    """Return the model that a family of networks saved.

    Parameters
    ----------
    folder : Path
        With ``member<k>.keras`` and ``standardiser.npz``.

    Raises
    ------
    OnlyKerasError
        If a network has a layer that cannot be computed here.
    """
    networks: tuple[Any, ...] = tuple(read_network(file) for file in sorted(folder.glob("member*.keras")))
    return NeuralModel(SequenceStandardiser.load(folder), networks, networks)


def read_network(file: Path) -> NumpyNetwork:
    """Return the forward pass of a ``.keras`` file.

    Raises
    ------
    OnlyKerasError
        If it has a layer that cannot be computed here.
    """
    with zipfile.ZipFile(file) as members:
        description = json.loads(members.read(DESCRIPTION_FILE))["config"]
        with h5py.File(io.BytesIO(members.read(WEIGHTS_FILE)), "r") as weights:
            steps, n_weights = _steps(description["layers"], weights)
    (output, _, _), inputs = description["output_layers"], tuple(name for name, _, _ in description["input_layers"])
    if not steps or steps[-1].name != output:
        raise OnlyKerasError(file.name, "its last layer must give the logits", output)
    return NumpyNetwork(inputs, steps, n_weights)


def _steps(layers: Sequence[Mapping[str, Any]], weights: h5py.File) -> tuple[tuple[Step, ...], int]:
    """Return the layers but the inputs, and the number of all weights.

    The file of weights numbers the layers of each class in their order; operations have no weights.
    """
    n_of_class, steps, n_weights = Counter[str](), [], 0
    for layer in layers:
        kind = _snake_case(layer["class_name"])
        own = _weights_of(weights["layers"].get(f"{kind}_{n}" if (n := n_of_class[kind]) else kind))
        n_of_class[kind] += 1
        n_weights += sum(array.size for array in own)
        if layer["class_name"] != "InputLayer":
            steps.append(_step(layer, own))
    return tuple(steps), n_weights


def _step(layer: Mapping[str, Any], weights: Weights) -> Step:
    if layer["class_name"] not in LAYERS:
        raise OnlyKerasError(layer["name"], f"a network without Keras may have {', '.join(LAYERS)}", layer["class_name"])
    if len(layer["inbound_nodes"]) != 1:
        raise OnlyKerasError(layer["name"], "it must be used once", f"{len(layer['inbound_nodes'])} times")
    (node,) = layer["inbound_nodes"]
    compute = LAYERS[layer["class_name"]](layer["config"], weights)
    return Step(
        layer["name"],
        compute,
        [_reader(argument) for argument in node["args"]],
        {name: _reader(argument) for name, argument in node["kwargs"].items()},
    )


def _reader(described: Any) -> Read:
    """Return what finds an argument: a tensor by the name of its layer, a list of arguments, or a constant."""
    if isinstance(described, list):
        parts = [_reader(one) for one in described]
        return lambda values: [read(values) for read in parts]
    if not isinstance(described, dict):
        constant = np.float32(described) if isinstance(described, float) else described
        return lambda values: constant
    config = described["config"]
    if described["class_name"] == "__keras_tensor__":
        source = config["keras_history"][0]
        return lambda values: values[source]
    if described["class_name"] == "__slice__":
        part = slice(config["start"], config["stop"], config["step"])
        return lambda values: part
    if described["class_name"] == "__ellipsis__":
        return lambda values: ...
    raise OnlyKerasError("argument", "a layer without Keras reads tensors and numbers", described["class_name"])


def _weights_of(group: h5py.Group | None) -> Weights:
    """Return the arrays of a layer in the order in which it made them; those of two directions one after the other."""
    if group is None:
        return []
    if "forward_layer" in group:
        return [array for direction in ("forward_layer", "backward_layer") for array in _weights_of(group[direction]["cell"])]
    variables = group.get("vars", {})
    return [np.asarray(variables[name]) for name in sorted(variables, key=int)]


def _snake_case(name: str) -> str:
    """Return a class's name as Keras writes it in files: ``Conv1D`` is ``conv1d``, ``LayerNormalization`` has an underscore."""
    parts = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parts).lower()
