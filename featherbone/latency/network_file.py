"""A network as an ONNX file of the operators that an export has, with noise for weights: made in milliseconds.

An export by ``torch.onnx`` takes seconds, too long to calibrate on dozens of networks. ONNX Runtime makes the same
kernels of both. Norms behind convolutions are folded, and every convolution has the bias that this leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Node
from featherbone.graph import operators as op
from featherbone.latency.copies import ELEMENTWISE, OPSET
from featherbone.latency.sketch import folded


class NetworkFile:
    """A file being written."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._noise = graph, np.random.default_rng(0)
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        nodes, inputs = folded(graph)
        names: list[str] = []
        for node, read in zip(nodes, inputs, strict=True):
            names.append(self._written(node, [names[place] for place in read]))
        self._result = names[-1]

    def model(self) -> bytes:
        """The file: ``image`` (batch, channels, side, side) → one vector an image."""
        shape, written = self._graph.input_shape, self._graph.output_shape
        graph = helper.make_graph(
            self._nodes,
            self._graph.name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *shape])],
            [helper.make_tensor_value_info(self._result, TensorProto.FLOAT, ["batch", *written])],
            self._weights,
        )
        domains = [helper.make_opsetid("", OPSET)]
        proto: onnx.ModelProto = helper.make_model(graph, opset_imports=domains, ir_version=10)
        return bytes(proto.SerializeToString())

    def _written(self, node: Node, inputs: list[str]) -> str:
        write = WRITERS.get(type(node.operator))
        if write is None:
            raise FeatherboneError(
                f"{node.name} is {node.operator.kind}, which is not written without an export",
                hint="the network can be measured whole: featherbone time",
            )
        write(self, node, inputs)
        return "image" if isinstance(node.operator, op.Input) else node.name

    def _node(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def _constant(self, name: str, values: np.ndarray) -> str:
        self._weights.append(numpy_helper.from_array(values, name))
        return name

    def _noisy(self, name: str, shape: Sequence[int]) -> str:
        scale = 1 / math.sqrt(max(1, math.prod(shape[1:])))
        return self._constant(name, (scale * self._noise.standard_normal(shape)).astype(np.float32))

    def _input(self, node: Node, inputs: list[str]) -> None:
        """Nothing: the file's own input."""

    def _conv(self, node: Node, inputs: list[str]) -> None:
        operator, shapes = node.operator, self._graph.input_shapes(node)
        assert isinstance(operator, op.Conv)
        weight = self._noisy(f"{node.name}.weight", [int(size) for size in operator.parameters(*shapes)["weight"]])
        bias = self._noisy(f"{node.name}.bias", [int(node.shape[0])])
        self._node(
            "Conv",
            [*inputs, weight, bias],
            node.name,
            kernel_shape=operator.kernel,
            strides=operator.stride,
            pads=_edges(operator.padding),
            dilations=operator.dilation,
            group=operator.groups,
        )

    def _activation(self, node: Node, inputs: list[str]) -> None:
        function = node.operator.function  # type: ignore[attr-defined]
        if function == "hard_swish":
            self._node("HardSwish", inputs, node.name)
        elif function == "silu":
            gate = self._node("Sigmoid", inputs, f"{node.name}.gate")
            self._node("Mul", [*inputs, gate], node.name)
        elif function == "relu6":
            limits = [self._constant(f"{node.name}.{edge}", np.array(edge, np.float32)) for edge in (0, 6)]
            self._node("Clip", [*inputs, *limits], node.name)
        else:
            settings = {"leaky_relu": {"alpha": 0.01}, "hard_sigmoid": {"alpha": 1 / 6, "beta": 0.5}}
            self._node(ELEMENTWISE[function], inputs, node.name, **settings.get(function, {}))

    def _add(self, node: Node, inputs: list[str]) -> None:
        total = inputs[0]
        for number, other in enumerate(inputs[1:], start=2):
            total = self._node("Add", [total, other], node.name if number == len(inputs) else f"{node.name}.{number}")

    def _multiply(self, node: Node, inputs: list[str]) -> None:
        self._node("Mul", inputs, node.name)

    def _concat(self, node: Node, inputs: list[str]) -> None:
        self._node("Concat", inputs, node.name, axis=1)

    def _shuffle(self, node: Node, inputs: list[str]) -> None:
        (channels, *sides), groups = node.shape, node.operator.groups  # type: ignore[attr-defined]
        apart = self._constant(f"{node.name}.apart", np.array([-1, groups, channels // groups, *sides]))
        together = self._constant(f"{node.name}.together", np.array([-1, channels, *sides]))
        table = self._node("Reshape", [*inputs, apart], f"{node.name}.table", allowzero=1)
        turned = self._node("Transpose", [table], f"{node.name}.turned", perm=[0, 2, 1, *range(3, 3 + len(sides))])
        self._node("Reshape", [turned, together], node.name, allowzero=1)

    def _slice(self, node: Node, inputs: list[str]) -> None:
        operator = node.operator
        assert isinstance(operator, op.Slice)
        ends = {"start": operator.start, "stop": operator.stop, "axis": 1, "step": 1}
        places = [self._constant(f"{node.name}.{end}", np.array([place])) for end, place in ends.items()]
        self._node("Slice", [*inputs, *places], node.name)

    def _pool(self, node: Node, inputs: list[str]) -> None:
        operator = node.operator
        assert isinstance(operator, op.MaxPool | op.AvgPool)
        settings: dict[str, Any] = {}
        if isinstance(operator, op.AvgPool):
            settings["count_include_pad"] = int(operator.count_padding)
        self._node(
            "MaxPool" if isinstance(operator, op.MaxPool) else "AveragePool",
            inputs,
            node.name,
            kernel_shape=operator.kernel,
            strides=operator.stride,
            pads=_edges(operator.padding),
            ceil_mode=int(operator.ceil),
            **settings,
        )

    def _global_pool(self, node: Node, inputs: list[str]) -> None:
        kind = "ReduceMean" if node.operator.reduce == "avg" else "ReduceMax"  # type: ignore[attr-defined]
        axes = self._constant(f"{node.name}.axes", np.array([-1, -2]))
        self._node(kind, [*inputs, axes], node.name, keepdims=1)

    def _flatten(self, node: Node, inputs: list[str]) -> None:
        shape = self._constant(f"{node.name}.shape", np.array([-1, node.shape[0]]))
        self._node("Reshape", [*inputs, shape], node.name, allowzero=1)

    def _linear(self, node: Node, inputs: list[str]) -> None:
        reads, writes = int(self._graph.input_shapes(node)[0][0]), int(node.shape[0])
        weights = [self._noisy(f"{node.name}.weight", [writes, reads]), self._noisy(f"{node.name}.bias", [writes])]
        self._node("Gemm", [*inputs, *weights], node.name, transB=1)

    def _norm(self, node: Node, inputs: list[str]) -> None:
        channels = int(node.shape[0])
        settled = [self._constant(f"{node.name}.{part}", np.ones(channels, np.float32)) for part in "abcd"]
        self._node("BatchNormalization", [*inputs, *settled], node.name)


WRITERS: dict[type[op.Operator], Callable[[NetworkFile, Node, list[str]], None]] = {
    op.Activation: NetworkFile._activation,
    op.Add: NetworkFile._add,
    op.AvgPool: NetworkFile._pool,
    op.BatchNorm: NetworkFile._norm,
    op.ChannelShuffle: NetworkFile._shuffle,
    op.Concat: NetworkFile._concat,
    op.Conv: NetworkFile._conv,
    op.Flatten: NetworkFile._flatten,
    op.GlobalPool: NetworkFile._global_pool,
    op.Input: NetworkFile._input,
    op.Linear: NetworkFile._linear,
    op.MaxPool: NetworkFile._pool,
    op.Multiply: NetworkFile._multiply,
    op.Slice: NetworkFile._slice,
}


def network_file(graph: Graph) -> bytes:
    """The ONNX file of a network of the blocks' operators.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 3).norm().act("relu").global_pool().flatten().linear(2).graph("tiny")
    >>> [node.op_type for node in onnx.load_from_string(network_file(graph)).graph.node]
    ['Conv', 'Relu', 'ReduceMean', 'Reshape', 'Gemm']

    Raises:
        FeatherboneError: several inputs or outputs, or an operator that only an export knows how to write.
    """
    _ = graph.input_shape, graph.output_shape
    return NetworkFile(graph).model()


def _edges(padding: Sequence[tuple[object, object]]) -> list[object]:
    return [*(before for before, _ in padding), *(after for _, after in padding)]
