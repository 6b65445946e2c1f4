"""Traces: TensorFlow graphs of the forward pass and the training step, shared by all networks of one architecture.

Tracing a small network takes longer than several epochs of its training. A trace therefore belongs to an architecture and not to a
network: it has a network of its own, whose weights take the values of those that are trained, and its forward pass takes the weights
as an argument. Dropout rates, learning rate and weight decay are variables or arguments, so that they do not need new traces. What a
fit gives does not depend on the traces that exist, because it starts by setting every variable of its trace.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from models.family import Config
from models.networks.adamw import FlatAdamW
from models.networks.blocks import MASKED_SCORE
from models.networks.stand_ins import STAND_IN_PREFIX, has_stand_in, stand_ins

if TYPE_CHECKING:
    import keras

MAX_TRACES = 8
"""Architectures whose traces a process keeps; one takes about 25 MB."""
Step = Callable[..., None]
Forward = Callable[[Any, Any], Any]
"""From a batch and its mask to logits."""


class Trace:
    """The traces of one architecture; each is made by its first call, for clips of any length.

    Parameters
    ----------
    architecture : mapping
        From :func:`architecture_of`.
    """

    def __init__(self, architecture: Config) -> None:
        import keras

        self._network = keras.saving.deserialize_keras_object(dict(architecture), custom_objects=stand_ins())
        self._rates = [layer.variable_rate for layer in all_layers(self._network) if hasattr(layer, "variable_rate")]
        self._n_columns, self._n_emotions = self._network.inputs[0].shape[-1], self._network.outputs[0].shape[-1]
        self._optimizer: FlatAdamW | None = None
        self._lock = threading.Lock()
        self.forward = self._trace_forward()

    def _trace_forward(self) -> Callable[..., Any]:
        import tensorflow as tf

        weights = [
            [tf.TensorSpec(variable.shape, variable.dtype) for variable in variables]
            for variables in (self._network.trainable_variables, self._network.non_trainable_variables)
        ]
        batch = [tf.TensorSpec([None, None, self._n_columns]), tf.TensorSpec([None, None])]

        def forward(trainable: Any, others: Any, inputs: Any, mask: Any) -> Any:
            return self._network.stateless_call(trainable, others, [inputs, mask], training=False)[0]

        traced: Callable[..., Any] = tf.function(forward, input_signature=[*weights, *batch], autograph=False)
        return traced

    @contextmanager
    def training(self, network: keras.Model, *, weight_decay: float) -> Iterator[tuple[Step, Callable[[], None]]]:
        """Train a network of this architecture, which waits for other threads that do so.

        Parameters
        ----------
        network : keras.Model
            Gives the first weights, the state of its random numbers and the dropout rates.
        weight_decay : float >= 0
            Decay of each weight per step, as a share of the learning rate.

        Yields
        ------
        step : callable
            One update from (learning rate, inputs, mask, target distributions, possible emotions, example weights).
        write_back : callable
            Sets the variables of the network to those that the steps have reached.
        """
        import numpy as np

        with self._lock:
            if self._optimizer is None:
                self._optimizer = FlatAdamW([variable.value for variable in self._network.trainable_variables])
                self._step = self._trace_step(self._optimizer)
            copy_variables(network, self._network)
            self._optimizer.reset()
            rates = [layer.rate for layer in all_layers(network) if has_stand_in(type(layer).__name__) and hasattr(layer, "rate")]
            for variable, rate in zip(self._rates, [rate for rate in rates if rate > 0], strict=True):
                variable.assign(rate)
            decay = np.float32(weight_decay)
            yield (
                lambda rate, *batch: self._step(np.float32(rate), decay, *batch),
                lambda: copy_variables(self._network, network),
            )

    def _trace_step(self, optimizer: FlatAdamW) -> Callable[..., Any]:
        import keras
        import tensorflow as tf

        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        shapes: tuple[list[int | None], ...] = (
            [],
            [],
            [None, None, self._n_columns],
            [None, None],
            [None, self._n_emotions],
            [None, self._n_emotions],
            [None],
        )

        def step(rate: Any, decay: Any, inputs: Any, mask: Any, distributions: Any, possible: Any, weights: Any) -> None:
            with tf.GradientTape() as tape:
                logits = self._network([inputs, mask], training=True) + (1 - possible) * MASKED_SCORE
                value = loss(distributions, logits, sample_weight=weights)
            optimizer.apply(tape.gradient(value, optimizer.variables), rate=rate, decay=decay)

        signature = [tf.TensorSpec(shape) for shape in shapes]
        traced: Callable[..., Any] = tf.function(step, input_signature=signature, autograph=False)
        return traced


_traces: OrderedDict[str, Trace] = OrderedDict()
_traces_lock = threading.Lock()


def trace_of(network: keras.Model) -> Trace:
    """Return the trace of a network's architecture: the one that this process has, or a new one."""
    architecture = architecture_of(network)
    key = json.dumps(architecture, sort_keys=True)
    with _traces_lock:
        trace = _traces.pop(key, None) or Trace(architecture)
        _traces[key] = trace
        while len(_traces) > MAX_TRACES:
            _traces.popitem(last=False)
    return trace


def forget_traces() -> None:
    """Forget all traces of this process; models that use one keep it."""
    with _traces_lock:
        _traces.clear()


def architecture_of(network: keras.Model) -> dict[str, Any]:
    """Return what networks with equal traces have in common.

    This is Keras's description of a network with numbered names, without dropout rates, and with stand-ins for the layers that keep
    numbers outside their variables.
    """
    described: dict[str, Any] = _generalise(json.loads(network.to_json()), {})
    return {key: described[key] for key in ("module", "class_name", "config", "registered_name")}


def _generalise(described: Any, numbered: dict[str, str]) -> Any:
    """Return a description with numbered names and with stand-ins."""
    if isinstance(described, list):
        return [_generalise(one, numbered) for one in described]
    if not isinstance(described, dict) or described.get("class_name") == "DTypePolicy":
        return described
    if "keras_history" in described:
        name, *position = described["keras_history"]
        return {**described, "keras_history": [numbered[name], *position]}
    general = dict(described)
    if isinstance(described.get("name"), str):
        general["name"] = numbered.setdefault(described["name"], f"layer{len(numbered)}")
    for key, value in described.items():
        if key in ("input_layers", "output_layers"):
            general[key] = _number_references(value, numbered)
        elif key != "name":
            general[key] = _generalise(value, numbered)
    return _with_stand_in(general)


def _number_references(references: Any, numbered: dict[str, str]) -> Any:
    """Return ``[name, node, tensor]``, or a list of such references, with numbered names."""
    if isinstance(references[0], str):
        return [numbered[references[0]], *references[1:]]
    return [_number_references(one, numbered) for one in references]


def _with_stand_in(described: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a layer's stand-in if it has one; a layer that drops nothing needs none."""
    name = described.get("class_name", "")
    if not has_stand_in(name) or described["config"].get("rate") == 0:
        return described
    stand_in = STAND_IN_PREFIX + name
    config = {**described["config"], **({"rate": 0.5} if "rate" in described["config"] else {})}
    return {**described, "module": None, "class_name": stand_in, "registered_name": stand_in, "config": config}


def all_layers(network: keras.Model) -> Iterator[keras.Layer]:
    """Yield the layers of a network and of the networks nested in it."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from all_layers(layer)
        else:
            yield layer


def copy_variables(source: keras.Model, target: keras.Model) -> None:
    """Set every variable of a network to its value in another network of the same architecture."""
    for old, new in zip(target.variables, source.variables, strict=True):
        old.value.assign(new.value)


@dataclass(frozen=True, eq=False)
class TracedNetwork:
    """A network, and the trace of its architecture.

    Attributes
    ----------
    network : keras.Model
        Owns its weights.
    trace : Trace
        Shared with other networks.
    """

    network: keras.Model
    trace: Trace

    def __call__(self, batch: Any, mask: Any) -> Any:
        """Return logits of a batch and its mask, by the weights that the network has now."""
        return self.trace.forward(*self._weights, batch, mask)

    @property
    def _weights(self) -> tuple[list[Any], list[Any]]:
        trainable, others = self._variables
        return [variable.read_value() for variable in trainable], [variable.read_value() for variable in others]

    @cached_property
    def _variables(self) -> tuple[list[Any], list[Any]]:
        """TensorFlow's variables; Keras gathers them anew whenever it is asked."""
        kinds = (self.network.trainable_variables, self.network.non_trainable_variables)
        trainable, others = ([variable.value for variable in variables] for variables in kinds)
        return trainable, others


def trace_forward(network: keras.Model) -> TracedNetwork:
    """Return a network as a function from a batch and its mask to logits."""
    return TracedNetwork(network, trace_of(network))


def trace_alone(network: keras.Model) -> Forward:
    """Return a forward pass with a trace of its own, which its first call makes, for a network that learns no more.

    A clip costs half as much as by a shared trace, whose calls read every weight and pass it on.
    """
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # TensorFlow warns of retracing, but every network needs a trace of its own
    signature = [tf.TensorSpec([None, None, network.inputs[0].shape[-1]]), tf.TensorSpec([None, None])]

    def forward(batch: Any, mask: Any) -> Any:
        return network([batch, mask], training=False)

    traced: Forward = tf.function(forward, input_signature=signature, autograph=False)
    return traced
