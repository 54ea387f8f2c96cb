"""A network as other projects compute it: another epsilon, another activation, other padding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from featherbone.graph import Graph
from featherbone.graph.graph import Node
from featherbone.graph.operators import Activation, AvgPool, BatchNorm, Conv, MaxPool, Operator
from featherbone.graph.padding import padding_of

TENSORFLOW_EPSILON = 1e-3


def with_epsilon(graph: Graph, epsilon: float) -> Graph:
    """The graph with this epsilon in every batch norm; weights say nothing of it, and another one changes outputs."""
    return _each(
        graph, lambda node: replace(node.operator, epsilon=epsilon) if isinstance(node.operator, BatchNorm) else None
    )


def with_activation(graph: Graph, function: str) -> Graph:
    """The graph with this activation wherever it had a ReLU."""

    def changed(node: Node) -> Operator | None:
        operator = node.operator
        relu = isinstance(operator, Activation) and operator.function == "relu"
        return Activation(function=function) if relu else None

    return _each(graph, changed)


def with_tensorflow_padding(graph: Graph) -> Graph:
    """The graph with TensorFlow's SAME padding wherever a window was padded.

    >>> from featherbone.graph import image
    >>> graph = with_tensorflow_padding(image(3, 224).conv(4, 3, stride=2).graph("tiny"))
    >>> graph["conv"].operator.padding
    ((0, 1), (0, 1))
    """

    def padded(node: Node) -> Operator | None:
        operator = node.operator
        if not isinstance(operator, Conv | MaxPool | AvgPool) or not any(map(any, operator.padding)):
            return None
        sides = graph.input_shapes(node)[0][1:]
        dilation = operator.dilation if isinstance(operator, Conv) else (1,) * len(sides)
        edges = padding_of(node.name, "tf_same", sides, operator.kernel, operator.stride, dilation)
        return replace(operator, padding=edges)

    return _each(graph, padded)


def with_symmetric_padding(graph: Graph) -> Graph:
    """The graph with the same padding at all edges wherever it had TensorFlow's; the maps keep their sizes.

    >>> from featherbone.graph import image
    >>> graph = with_symmetric_padding(image(3, 224).conv(4, 3, stride=2, padding="tf_same").graph("tiny"))
    >>> graph["conv"].operator.padding
    ((1, 1), (1, 1))
    """
    there = with_tensorflow_padding(graph)

    def padded(node: Node) -> Operator | None:
        operator = node.operator
        if not isinstance(operator, Conv | MaxPool | AvgPool) or there[node.name].operator != operator:
            return None
        if not any(before != after for before, after in operator.padding):
            return None
        dilation = operator.dilation if isinstance(operator, Conv) else (1,) * len(operator.kernel)
        sides = graph.input_shapes(node)[0][1:]
        return replace(
            operator, padding=padding_of(node.name, "same", sides, operator.kernel, operator.stride, dilation)
        )

    return _each(graph, padded)


def _each(graph: Graph, change: Callable[[Node], Operator | None]) -> Graph:
    entries = [(node.name, change(node) or node.operator, node.inputs) for node in graph.nodes]
    return Graph.build(graph.name, entries, graph.outputs, shares=_shares(graph))


def _shares(graph: Graph) -> dict[str, str]:
    return {node.name: node.shares for node in graph.nodes if node.shares}
