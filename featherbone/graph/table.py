"""A graph as a table to read: one row an operator, grouped by its scope."""

from __future__ import annotations

import html
from typing import Any

from featherbone.graph.dimension import Dim, Shape, volume
from featherbone.graph.graph import Graph
from featherbone.graph.operators import shape_text

HEADINGS = ("node", "operator", "reads", "writes", "parameters")


def rows(graph: Graph) -> list[tuple[str, str, str, str, str]]:
    """(node, operator, what it reads, the shape it writes, parameters) for each node, in order.

    What a node reads is left blank where it is the node before.
    """
    table: list[tuple[str, str, str, str, str]] = []
    before = ""
    for node in graph.nodes:
        inputs = graph.input_shapes(node)
        reads = "" if node.inputs in ((), (before,)) else ", ".join(node.inputs)
        own = {} if node.shares else node.operator.parameters(*inputs)
        weights: Any = sum((volume(shape) for shape in own.values()), start=0)
        size = f"{weights:,}" if type(weights) is int else str(weights)
        table.append(
            (node.name, node.operator.describe(*inputs), reads, shape_text(node.shape), size if weights else "")
        )
        before = node.name
    return table


def as_text(graph: Graph) -> str:
    """
    >>> from featherbone.graph import image
    >>> print(image(3, 32).conv(8, 3, name="stem").graph("tiny"))
    tiny: 3×32×32 → 8×32×32, 1 operator, 216 parameters
    node   operator  reads  writes   parameters
    image  input            3×32×32
    stem   conv 3×3         8×32×32         216
    """
    table = [HEADINGS, *rows(graph)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(
            cell.rjust(width) if column == len(HEADINGS) - 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    return "\n".join([summary(graph), *lines])


def summary(graph: Graph) -> str:
    """The network in one line: what goes in and out, and how large it is."""
    total: Any = sum((volume(shape) for shape in graph.parameters().values()), start=0)
    ends = (
        f"{_shapes([node.shape for node in graph.inputs])} → {_shapes([graph[name].shape for name in graph.outputs])}"
    )
    operators = len(graph.nodes) - len(graph.inputs)
    return f"{graph.name}: {ends}, {operators} operator{'s' * (operators != 1)}, {_number(total)} parameters"


def as_html(graph: Graph) -> str:
    """The table of a graph as HTML, for a notebook."""
    head = "".join(f"<th style='text-align:left'>{heading}</th>" for heading in HEADINGS)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows(graph)
    )
    return f"<p>{html.escape(summary(graph))}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _shapes(shapes: list[Shape]) -> str:
    return ", ".join(shape_text(shape) for shape in shapes)


def _number(value: Dim) -> str:
    return f"{value:,}" if type(value) is int else str(value)
