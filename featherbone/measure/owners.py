"""Which node of a graph a runtime computed within which operator of its profile, as runtimes fuse operators."""

from __future__ import annotations

from collections.abc import Collection

from featherbone.graph import Graph, Node

NORMS = frozenset({"batch_norm"})


def owners(graph: Graph, timed: Collection[str]) -> dict[str, str | None]:
    """For each node but the inputs, the timed node that it is computed with: itself, or what it was fused with.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 3, name="stem").norm().act("relu").graph("tiny")
    >>> owners(graph, {"stem_norm"})
    {'stem': 'stem_norm', 'stem_norm': 'stem_norm', 'stem_act': 'stem_norm'}

    A runtime names a fused operator after one of its nodes. A layer with weights that has no time of its own belongs
    to the next timed node after it; any other node to the layer that wrote the last of its inputs. A node for which
    there is no such operator has None.
    """
    forward = _next_timed(graph, timed)
    place = {node.name: index for index, node in enumerate(graph.nodes)}
    found: dict[str, str | None] = {}
    for node in graph.nodes:
        if node.operator.kind == "input":
            continue
        if node.name in timed:
            found[node.name] = node.name
        elif _is_layer(graph, node):
            found[node.name] = forward[node.name]
        else:
            written = sorted((name for name in node.inputs if name in found), key=place.__getitem__)
            found[node.name] = (found[written[-1]] if written else None) or forward[node.name]
    return found


def _next_timed(graph: Graph, timed: Collection[str]) -> dict[str, str | None]:
    """For each node the first timed one at or after it, along single readers and not beyond the next layer."""
    readers = graph.consumers()
    found: dict[str, str | None] = {}
    for node in reversed(graph.nodes):
        users = readers[node.name]
        if node.name in timed:
            found[node.name] = node.name
        elif len(users) == 1 and not _is_layer(graph, users[0]):
            found[node.name] = found[users[0].name]
        else:
            found[node.name] = None
    return found


def _is_layer(graph: Graph, node: Node) -> bool:
    """Whether it has weights of its own that nothing is folded into: a convolution or a linear layer."""
    return node.operator.kind not in NORMS and bool(node.operator.parameters(*graph.input_shapes(node)))
