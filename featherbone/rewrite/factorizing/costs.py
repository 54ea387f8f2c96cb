"""What a layer costs as it is and in a form, and up to which rank a form saves anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from featherbone.cost import count
from featherbone.graph import Graph, Shape
from featherbone.graph.operators import Operator
from featherbone.rewrite.factorizing.form import Form, alone


class LayerCost(NamedTuple):
    """Multiply-adds and parameters."""

    macs: int
    params: int


def cost_of(operators: Sequence[Operator], read: Shape) -> LayerCost:
    """What a chain of operators costs that reads a map of this shape.

    >>> from featherbone.graph.operators import Conv
    >>> cost_of([Conv(out_channels=4, kernel=(1, 1)), Conv(out_channels=8, kernel=(1, 1))], (16, 2, 2))
    LayerCost(macs=384, params=96)
    """
    counted = count(alone("layer", tuple(operators), read))
    return LayerCost(int(counted.macs), int(counted.params))


def paying_ranks(graph: Graph, layer: str, form: Form) -> list[int]:
    """The ranks at which a form that applies to a layer has fewer multiply-adds than the layer.

    >>> from featherbone.graph import image
    >>> from featherbone.rewrite.factorizing.catalogue import FORMS
    >>> paying_ranks(image(8, 8).conv(8, 3, name="a").graph("tiny"), "a", FORMS["pointwise_after"])
    [1, 2, 3, 4, 5, 6, 7]
    """
    node, (read,) = graph[layer], graph.input_shapes(graph[layer])
    whole = cost_of([node.operator], read).macs
    ranks = form.ranks(node.operator, read)  # type: ignore[arg-type]  # a form that applies takes the operator
    low, high = 0, len(ranks)
    while low < high:  # a larger rank costs more
        middle = (low + high) // 2
        if form_cost(graph, layer, form, ranks[middle]).macs < whole:
            low = middle + 1
        else:
            high = middle
    return list(ranks[:low])


def form_cost(graph: Graph, layer: str, form: Form, rank: int) -> LayerCost:
    """What a layer costs in a form that applies to it."""
    node, (read,) = graph[layer], graph.input_shapes(graph[layer])
    return cost_of(form.chain(node.operator, read, rank), read)  # type: ignore[arg-type]


def layer_cost(graph: Graph, layer: str) -> LayerCost:
    """What a layer costs as it is."""
    node = graph[layer]
    return cost_of([node.operator], graph.input_shapes(node)[0])
