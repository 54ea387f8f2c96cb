"""What one operator costs, in letters for the sizes that it reads and writes: printed once for all that are alike.

The letters: ``a`` channels in, on maps of ``h`` × ``w``; ``o`` channels out, on maps of ``y`` × ``x``; ``g`` groups.
The forms are what ``cost`` and the sizes of files say of the operator when it is asked with letters.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from featherbone.cost.convention import PAPERS
from featherbone.cost.rules import activations, multiply_adds, parameters
from featherbone.explore.javascript import expression
from featherbone.graph import Graph, Node, symbols
from featherbone.graph.operators import Input, Opaque, Operator
from featherbone.search.costs.file_size import int8_node_bytes

LETTERS = "ahwoyxg"
RESULTS = ("macs", "params", "activations", "int8")  # what a template gives, in this order
SIZES = ("out_channels", "out_features", "groups")  # fields of operators that sliders may change


@dataclass(kw_only=True)
class Templates:
    """The templates of a page, each with its number; ``of`` adds those that are new."""

    numbers: dict[str, int]
    forms: dict[tuple[Any, ...], str]

    @staticmethod
    def none() -> Templates:
        return Templates(numbers={}, forms={})

    def of(self, graph: Graph, node: Node, *, folded: bool) -> int:
        """The number of a node's template, -1 where it costs nothing."""
        key = _alike(graph, node, folded)
        if key not in self.forms:
            self.forms[key] = _form(graph, node, folded)
        form = self.forms[key]
        return self.numbers.setdefault(form, len(self.numbers)) if form else -1

    def code(self) -> str:
        """All of them, as an array of JavaScript."""
        return "[" + ",\n".join(self.numbers) + "]"


def groups_of(node: Node) -> int:
    """The groups of a convolution, 1 elsewhere."""
    return int(getattr(node.operator, "groups", 1))


def _alike(graph: Graph, node: Node, folded: bool) -> tuple[Any, ...]:
    """All that decides a template: the operator without the sizes that are letters in it."""
    operator = node.operator
    if isinstance(operator, Input):
        return ("input",)
    kept = tuple(getattr(operator, each.name) for each in fields(operator) if each.name not in SIZES)  # type: ignore[arg-type]
    shapes = graph.input_shapes(node)
    ranks = shapes if isinstance(operator, Opaque) else tuple(len(shape) for shape in shapes)
    return (operator.kind, kept, groups_of(node) == 1, bool(node.shares), folded, ranks, len(node.shape))


def _form(graph: Graph, node: Node, folded: bool) -> str:
    if isinstance(node.operator, Input):
        return ""
    a, h, w, o, y, x, g = symbols(" ".join(LETTERS))
    shapes = graph.input_shapes(node)
    letters = {"out_channels": o, "out_features": o, "groups": 1 if groups_of(node) == 1 else g}
    given: dict[str, Any] = {name: value for name, value in letters.items() if hasattr(node.operator, name)}
    operator: Operator = replace(node.operator, **given)  # type: ignore[type-var]
    # Only what reads one map has a cost that sizes change; a sum of maps costs nothing, whatever they are.
    read = shapes if len(shapes) != 1 or isinstance(operator, Opaque) else ((a, h, w)[: len(shapes[0])],)
    written = node.shape if isinstance(operator, Opaque) else (o, y, x)[: len(node.shape)]
    reads = tuple(Node(f"read{place}", Input(shape=shape), (), shape) for place, shape in enumerate(read))
    alone = Node("node", operator, tuple(each.name for each in reads), written, node.shares)
    values = (
        multiply_adds(operator, read, written, PAPERS),
        0 if node.shares else parameters(operator, read, PAPERS),
        activations(operator, written, PAPERS),
        int8_node_bytes(Graph(name="template", nodes=(*reads, alone), outputs=("node",)), alone, folded=folded),
    )
    if all(value == 0 for value in values):
        return ""
    return f"({','.join(LETTERS)})=>[{','.join(map(expression, values))}]"
