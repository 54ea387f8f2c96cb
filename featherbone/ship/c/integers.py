"""Integers as they are stored in C, and the factors, ends and sums by which one map becomes another.

A map is stored as its integers plus an offset: 0 where the values have a sign, 128 where they have none, as the vector
instructions of desktops want. Sums are of stored values; what the zero of a map adds to them is taken off the bias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.graph import Node, Shape
from featherbone.graph import operators as op
from featherbone.quantize import Grid, QuantizedNetwork, activation_table
from featherbone.quantize.rescale import Rescaling, added, rescaling
from featherbone.ship.c import moving
from featherbone.ship.c.call import places
from featherbone.ship.c.processor import Processor
from featherbone.ship.c.steps import CStep, Steps

LEVELS = np.arange(-128, 128, dtype=np.int8)
MOST = 2**31 - 2**10  # of a sum, before and after it is rescaled: 32 bits less what is added then


@dataclass(frozen=True, kw_only=True)
class IntegerNetwork:
    """What a call is made of: the network, its steps, a name in C for each node, the processor."""

    network: QuantizedNetwork
    steps: Steps
    names: Mapping[str, str]
    processor: Processor

    @property
    def offset(self) -> int:
        """Of stored values."""
        return self.processor.offset

    def grid(self, name: str) -> Grid:
        return self.network.grids[name]

    def zero(self, name: str) -> int:
        """The stored value that stands for zero."""
        return self.grid(name).zero + self.offset

    def stored(self, integers: np.ndarray) -> np.ndarray:
        """Integers of maps as they are stored."""
        values = integers.astype(np.int16) + self.offset
        return values.astype(np.uint8 if self.offset else np.int8)

    def shapes(self, node: Node) -> tuple[Shape, ...]:
        return self.network.graph.input_shapes(node)


def cuts_off(network: QuantizedNetwork, node: Node) -> bool:
    """Whether an activation only cuts off what is below and above two integers."""
    assert isinstance(node.operator, op.Activation)
    read, written = network.grids[node.inputs[0]], network.grids[node.name]
    if read != written:
        return False
    table = activation_table(node.operator.function, read, written)
    return np.array_equal(table, np.clip(LEVELS, table.min(), table.max()))


def copies(network: QuantizedNetwork, node: Node) -> bool:
    """Whether a node writes what it reads, in the order in which it is stored."""
    graph, operator = network.graph, node.operator
    if not isinstance(operator, (op.Dropout, op.Flatten, op.Activation)):
        return False
    if network.grids[node.inputs[0]] != network.grids[node.name]:
        return False
    if isinstance(operator, op.Activation):
        grid = network.grids[node.name]
        return np.array_equal(activation_table(operator.function, grid, grid), LEVELS)
    return not isinstance(operator, op.Flatten) or moving.flatten_copies(graph, node)


def ends_of(found: IntegerNetwork, name: str, activations: Sequence[Node]) -> dict[str, int]:
    """The zero of a map and the ends of its values, after activations that only cut off."""
    low, high = -128, 127
    for node in activations:
        assert isinstance(node.operator, op.Activation)
        table = activation_table(node.operator.function, found.grid(node.inputs[0]), found.grid(node.name))
        low, high = max(low, int(table.min())), min(high, int(table.max()))
    return {"zero": found.zero(name), "low": low + found.offset, "high": high + found.offset}


def sum_of(
    found: IntegerNetwork, step: CStep, node: Node, terms: Sequence[str], ends: Sequence[Node]
) -> dict[str, object]:
    """The fields of ``struct add``."""
    written = found.grid(node.name)
    grids = [found.grid(name) for name in terms]
    multipliers, shift = added([grid.step / written.step for grid in grids], 8)
    return {
        "count": len(terms),
        "length": places(node.shape) * int(node.shape[0]),
        "zeros": [found.zero(name) for name in terms],
        "multipliers": multipliers,
        "shift": shift,
        **ends_of(found, node.name, ends),
    }


def factor_of(found: IntegerNetwork, node: Node, factor: float | np.ndarray, most: float | np.ndarray) -> Rescaling:
    """The multiplier and shift of sums of at most this size."""
    if np.max(most) > MOST or np.max(np.asarray(most) * factor) > MOST:
        raise FeatherboneError(
            f"the sums of {node.name} do not fit into 32 bits",
            hint="quantize with images that are more alike what the network will see, or with fewer channels a layer",
        )
    return rescaling(factor)
