"""One line of a count: what one operator costs; and the sum of such costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from featherbone.graph import Dim, Shape
from featherbone.graph.operators import Operator


class Row(NamedTuple):
    """What one operator costs: its place in the network, the shapes it reads and writes, and the three counts.

    >>> from featherbone.cost import count
    >>> from featherbone.graph import image
    >>> row = count(image(3, 8).conv(4, 3, name="stem").graph("tiny")).rows[1]
    >>> row.name, row.output, row.macs
    ('stem', (4, 8, 8), 6912)
    """

    name: str
    kind: str
    operator: Operator
    inputs: tuple[Shape, ...]
    output: Shape
    params: Dim
    macs: Dim
    activations: Dim

    @property
    def description(self) -> str:
        """A few words, such as ``conv 3×3 /2``."""
        return self.operator.describe(*self.inputs)


def total(values: Iterable[Dim]) -> Dim:
    """The sum, of numbers or expressions."""
    terms = list(values)
    if {int}.issuperset(map(type, terms)):
        return sum(terms)
    import sympy

    result: Dim = sympy.Add(*terms)  # one sum: adding term by term would sort them again each time
    return result
