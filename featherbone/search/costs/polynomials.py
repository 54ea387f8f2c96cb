"""The exact costs of a block for any channels: polynomials that are read from the block's own graphs.

Each operator of a block reads and writes a number of channels that is a fixed multiple of M (in) or N (out) or their
sum, so that parameters and multiply-adds of one position are polynomials of degree two in M and N, and the bytes that
are alive at each step are linear. Six graphs fix such a polynomial, a seventh checks it. There is no second cost
function that could drift from the blocks: ``count`` and ``lifetimes`` read the graphs, this file only solves for what
they say. Sides stay open: every amount is kept apart by the kind of map that it belongs to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import numpy as np

from featherbone.cost import count
from featherbone.cost.memory import lifetimes
from featherbone.graph import Graph, Wire, image, scope
from featherbone.search.costs.file_size import FLOAT, TEXTS, float_bytes, int8_bytes
from featherbone.search.space.block_kinds import NARROWER, UNGROUPED, WIDER
from featherbone.search.space.design import Stage, Stem, block, head, stem

SIDE = 60  # of the maps that are read; no stride makes two kinds of map of one size
PLACES = 4  # kinds of map: in × in, in × out, out × out, and one value a channel
POWERS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))  # of M and N: what the six coefficients belong to
ALL = tuple(range(6))
# What is added up over a network: floats and int8 are what the two file sizes have beyond 4 and 1 bytes a parameter.
SUMS = ("macs", "params", "floats", "int8")
Points = tuple[tuple[int, int], ...]  # pairs (M, N), the last one is the check


@dataclass(frozen=True, kw_only=True)
class PartCosts:
    """The costs of one part of a network; every coefficient is an integer over ``denominator``.

    ``sums`` is (``SUMS``, places, powers): an amount for each position of each kind of map. ``memory`` is (steps,
    places, powers): bytes alive at each step, likewise.
    """

    denominator: int
    sums: np.ndarray
    memory: np.ndarray


def positions(side: int, stride: int) -> np.ndarray:
    """The positions of each kind of map, for a part that reads maps of ``side``.

    >>> positions(15, 2).tolist()
    [225, 120, 64, 1]
    """
    out = (side - 1) // stride + 1
    return np.array([side * side, side * out, out * out, 1])


@cache
def block_form(stage: Stage, stride: int, case: int) -> PartCosts:
    """The costs of one block of a stage; its width and depth do not matter.

    ``case`` says how M and N are related, as in ``case_of``.
    """
    step = math.lcm(4, stage.width)  # the width is the least that the block allows, and what it is a multiple of
    low = next(width for width in range(4, 4 * step + 1, 4) if (width % stage.groups != 0) == (case >= UNGROUPED))

    def build(channels: int, width: int) -> Graph:
        with scope("stage"):
            return block(image(channels, SIDE), replace(stage, width=width), stride=stride).graph("block")

    places: Points
    if case % UNGROUPED == WIDER:
        places = tuple((low + i * step, (5 + j) * step) for i, j in (*POWERS, (2, 2)))
    elif case % UNGROUPED == NARROWER:
        places = tuple((low + (5 + i) * step, (1 + j) * step) for i, j in (*POWERS, (2, 2)))
    else:
        places = tuple((width * step, width * step) for width in (1, 2, 3, 5))
    return _form(build, places, (SIDE - 1) // stride + 1, powers=_powers(places))


@cache
def stem_form(chosen: Stem, channels: int) -> PartCosts:
    """The costs of the stem for images of so many channels; they depend on N only."""

    def build(channels: int, width: int) -> Graph:
        return stem(image(channels, SIDE), replace(chosen, width=width)).graph("stem")

    places = tuple((channels, width) for width in (4, 8, 12, 20))
    return _form(build, places, (SIDE - 1) // chosen.stride + 1, powers=(0, 2, 5), keep_input=True)


@cache
def head_form(wide: bool, classes: int) -> PartCosts:
    """The costs of the head, with a pointwise convolution to N channels where it is ``wide``."""

    def build(channels: int, width: int) -> Graph:
        x: Wire = image(channels, SIDE)
        return head(x, width if wide else 0, classes=classes, act="relu").graph("head")

    if wide:
        return _form(build, tuple((4 + 4 * i, 4 + 4 * j) for i, j in (*POWERS, (2, 2))), 1, powers=ALL)
    return _form(build, tuple((4 * width, 4) for width in (1, 2, 3, 5)), 1, powers=(0, 1, 3))


def _powers(places: Points) -> tuple[int, ...]:
    """The powers that can be told apart: all six, or those of N where M is always the same as N."""
    return ALL if len(places) > 4 else (0, 2, 5)


def _form(
    build: Callable[[int, int], Graph], places: Points, out: int, *, powers: tuple[int, ...], keep_input: bool = False
) -> PartCosts:
    graphs = [build(*place) for place in places]
    read = [_amounts(graph, out, keep_input=keep_input) for graph in graphs]
    values = np.stack([np.concatenate([sums.ravel(), memory.ravel()]) for sums, memory in read])
    solver, denominator = _inverse(places[:-1], powers)
    solved = solver @ values[:-1]
    if not np.array_equal(_terms(places[-1:], powers)[0] @ solved, denominator * values[-1]):
        raise AssertionError(f"the costs of {graphs[0].name} are no polynomials of degree two in its channels")
    shared = math.gcd(denominator, *(int(value) for value in np.unique(solved)))
    coefficients = np.zeros((6, values.shape[1]), dtype=np.int64)
    coefficients[list(powers)] = solved // shared
    sums, memory = np.split(coefficients.T, [len(SUMS) * PLACES])
    return PartCosts(
        denominator=denominator // shared, sums=sums.reshape(len(SUMS), PLACES, 6), memory=memory.reshape(-1, PLACES, 6)
    )


def _amounts(graph: Graph, out: int, *, keep_input: bool) -> tuple[np.ndarray, np.ndarray]:
    """Everything that is read from one graph: sums and memory as in ``PartCosts``, for its channels."""
    counted = count(graph)
    sums = np.zeros((len(SUMS), PLACES), dtype=np.int64)
    for row in counted.rows:
        if row.macs:
            sums[0, _place(row.output, out)] += row.macs // math.prod(row.output[1:])
    texts = sum(TEXTS[node.operator.kind] for node in graph.nodes if keep_input or node.operator.kind != "input")
    params = int(counted.params)
    sums[1:, -1] = params, float_bytes(graph) + texts - FLOAT * params, int8_bytes(graph) + texts - params
    memory = np.zeros((len(graph.nodes), PLACES), dtype=np.int64)
    for storage in lifetimes(graph):
        shape = graph[storage.name].shape
        memory[storage.first : storage.last + 1, _place(shape, out)] += storage.bytes // math.prod(shape[1:])
    return sums, memory


def _place(shape: tuple[int, ...], out: int) -> int:
    """Which kind of map it is: the number of its sides that are the output's; vectors are one value a channel."""
    sides = shape[1:]
    if all(side == 1 for side in sides):
        return PLACES - 1
    return 0 if out == SIDE else sides.count(out)


@cache
def _inverse(places: Points, powers: tuple[int, ...]) -> tuple[np.ndarray, int]:
    """The inverse of the powers at these places, as integers over one denominator (Gauss and Jordan, exact)."""
    size = len(places)
    rows = [[Fraction(int(value)) for value in row] for row in _terms(places, powers)]
    rows = [row + [Fraction(int(place == other)) for other in range(size)] for place, row in enumerate(rows)]
    for place in range(size):
        pivot = next(row for row in range(place, size) if rows[row][place])
        rows[place], rows[pivot] = rows[pivot], rows[place]
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for other in range(size):
            if other != place and (factor := rows[other][place]):
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[place], strict=True)]
    denominator = math.lcm(*(value.denominator for row in rows for value in row[size:]))
    return np.array([[int(value * denominator) for value in row[size:]] for row in rows]), denominator


def _terms(places: Points, powers: tuple[int, ...]) -> np.ndarray:
    return np.array([[channels**m * width**n for m, n in POWERS] for channels, width in places])[:, powers]
