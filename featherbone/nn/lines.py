"""Which line of the generated source computes which node: how traces and profiles find their way back to the graph."""

from __future__ import annotations

from featherbone.graph import Graph
from featherbone.graph.operators import Input
from featherbone.nn.codegen import source


def operator_lines(graph: Graph) -> dict[int, str]:
    """For each line of ``source(graph)``, counted from 1, that computes a node: the node's name.

    >>> from featherbone.graph import image
    >>> graph = image(3, 32).conv(8, 3, name="stem").act("relu").graph("tiny")
    >>> lines = source(graph).splitlines()
    >>> [(lines[number - 1].strip(), name) for number, name in operator_lines(graph).items()]
    [('x = self.stem(x)', 'stem'), ('x = F.relu(x, inplace=True)', 'stem_act')]

    The source has one assignment an operator, in the graph's order; inputs are arguments and have no line.
    """
    lines = source(graph).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("    def forward("))
    assignments = [number for number, line in enumerate(lines, start=1) if number > start + 1 and " = " in line]
    names = [node.name for node in graph.nodes if not isinstance(node.operator, Input)]
    return dict(zip(assignments, names, strict=True))
