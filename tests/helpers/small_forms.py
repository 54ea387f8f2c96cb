"""Networks of the zoo with every operator that they have, as small as their settings allow."""

from __future__ import annotations

import math
from dataclasses import replace

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Shape
from featherbone.graph.graph import infer
from featherbone.graph.operators import Conv, Linear, Operator, Slice
from featherbone.networks import NETWORKS

SMALLEST = 32
HEAVY = 4_000_000  # parameters


def small_form(name: str) -> Graph:
    """A network with every operator that it has, as small as its settings allow; of a heavy one, a fourth."""
    network = NETWORKS[name]
    wanted = {"small": True, "width": 0.25, "classes": 10, "resolution": SMALLEST}
    settings = {key: value for key, value in wanted.items() if key in network.settings}
    try:
        graph = network(**settings)
    except FeatherboneError:  # its channels are to be a multiple of its groups
        graph = network(**{**settings, "width": 1.0})
    return quartered(graph) if count(graph).params > HEAVY else graph


def quartered(graph: Graph) -> Graph:
    """The same network with a fourth of the channels, and as many groups as these allow."""
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    shapes: dict[str, Shape] = {}
    for node in graph.nodes:
        operator = node.operator
        if isinstance(operator, Conv):
            reads, writes = shapes[node.inputs[0]][0], operator.out_channels // 4
            operator = replace(operator, out_channels=writes, groups=math.gcd(operator.groups, reads, writes))
        elif isinstance(operator, Linear) and node.name != graph.outputs[0]:
            operator = replace(operator, out_features=operator.out_features // 4)
        elif isinstance(operator, Slice):
            operator = replace(operator, start=operator.start // 4, stop=operator.stop // 4)
        entries.append((node.name, operator, node.inputs))
        shapes[node.name] = infer(node.name, operator, tuple(shapes[name] for name in node.inputs))
    return Graph.build(graph.name, entries, graph.outputs)
