"""The MobileNetV2 paper's Table 3, recomputed: the widest tensor to be kept at each resolution, and its kilobytes.

    python benchmarks/paper_memory.py

A cell such as "56×56: 32/200" says that at most 32 channels must be kept at 56×56, in 200 kB of 16-bit numbers. Section
5.1 treats an inverted residual as one operator whose inner tensors are thrown away; the text of the table says how far
the other networks may do so. Three readings of "kept" are tried on every cell:

- ``every tensor``: whatever an operator writes (MobileNetV1 has nothing to throw away);
- ``between blocks``: only what goes from one block to another; the first convolution and the first block are one
  operator, as are the last convolution and the pooling after it;
- ``at the input's side``: what a block writes, entered at the side of the map that it reads, as Table 2 of the paper
  does (its rows show the input's size beside the output's channels).

Memory is channels · side² · 2 bytes, in units of 1000 bytes, cut to the digits that are shown. Source:
arXiv:1801.04381, table 3 and section 5.1.

What comes out: 15 of the 18 cells. MobileNetV1 keeps every tensor; MobileNetV2's cells are between blocks at 112, 7
and 1, and at the input's side at 56, 28 and 14, which is one stage too wide; ShuffleNet's widths are those of two
groups (400, 800, 1600), not three (480, 960, 1920). No reading gives ShuffleNet's 32 channels at 112 (its first
convolution has 24, or 48 at twice the width), MobileNetV1's 199 kB at 7 (1024 channels are 100 kB), or MobileNetV2's
32 kB at 7 (320 channels are 31).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from featherbone.graph import Graph, Node
from featherbone.networks import network

BYTES = 2  # "16-bit floats for activations"
SIDES = (112, 56, 28, 14, 7, 1)
PUBLISHED = {  # side: (channels, kB) of MobileNetV1, MobileNetV2, ShuffleNet (2×, g = 3)
    112: ((64, 1600), (16, 400), (32, 800)),
    56: ((128, 800), (32, 200), (48, 300)),
    28: ((256, 400), (64, 100), (400, 600)),
    14: ((512, 200), (160, 62), (800, 310)),
    7: ((1024, 199), (320, 32), (1600, 156)),
    1: ((1024, 2), (1280, 2), (1600, 3)),
}
COLUMNS = (  # heading, and the networks that are tried: what the table names first, then what its numbers suggest
    ("MobileNetV1", ("mobilenet_v1",)),
    ("MobileNetV2", ("mobilenet_v2",)),
    ("ShuffleNet (2x, g=3)", ("shufflenet_v1:width=2", "shufflenet_v1:width=2,groups=2")),
)


FIRST, LAST = "first", "last"


def _every_tensor(graph: Graph) -> dict[int, int]:
    return _widest((node.shape[1], node.shape[0]) for node in graph.nodes if len(node.shape) == 3)


def _between_blocks(graph: Graph) -> dict[int, int]:
    return _widest((node.shape[1], node.shape[0]) for node in _leaving(graph))


def _at_the_inputs_side(graph: Graph) -> dict[int, int]:
    entered = _sides_read(graph)
    return _widest((entered[_block(node.name)], node.shape[0]) for node in _leaving(graph))


READINGS: dict[str, Callable[[Graph], dict[int, int]]] = {
    "every tensor": _every_tensor,
    "between blocks": _between_blocks,
    "at the input's side": _at_the_inputs_side,
}


def _widest(tensors: Iterable[tuple[Any, Any]]) -> dict[int, int]:
    most: dict[int, int] = {}
    for side, channels in tensors:
        most[side] = max(most.get(side, 0), channels)
    return most


def _leaving(graph: Graph) -> list[Node]:
    """The maps that another block reads."""
    readers = graph.consumers()
    maps = [node for node in graph.nodes if len(node.shape) == 3 and node.inputs]
    return [node for node in maps if any(_leaves(node, reader) for reader in readers[node.name])]


def _leaves(node: Node, reader: Node) -> bool:
    """Into another block, or, as the pooled map, into the classifier."""
    return _block(reader.name) != _block(node.name) or reader.operator.kind == "flatten"


def _sides_read(graph: Graph) -> dict[str, int]:
    """For each block, the side of the map that comes in from another."""
    sides: dict[str, int] = {}
    for node in graph.nodes:
        for name in node.inputs:
            if _block(name) != _block(node.name) and len(graph[name].shape) == 3:
                sides.setdefault(_block(node.name), graph[name].shape[1])
    return sides


def _block(name: str) -> str:
    """The block of a node; the stem belongs to the first block, the last convolution to the head."""
    stage, _, rest = name.partition(".")
    if stage in ("stem", "stage1") and not rest.startswith("max_pool"):
        return FIRST
    if stage in ("last", "head"):
        return LAST
    return f"{stage}.{rest.partition('.')[0]}"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of the table, what each reading gives, and the verdict.

    ``computed`` maps "network, reading" to (channels, kB). ``reached_by`` lists those that give both numbers;
    ``verdict`` says so in words, or which number of the two no reading reaches.
    """

    side: int
    column: str
    channels: int
    kilobytes: int
    computed: dict[str, tuple[int, int]]
    reached_by: tuple[str, ...]
    verdict: str


def table3() -> tuple[Cell, ...]:
    """Every cell of Table 3, row by row.

    >>> [cell.verdict for cell in table3() if cell.side == 112]
    ['every tensor of mobilenet_v1', 'between blocks of mobilenet_v2', 'no reading gives 32 channels']
    """
    readings = [_readings(specs) for _, specs in COLUMNS]
    return tuple(
        _cell(side, heading, PUBLISHED[side][column], readings[column])
        for side in SIDES
        for column, (heading, _) in enumerate(COLUMNS)
    )


def _readings(specs: Iterable[str]) -> dict[str, dict[int, int]]:
    """For each reading of each network: side → the most channels kept."""
    return {f"{name} of {spec}": reading(network(spec)) for spec in specs for name, reading in READINGS.items()}


def _cell(side: int, column: str, published: tuple[int, int], readings: dict[str, dict[int, int]]) -> Cell:
    channels, kilobytes = published
    computed = {name: (most[side], kilobytes_of(most[side], side)) for name, most in readings.items() if side in most}
    reached = tuple(name for name, (found, size) in computed.items() if found == channels and shown_as(size, kilobytes))
    if reached:
        verdict = reached[0]
    elif any(found == channels for found, _ in computed.values()):
        verdict = f"{channels} channels are {kilobytes_of(channels, side)} kB, not {kilobytes}"
    else:
        verdict = f"no reading gives {channels} channels"
    return Cell(
        side=side,
        column=column,
        channels=channels,
        kilobytes=kilobytes,
        computed=computed,
        reached_by=reached,
        verdict=verdict,
    )


def kilobytes_of(channels: int, side: int) -> int:
    """Whole kilobytes of a map in 16-bit numbers, the rest cut off.

    >>> kilobytes_of(160, 14)
    62
    """
    return channels * side * side * BYTES // 1000


def shown_as(size: int, published: int) -> bool:
    """Whether ``size``, cut to as many leading digits as ``published`` has before its zeros, is ``published``.

    >>> shown_as(1605, 1600), shown_as(627, 600), shown_as(156, 156), shown_as(100, 199)
    (True, True, True, False)
    """
    zeros: int = 10 ** (len(str(published)) - len(str(published).rstrip("0")))
    return size // zeros * zeros == published


def main() -> None:
    for cell in table3():
        print(f"{cell.side}×{cell.side}  {cell.column}  {cell.channels}/{cell.kilobytes}: {cell.verdict}")


if __name__ == "__main__":
    main()
