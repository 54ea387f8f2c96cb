"""Layers that could change places: of one shape, on branches that run side by side."""

from __future__ import annotations

from featherbone.graph import Graph
from featherbone.graph.operators import BatchNorm


def interchangeable(graph: Graph) -> list[tuple[str, str]]:
    """Pairs of layers with weights of equal shapes, of which neither feeds the other.

    >>> from featherbone.graph import image
    >>> x = image(3, 8)
    >>> branches = x.conv(4, 1, name="left") + x.conv(4, 1, name="right")
    >>> interchangeable(branches.graph("two"))
    [('left', 'right')]

    Along one path the order decides; here nothing does. Batch norms go with the layer before them.
    """
    before: dict[str, set[str]] = {}  # for each node, every node that it depends on
    layers: dict[tuple[tuple[str, tuple[object, ...]], ...], list[str]] = {}
    pairs = []
    for node in graph.nodes:
        before[node.name] = set(node.inputs).union(*(before[name] for name in node.inputs))
        shapes = node.operator.parameters(*graph.input_shapes(node))
        if not shapes or node.shares or isinstance(node.operator, BatchNorm):
            continue
        alike = layers.setdefault(tuple(shapes.items()), [])
        pairs += [(other, node.name) for other in alike if other not in before[node.name]]
        alike.append(node.name)
    return pairs
