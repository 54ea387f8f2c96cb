"""A graph as a table to read: one row an operator, grouped by its scope."""

from __future__ import annotations

from typing import Any

from featherbone.graph.dimension import Dim, Shape, volume
from featherbone.graph.graph import Graph
from featherbone.graph.operators import shape_text
from featherbone.notebook import folded, framed, table, told

HEADINGS = ("node", "operator", "reads", "writes", "parameters")


def rows(graph: Graph) -> list[tuple[str, str, str, str, str]]:
    """(node, operator, what it reads, the shape it writes, parameters) for each node, in order.

    What a node reads is left blank where it is the node before.
    """
    lines: list[tuple[str, str, str, str, str]] = []
    before = ""
    for node in graph.nodes:
        inputs = graph.input_shapes(node)
        reads = "" if node.inputs in ((), (before,)) else ", ".join(node.inputs)
        own = {} if node.shares else node.operator.parameters(*inputs)
        weights: Any = sum((volume(shape) for shape in own.values()), start=0)
        size = f"{weights:,}" if type(weights) is int else str(weights)
        lines.append(
            (node.name, node.operator.describe(*inputs), reads, shape_text(node.shape), size if weights else "")
        )
        before = node.name
    return lines


def as_text(graph: Graph) -> str:
    """
    >>> from featherbone.graph import image
    >>> print(image(3, 32).conv(8, 3, name="stem").graph("tiny"))
    tiny: 3×32×32 → 8×32×32, 1 operator, 216 parameters
    node   operator  reads  writes   parameters
    image  input            3×32×32
    stem   conv 3×3         8×32×32         216
    """
    lines = [HEADINGS, *rows(graph)]
    widths = [max(len(row[column]) for row in lines) for column in range(len(HEADINGS))]
    written = [
        "  ".join(
            cell.rjust(width) if column == len(HEADINGS) - 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in lines
    ]
    return "\n".join([summary(graph), *written])


def summary(graph: Graph) -> str:
    """The network in one line: what goes in and out, and how large it is."""
    total: Any = sum((volume(shape) for shape in graph.parameters().values()), start=0)
    ends = (
        f"{_shapes([node.shape for node in graph.inputs])} → {_shapes([graph[name].shape for name in graph.outputs])}"
    )
    operators = len(graph.nodes) - len(graph.inputs)
    return f"{graph.name}: {ends}, {operators} operator{'s' * (operators != 1)}, {_number(total)} parameters"


def as_html(graph: Graph) -> str:
    """A graph for a notebook: what it is, drawn with the parameters of each block, and its table behind a click."""
    from featherbone.graph.picture.diagram import diagram  # which stands above the graph that it draws

    own = {node.name: node.operator.parameters(*graph.input_shapes(node)) for node in graph.nodes if not node.shares}
    sizes: dict[str, Any] = {
        name: sum((volume(shape) for shape in tensors.values()), start=0) for name, tensors in own.items()
    }
    operators = table(HEADINGS, rows(graph), left=len(HEADINGS) - 1)
    if graph.is_symbolic or len(graph.nodes) == len(graph.inputs):
        return framed(told(summary(graph)), operators)
    drawn = diagram(graph, {name: (size, 0) for name, size in sizes.items()})
    return framed(told(summary(graph)), drawn, folded("every operator", operators))


def _shapes(shapes: list[Shape]) -> str:
    return ", ".join(shape_text(shape) for shape in shapes)


def _number(value: Dim) -> str:
    return f"{value:,}" if type(value) is int else str(value)
