"""Which batch norms can be folded into a layer beside them, as that computes the same with other weights."""

from __future__ import annotations

from dataclasses import replace

from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators import BatchNorm, Conv, ConvTranspose, Linear, Operator

LAYERS = (Conv, ConvTranspose, Linear)


def folded_norms(graph: Graph) -> dict[str, Node]:
    """For each layer with a norm that can be folded into it, by the layer's name: the norm.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).norm().conv(4, 3, name="stem").norm().act("relu").graph("tiny")
    >>> {layer: norm.name for layer, norm in folded_norms(graph).items()}
    {'stem': 'stem_norm'}

    The layer is a convolution, a transposed one or a linear one, and only the norm reads what it writes: folded, that
    exists no more. An exporter may fold shared weights too, as it writes them once for each call.
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


def own_norms(graph: Graph) -> dict[str, Node]:
    """Those of ``folded_norms`` that stay one layer: neither the layer's weights nor the norm's are shared."""
    sharing = _sharing(graph)
    return {layer: norm for layer, norm in folded_norms(graph).items() if not {layer, norm.name} & sharing}


def leading_norms(graph: Graph) -> dict[str, list[Node]]:
    """For each norm that can be folded into the layers that read it, by its name: those layers.

    >>> from featherbone.graph import image
    >>> x = image(3, 8).norm(name="first")
    >>> graph = x.pointwise(4, name="mix").graph("tiny", x.conv(4, 3, padding="valid", name="valid"))
    >>> {norm: [layer.name for layer in layers] for norm, layers in leading_norms(graph).items()}
    {'first': ['mix', 'valid']}

    All that read it must be linear layers, or convolutions without padding: zeros at an edge are added after the norm,
    and would be shifted with everything else.
    """
    readers, sharing = graph.consumers(), _sharing(graph)
    found: dict[str, list[Node]] = {}
    for node in graph.nodes:
        layers = readers[node.name]
        if isinstance(node.operator, BatchNorm) and layers and node.name not in graph.outputs:
            involved = {node.name, *(layer.name for layer in layers)}
            if not involved & sharing and all(_unpadded(layer.operator) for layer in layers):
                found[node.name] = layers
    return found


def without_norms(graph: Graph) -> Graph:
    """The graph with the norms of ``own_norms`` folded: they are gone, and the layers before them have biases.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 1).norm().act("relu").graph("tiny")
    >>> list(without_norms(graph).parameters())
    ['conv.weight', 'conv.bias']
    """
    while norms := own_norms(graph):
        graph = without(graph, {norm.name: layer for layer, norm in norms.items()}, biased=set(norms))
    return graph


def without(graph: Graph, gone: dict[str, str], *, biased: set[str]) -> Graph:
    """The graph without the nodes ``gone``, in whose place others are read; the layers ``biased`` have biases."""
    entries = [
        (
            node.name,
            _biased(node.operator) if node.name in biased else node.operator,
            tuple(gone.get(name, name) for name in node.inputs),
        )
        for node in graph.nodes
        if node.name not in gone
    ]
    outputs = tuple(gone.get(name, name) for name in graph.outputs)
    shares = {node.name: node.shares for node in graph.nodes if node.shares}
    return Graph.build(graph.name, entries, outputs, shares=shares, unused=graph.unused)


def _biased(operator: Operator) -> Operator:
    assert isinstance(operator, LAYERS), "what a norm is folded into"
    return replace(operator, bias=True)


def _unpadded(operator: Operator) -> bool:
    return isinstance(operator, Linear) or (isinstance(operator, Conv) and not any(map(any, operator.padding)))


def _sharing(graph: Graph) -> set[str]:
    return {name for node in graph.nodes if node.shares for name in (node.name, node.shares)}
