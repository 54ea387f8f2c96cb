"""Exact parameters, multiply-adds and activations of a graph, operator by operator.

Numbers in, numbers out; symbols in, expressions out: the closed forms of ``featherbone.cost.formula`` are this very
count. MobileNetV2 takes about a millisecond, so a search can afford to count every design it looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from featherbone.cost.calls import NO_CALLS, Calls
from featherbone.cost.convention import PAPERS, Convention
from featherbone.cost.group import Group, by_scope
from featherbone.cost.row import Row, total
from featherbone.cost.rules import activations, multiply_adds, parameters
from featherbone.graph import Dim, Graph
from featherbone.graph.operators import Opaque


@dataclass(frozen=True, kw_only=True)
class Count:
    """The cost of a network: a row an operator, and totals. ``flops`` is 2 × ``macs``.

    >>> from featherbone.graph import image
    >>> found = count(image(3, 8).conv(4, 3, name="stem").graph("tiny"))
    >>> found.params, found.macs, found.flops, found.complete
    (108, 6912, 13824, True)

    ``params`` are those of the rows, and of what the graph holds ``unused``: ``unused_params`` are the latter alone.
    ``uncounted`` lists (name, label) of each operator whose multiply-adds no rule knows; the totals leave them out.
    """

    graph: Graph
    convention: Convention
    rows: tuple[Row, ...]
    params: Dim
    macs: Dim
    activations: Dim
    uncounted: tuple[tuple[str, str], ...]

    @property
    def unused_params(self) -> int:
        """Parameters that the network has and this input does not use."""
        return sum(prod(shape) for _, shape in self.graph.unused)

    @property
    def flops(self) -> Dim:
        return 2 * self.macs

    @property
    def complete(self) -> bool:
        """Whether every operator was counted."""
        return not self.uncounted

    def by_scope(self, depth: int = 1) -> tuple[Group, ...]:
        """The rows folded by the first ``depth`` parts of their names: 1 is stages, 2 is blocks."""
        return by_scope(self.rows, depth)

    def _repr_html_(self) -> str:
        from featherbone.cost.shown import count_as_html

        return count_as_html(self)

    def to_json(self) -> dict[str, Any]:
        """Totals and rows as JSON holds them; ``peak_memory`` in bytes of float32. Symbolic sizes become text."""
        from featherbone.cost.memory import peak_memory

        peak = None if self.graph.is_symbolic else peak_memory(self.graph).bytes
        totals = {
            "params": plain(self.params),
            "unused_params": self.unused_params,
            "macs": plain(self.macs),
            "flops": plain(self.flops),
            "activations": plain(self.activations),
            "peak_memory": peak,
        }
        rows = [
            {
                "name": row.name,
                "kind": row.kind,
                "description": row.description,
                "inputs": [[plain(size) for size in shape] for shape in row.inputs],
                "output": [plain(size) for size in row.output],
                "params": plain(row.params),
                "macs": plain(row.macs),
                "activations": plain(row.activations),
            }
            for row in self.rows
        ]
        return {
            "network": self.graph.name,
            "convention": self.convention.name,
            "totals": totals,
            "rows": rows,
            "unused": [{"name": name, "shape": list(shape)} for name, shape in self.graph.unused],
            "uncounted": [{"name": name, "label": label} for name, label in self.uncounted],
        }


def count(graph: Graph, convention: Convention = PAPERS, *, calls: Calls = NO_CALLS) -> Count:
    """Parameters, multiply-adds and activations of every operator, under a convention.

    >>> from featherbone.graph import image
    >>> cost = count(image(3, 224).conv(32, 3, stride=2).norm().act("relu6").graph("stem"))
    >>> cost.params, cost.macs, cost.activations
    (928, 10838016, 401408)
    >>> cost.rows[1].description
    'conv 3×3 /2'

    ``calls`` says how a module called each operator (``featherbone.importing.read`` gives it); only the conventions of
    other tools ask. Sums are integers, or sympy expressions where shapes hold symbols. Buffers (running statistics) are
    not parameters.
    """
    rows: list[Row] = []
    uncounted: list[tuple[str, str]] = []
    for node in graph.nodes:
        operator, inputs = node.operator, graph.input_shapes(node)
        if isinstance(operator, Opaque) and operator.macs is None:
            uncounted.append((node.name, operator.label))
        rows.append(
            Row(
                node.name,
                operator.kind,
                operator,
                inputs,
                node.shape,
                0 if node.shares else parameters(operator, inputs, convention),
                multiply_adds(operator, inputs, node.shape, convention, calls.get(node.name)),
                activations(operator, node.shape, convention),
            )
        )
    return Count(
        graph=graph,
        convention=convention,
        rows=tuple(rows),
        params=total([*(row.params for row in rows), *(prod(shape) for _, shape in graph.unused)]),
        macs=total([row.macs for row in rows]),
        activations=total([row.activations for row in rows]),
        uncounted=tuple(uncounted),
    )


def plain(value: Dim) -> int | str:
    """A size for JSON: a number, or the text of an expression."""
    return value if type(value) is int else str(value)
