"""Which batch norms an exporter folds into the layer before them, as that computes the same with other weights."""

from __future__ import annotations

from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators import BatchNorm, Conv, ConvTranspose, Linear

LAYERS = (Conv, ConvTranspose, Linear)


def folded_norms(graph: Graph) -> dict[str, Node]:
    """For each layer with a norm that can be folded into it, by the layer's name: the norm.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).norm().conv(4, 3, name="stem").norm().act("relu").graph("tiny")
    >>> {layer: norm.name for layer, norm in folded_norms(graph).items()}
    {'stem': 'stem_norm'}

    The layer is a convolution, a transposed one or a linear one, and only the norm reads what it writes: folded, that
    exists no more.
    """
    readers = graph.consumers()
    found: dict[str, Node] = {}
    for node in graph.nodes:
        if isinstance(node.operator, BatchNorm):
            layer = graph[node.inputs[0]]
            alone = readers[layer.name] == [node] and layer.name not in graph.outputs
            if alone and isinstance(layer.operator, LAYERS):
                found[layer.name] = node
    return found
