"""The size of the model file that a network becomes, known before it is trained: an upper bound, close and additive.

A model file holds numbers and texts. In float32 every parameter and every running statistic takes 4 bytes. In int8 a
weight of a convolution or a linear layer takes 1 byte, with one float32 scale for each output channel (symmetric, per
channel, no zero points); a norm is folded into the convolution before it and leaves one bias of 4 bytes a channel, as a
bias itself takes. Texts are the description of each operator and the table of its tensors; since their lengths depend
on names and digits, each kind of operator is charged the most that it needs in a design, or what it needs where that is
more. What remains (checksums, class names, preprocessing, provenance) is reserved for the whole file.
"""

from __future__ import annotations

import json
from typing import Any

from featherbone.graph import Dim, Graph, Node, Shape
from featherbone.graph.dimension import volume
from featherbone.graph.folding import folded_norms
from featherbone.graph.operators import Conv, Linear
from featherbone.graph.text import to_dict

FILE_HEAD = 2560  # bytes besides tensors and graph: checksums, preprocessing, provenance
FLOAT = 4
OFFSET = 10**8  # longer than any offset of a small file; a larger file's few digits more are in the reserve
TEXTS = {
    "activation": 176,
    "add": 152,
    "avg_pool": 192,
    "batch_norm": 608,
    "channel_shuffle": 136,
    "concat": 176,
    "conv": 384,
    "flatten": 88,
    "global_pool": 120,
    "input": 96,
    "linear": 296,
    "max_pool": 192,
    "multiply": 160,
    "slice": 144,
}


def float_bytes(graph: Graph) -> int:
    """Bytes of all numbers in float32.

    >>> from featherbone.graph import image
    >>> float_bytes(image(1, 8).conv(4, 3).norm().graph("tiny"))  # 36 weights, 4 × 4 of the norm
    208
    """
    return FLOAT * int(sum(elements(shape) for node in graph.nodes for shape in _tensors(graph, node).values()))


def int8_bytes(graph: Graph) -> int:
    """Bytes of all numbers when weights are int8 and norms are folded.

    >>> from featherbone.graph import image
    >>> int8_bytes(image(1, 8).conv(4, 3).norm().graph("tiny"))  # 36 weights, 4 scales, 4 biases
    68
    """
    norms = {norm.name for norm in folded_norms(graph).values()}
    return int(sum(int8_node_bytes(graph, node, folded=node.name in norms) for node in graph.nodes))


def int8_node_bytes(graph: Graph, node: Node, *, folded: bool) -> Dim:
    """What one node adds to ``int8_bytes``; ``folded`` says that it is a norm that goes into the convolution before it.

    >>> from featherbone.graph import image, symbols
    >>> M, N = symbols("M N")
    >>> graph = image(M, 8).conv(N, 3).graph("symbolic")
    >>> int8_node_bytes(graph, graph["conv"], folded=False)
    9*M*N + 4*N
    """
    tensors: Any = _tensors(graph, node)
    if isinstance(node.operator, Conv | Linear) and tensors:
        weight = tensors["weight"]
        return elements(weight) + FLOAT * (weight[0] + elements(tensors.get("bias", (0,))))
    if folded:
        return FLOAT * elements(node.shape[:1])
    return FLOAT * sum(elements(shape) for shape in tensors.values())


def text_bytes(graph: Graph) -> int:
    """Bytes of the descriptions of operators and tensors, at most."""
    described = to_dict(graph)["nodes"]
    return sum(_text(graph, node, words) for node, words in zip(graph.nodes, described, strict=True))


def _text(graph: Graph, node: Node, words: dict[str, object]) -> int:
    length = len(json.dumps(json.dumps(words)))
    for name, shape in _tensors(graph, node).items():
        entry = {f"{node.name}.{name}": {"dtype": "F32", "shape": shape, "data_offsets": (OFFSET - 1, OFFSET - 1)}}
        length += len(json.dumps(entry, separators=(",", ":")))
    return max(length, TEXTS.get(node.operator.kind, 0))


def _tensors(graph: Graph, node: Node) -> dict[str, Shape]:
    if node.shares:
        return {}
    inputs = graph.input_shapes(node)
    return {**node.operator.parameters(*inputs), **node.operator.buffers(*inputs)}


def elements(shape: tuple[Dim, ...]) -> Any:
    """The numbers of a tensor, which may be an expression."""
    return volume(shape)
