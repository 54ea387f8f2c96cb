"""Everything that a network costs, line by line: counts, bytes moved, intensity, shares, receptive fields, peak memory.

A line is an operator, or the operators of a scope folded together. ``featherbone.cost.table_formats`` writes it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featherbone.cost.compare import layers
from featherbone.cost.count import Count
from featherbone.cost.group import Group
from featherbone.cost.memory import PeakMemory, peak_memory
from featherbone.cost.movement import bytes_moved
from featherbone.cost.receptive import ReceptiveField, receptive_fields
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.dimension import Shape

AMOUNTS = ("params", "macs", "activations", "bytes")
ORDERS = (*AMOUNTS, "intensity")
SCOPE = "scope"  # the kind of a line that folds several operators
UNUSED = "unused"  # and of the line for parameters that no operator reads; no operator can have its name, (unused)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One operator, or one scope: what it reads and writes, and what it costs.

    ``bytes`` are those of weights, inputs and outputs of each operator by itself; ``field`` is the receptive field of
    what is written, in elements of the network's input.
    """

    name: str
    kind: str
    description: str
    inputs: tuple[Shape, ...]
    output: Shape
    params: int
    macs: int
    activations: int
    bytes: int
    field: ReceptiveField | None

    @property
    def intensity(self) -> float | None:
        """Multiply-adds for each byte moved; ``None`` where nothing moves."""
        return self.macs / self.bytes if self.bytes else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Constant:
    """Numbers of a file that are no parameters: a ``table`` that an exporter wrote, or a step of ``quantization``."""

    name: str
    shape: Shape
    role: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """The lines of a count, in the order asked for, with totals and the peak of the activations' memory.

    ``depth`` is how many parts of the names were kept in folding, ``None`` where each operator has a line. ``notes``
    and ``constants`` are what is to be said of the file or model that was counted.
    """

    count: Count
    lines: tuple[Line, ...]
    bytes: int
    peak: PeakMemory
    depth: int | None
    notes: tuple[str, ...] = ()
    constants: tuple[Constant, ...] = ()

    @property
    def dtype(self) -> str:
        return self.peak.dtype

    @property
    def layers(self) -> int:
        """Convolutions and linear layers."""
        return layers(self.count)

    @property
    def intensity(self) -> float | None:
        return int(self.count.macs) / self.bytes if self.bytes else None

    def total(self, what: str) -> int:
        """The sum over all lines of one of ``AMOUNTS``."""
        return self.bytes if what == "bytes" else int(getattr(self.count, what))

    def share(self, line: Line, what: str) -> float | None:
        """A line's part of the whole, 0 to 1; ``None`` of nothing."""
        whole = self.total(what)
        return getattr(line, what) / whole if whole else None


def cost_table(counted: Count, *, dtype: str = "float32", depth: int | None = None, sort: str | None = None) -> Table:
    """The table of a count: a line an operator, or folded by the first ``depth`` parts of their names.

    >>> from featherbone.cost import count
    >>> from featherbone.networks import network
    >>> table = cost_table(count(network("mobilenet_v2")), depth=1, sort="macs")
    >>> [(line.name, line.macs, round(line.intensity, 1)) for line in table.lines[:2]]
    [('stage5', 58103808, 3.4), ('stage2', 54942720, 0.9)]

    Args:
        dtype: of weights and maps: float32, float16, bfloat16 or int8.
        sort: largest first by params, macs, activations, bytes or intensity; ``None`` is the network's order.

    Raises:
        FeatherboneError: an unknown dtype or order, a depth below 1, symbolic sizes.
    """
    if sort is not None and sort not in ORDERS:
        raise FeatherboneError(f"cannot sort by {sort!r}", hint=did_you_mean(sort, ORDERS))
    graph = counted.graph
    moved, fields = bytes_moved(graph, dtype), receptive_fields(graph)
    lines = _operators(counted, moved, fields) if depth is None else _scopes(counted, depth, moved, fields)
    if graph.unused:
        lines.append(_unused(counted))
    if sort is not None:
        lines.sort(key=lambda line: getattr(line, sort) or 0, reverse=True)
    return Table(
        count=counted, lines=tuple(lines), bytes=sum(moved.values()), peak=peak_memory(graph, dtype), depth=depth
    )


def _operators(counted: Count, moved: dict[str, int], fields: dict[str, ReceptiveField | None]) -> list[Line]:
    return [
        Line(
            name=row.name,
            kind=row.kind,
            description=row.description,
            inputs=row.inputs,
            output=row.output,
            params=int(row.params),
            macs=int(row.macs),
            activations=int(row.activations),
            bytes=moved[row.name],
            field=fields[row.name],
        )
        for row in counted.rows
    ]


def _scopes(counted: Count, depth: int, moved: dict[str, int], fields: dict[str, ReceptiveField | None]) -> list[Line]:
    return [
        Line(
            name=group.name,
            kind=SCOPE,
            description=_content(group),
            inputs=_read(counted, [row.name for row in group.rows]),
            output=group.output,
            params=int(group.params),
            macs=int(group.macs),
            activations=int(group.activations),
            bytes=sum(moved[row.name] for row in group.rows),
            field=fields[group.rows[-1].name],
        )
        for group in counted.by_scope(depth)
    ]


def _unused(counted: Count) -> Line:
    return Line(
        name=f"({UNUSED})",
        kind=UNUSED,
        description="not used for this input",
        inputs=(),
        output=(),
        params=counted.unused_params,
        macs=0,
        activations=0,
        bytes=0,
        field=None,
    )


def _content(group: Group) -> str:
    return group.rows[0].description if len(group.rows) == 1 else f"{len(group.rows)} operators"


def _read(counted: Count, names: Sequence[str]) -> tuple[Shape, ...]:
    """The shapes of what a scope reads from outside, once each, in order."""
    graph, inside = counted.graph, frozenset(names)
    outside = dict.fromkeys(name for node in names for name in graph[node].inputs if name not in inside)
    return tuple(graph[name].shape for name in outside)
