"""Each step of a network in float32 as a call in C."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from featherbone.graph import Node, Shape
from featherbone.graph import operators as op
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.ship.c import moving
from featherbone.ship.c.call import CCall, places, window
from featherbone.ship.c.layers import layer_call
from featherbone.ship.c.processor import Processor
from featherbone.ship.c.steps import CStep, Steps
from featherbone.ship.c.text import array, constant, float_number
from featherbone.ship.c.vectors import suits_vectors, vector_call
from featherbone.ship.c.weights import rows_of

ENDS = {"relu": (0.0, np.inf), "relu6": (0.0, 6.0)}
FUNCTIONS = {"tanh": "tanhf"}


@dataclass(frozen=True, kw_only=True)
class FloatNetwork:
    """What a call is made of: the network without norms, its steps, a name in C for each node, the processor."""

    network: TrainedGraph
    steps: Steps
    names: Mapping[str, str]
    processor: Processor

    def shapes(self, node: Node) -> tuple[Shape, ...]:
        return self.network.graph.input_shapes(node)

    def weight(self, key: str) -> np.ndarray:
        found: np.ndarray = self.network.weights[key].float().numpy()
        return found


def float_call(found: FloatNetwork, step: CStep) -> CCall:
    """The call of a step."""
    return CALLS[type(step.node.operator)](found, step)


def cuts_off(node: Node) -> bool:
    """Whether an activation only cuts off what is below and above two numbers."""
    assert isinstance(node.operator, op.Activation)
    return node.operator.function in ENDS


def copies(network: TrainedGraph, node: Node) -> bool:
    """Whether a node writes what it reads, in the order in which it is stored."""
    if isinstance(node.operator, op.Flatten):
        return moving.flatten_copies(network.graph, node)
    return isinstance(node.operator, op.Dropout)


def _ends(activations: Sequence[Node]) -> dict[str, float]:
    low, high = -np.inf, np.inf
    for node in activations:
        assert isinstance(node.operator, op.Activation)
        least, most = ENDS[node.operator.function]
        low, high = max(low, least), min(high, most)
    return {"low": float(low), "high": float(high)}


def _layer(found: FloatNetwork, step: CStep) -> CCall:
    node, name = step.node, found.names[step.node.name]
    rows = rows_of(found.network.graph, node, found.weight(f"{node.name}.weight"))
    has_bias = f"{node.name}.bias" in found.network.weights
    bias = found.weight(f"{node.name}.bias") if has_bias else np.zeros(len(rows), np.float32)
    constants = [array(f"{name}_bias", bias)]
    finish: dict[str, object] = {"bias": f"{name}_bias", **_ends(step.ends)}
    if step.sum is not None:
        constants.append(constant("struct add", f"{name}_added", _sum(step.sum, 2, step.sum_ends)))
        finish["add"] = f"&{name}_added"
    shape = found.shapes(node)[0]
    if found.processor.vectors and suits_vectors(node, shape):
        return vector_call(step, name, shape, rows, 0, constants, finish)
    constants.insert(0, array(f"{name}_weights", rows))
    return layer_call(step, name, shape, 0.0, constants, finish, 4)


def _sum(node: Node, count: int, ends: Sequence[Node]) -> dict[str, object]:
    return {"count": count, "length": places(node.shape) * int(node.shape[0]), **_ends(ends)}


def _add(found: FloatNetwork, step: CStep) -> CCall:
    node, name = step.node, found.names[step.node.name]
    terms = [found.steps.map_of(each) for each in node.inputs]
    return CCall(
        lines=(moving.add_line(name, len(terms)),),
        kernels=("add",),
        constants=(constant("struct add", f"{name}_settings", _sum(node, len(terms), step.ends)),),
        over=tuple(terms),
    )


def _multiply(found: FloatNetwork, step: CStep) -> CCall:
    node, name = step.node, found.names[step.node.name]
    settings = {**moving.stretched(node, found.shapes(node)), **_ends(step.ends)}
    return CCall(
        lines=(f"multiply(&{name}_settings, $read0, $read1, $written);",),
        kernels=("multiply",),
        constants=(constant("struct multiply", f"{name}_settings", settings),),
        over=moving.whole(step, node, found.shapes(node)),
    )


def _activation(found: FloatNetwork, step: CStep) -> CCall:
    node, operator = step.node, step.node.operator
    assert isinstance(operator, op.Activation)
    function = FUNCTIONS.get(operator.function, operator.function)
    return CCall(
        lines=(f"activation({places(node.shape) * int(node.shape[0])}, {function}, $read0, $written);",),
        kernels=("activation",),
        over=(found.steps.map_of(node.inputs[0]),),
    )


def _concat(found: FloatNetwork, step: CStep) -> CCall:
    node, lines, at = step.node, [], 0
    for part, shape in enumerate(found.shapes(node)):
        channels = int(shape[0])
        lines.append(moving.copy_line(places(node.shape), channels, f"$read{part}", channels, at, int(node.shape[0])))
        at += channels
    return CCall(lines=tuple(lines), kernels=("moves",))


def _average(found: FloatNetwork, step: CStep) -> CCall:
    node, shape = step.node, found.shapes(step.node)[0]
    mean = {"read_zero": 0.0, **_ends(step.ends)}
    return moving.average_call(step, found.names[node.name], shape, window(node, shape), mean)


def _response_norm(found: FloatNetwork, step: CStep) -> CCall:
    node, operator = step.node, step.node.operator
    assert isinstance(operator, op.LocalResponseNorm)
    numbers = ", ".join(float_number(value) for value in (operator.alpha, operator.beta, operator.k))
    sizes = f"{places(node.shape)}, {node.shape[0]}, {operator.size}"
    return CCall(lines=(f"local_response_norm({sizes}, {numbers}, $read0, $written);",), kernels=("response_norm",))


def _moved(move: Callable[[str, Node, Shape, int | float], CCall]) -> Callable[[FloatNetwork, CStep], CCall]:
    """What moves values and changes none."""

    def call(found: FloatNetwork, step: CStep) -> CCall:
        return move(found.names[step.node.name], step.node, found.shapes(step.node)[0], 0)

    return call


_maximum = _moved(moving.max_pool)
_nearest = _moved(moving.nearest)


def _global(found: FloatNetwork, step: CStep) -> CCall:
    assert isinstance(step.node.operator, op.GlobalPool)
    return _average(found, step) if step.node.operator.reduce == "avg" else _maximum(found, step)


def _resize(found: FloatNetwork, step: CStep) -> CCall:
    node = step.node
    assert isinstance(node.operator, op.Resize)
    if node.operator.mode == "nearest":
        return _nearest(found, step)
    return moving.bilinear_call(
        found.names[node.name], node, found.shapes(node)[0], {"read_zero": 0.0, **_ends(step.ends)}, None
    )


CALLS: dict[type[op.Operator], Callable[[FloatNetwork, CStep], CCall]] = {
    op.Conv: _layer,
    op.ConvTranspose: _layer,
    op.Linear: _layer,
    op.Add: _add,
    op.Multiply: _multiply,
    op.Activation: _activation,
    op.Concat: _concat,
    op.AvgPool: _average,
    op.GlobalPool: _global,
    op.MaxPool: _maximum,
    op.Resize: _resize,
    op.LocalResponseNorm: _response_norm,
    op.Flatten: _moved(moving.flatten),
    op.Slice: _moved(moving.cut),
    op.ChannelShuffle: _moved(moving.shuffle),
    op.Reorder: _moved(moving.reorder),
    op.PadChannels: _moved(moving.pad_channels),
    op.Dropout: _moved(moving.copy),
}
