"""What an operator needs to know of its surroundings to be written as Python."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.graph import Shape
from featherbone.graph.operators.window import Padding
from featherbone.nn.layers import number


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an operator stands: its node's name and layer, the variables it reads, the shapes around it."""

    name: str
    layer: str
    arguments: tuple[str, ...]
    inputs: tuple[Shape, ...]
    shape: Shape
    in_place: bool

    @property
    def x(self) -> str:
        return self.arguments[0]


def pad(x: str, padding: Padding, value: str = "") -> str:
    """``x`` with zeros (or ``value``) around it; torch names the last side first."""
    edges = [number(edge) for pair in reversed(padding) for edge in pair]
    return f"F.pad({x}, ({', '.join(edges)}){value and f', value={value}'})" if edges else x
