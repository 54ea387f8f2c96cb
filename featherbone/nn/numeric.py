"""A network with numbers for sizes, as what computes it needs."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.dimension import is_symbolic


def require_numbers(graph: Graph, so: str) -> None:
    """Raise unless every size of a map and of a weight is a number; ``so`` says what cannot be done otherwise.

    >>> from featherbone.graph import image, symbols
    >>> require_numbers(image(3, symbols("I")[0]).graph("open"), "it cannot be drawn")
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: image has the symbolic size I, so it cannot be drawn (build the network with \
numbers instead of symbols)

    Raises:
        FeatherboneError: with the first node that has another size.
    """
    for node in graph.nodes:
        weights = node.operator.parameters(*graph.input_shapes(node)).values()
        unknown = next((size for shape in (node.shape, *weights) for size in shape if is_symbolic(size)), None)
        if unknown is not None:
            raise FeatherboneError(
                f"{node.name} has the symbolic size {unknown}, so {so}",
                hint="build the network with numbers instead of symbols",
            )
