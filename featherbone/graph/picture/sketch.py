"""A network drawn in a terminal: a line for each block, equal blocks together, its maps and costs beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators import shape_text
from featherbone.graph.picture.diagram import chips, drawn_nodes
from featherbone.graph.picture.outline import Costs, DrawnBlock, outline
from featherbone.quantity import format_count

NARROWEST = 76  # characters, below which the columns can't be held apart
BAR = 6  # characters of the longest bar
EIGHTHS = " ▏▎▍▌▋▊▉█"
PART = 13  # characters of the name of a stage, and of a block, at most
SHORTCUTS = {"identity": "+", "projected": "±", "": " "}
LEGEND = "+ adds what it reads, ± a projection of it; → next layer, | another branch"


@dataclass(frozen=True, kw_only=True)
class SketchedRow:
    """One line of the drawing: ``times`` equal blocks, one after another."""

    stage: str
    name: str
    layers: tuple[str, ...]
    block: DrawnBlock
    times: int = 1


def sketch(graph: Graph, costs: Costs, *, width: int = 80) -> str:
    """The network as lines of at most ``width`` characters: blocks with their layers, maps, parameters and MACs.

    >>> from featherbone.graph import image
    >>> tiny = image(3, 32).conv(8, 3, name="stem").act("relu").global_pool().flatten().linear(2, name="head")
    >>> print(sketch(tiny.graph("tiny"), {"stem": (216, 221184), "head": (18, 16)}, width=76))
            layers                              writes   params     MACs
            image                               3×32×32
      stem  conv 3×3, 8 → global avg pool       8           216  221.2 k ██████
      head  linear, 2                           2            18       16 ▏

    ``costs`` holds (parameters, multiply-adds) by node name. Equal blocks that follow each other are one line, ``×3``,
    with the cost of all. A width below ``NARROWEST`` is taken as that.
    """
    rows = list(_merged(graph, costs))
    largest = max((row.block.macs for row in rows), default=0)
    names = [_name(row, shown) for row, shown in zip(rows, _stages(rows), strict=True)]
    left = max(map(len, names), default=0)
    writes = max(map(len, [shape_text(row.block.writes) for row in rows] + ["writes", *_inputs(graph)]))
    room = max(width, NARROWEST) - 4 - left - 2 - writes - 2 - 7 - 1 - 8 - 1 - BAR
    lines = [f"  {'':{left}}  {'layers':{room}}  {'writes':{writes}} {'params':>7} {'MACs':>8}"]
    lines += [f"  {'':{left}}  {node.name[:room]:{room}}  {shape_text(node.shape)}" for node in graph.inputs]
    for name, row in zip(names, rows, strict=True):
        first, *more = _wrapped(row, room)
        costs_of = f"{format_count(row.block.params):>7} {format_count(row.block.macs):>8}"
        bar = _bar(row.block.macs, largest)
        mark = SHORTCUTS[row.block.shortcut]
        lines.append(
            f"{mark} {name:{left}}  {first:{room}}  {shape_text(row.block.writes):{writes}} {costs_of} {bar}".rstrip()
        )
        lines += [f"  {'':{left}}  {line}" for line in more]
    if any(row.block.shortcut for row in rows) or any("|" in row.layers for row in rows):
        lines.append(LEGEND)
    return "\n".join(line.rstrip() for line in lines)


def _inputs(graph: Graph) -> list[str]:
    return [shape_text(node.shape) for node in graph.inputs]


def _merged(graph: Graph, costs: Costs) -> Iterator[SketchedRow]:
    """A row a block, where equal blocks of one stage that follow each other are one row."""
    rows = [
        SketchedRow(stage=block.stage, name=block.label, layers=_layers(block), block=block)
        for block in outline(graph, costs)
    ]
    for _, same in groupby(rows, key=lambda row: (row.stage, row.layers, row.block.writes, row.block.shortcut)):
        first, *more = same
        if not first.name or not more:
            yield from (first, *more)
            continue
        members = [first, *more]
        block = replace(
            first.block,
            params=sum(row.block.params for row in members),
            macs=sum(row.block.macs for row in members),
        )
        yield replace(first, block=block, times=len(members))


def _layers(block: DrawnBlock) -> tuple[str, ...]:
    """The layers of a block in their order, each after the sign that says what it reads.

    A layer that reads the one before it, with nothing but norms and activations between, follows an arrow; another
    begins a branch.
    """
    shown = dict(zip((node.name for node in drawn_nodes(block)), chips(block), strict=True))
    through: dict[str, str] = {}  # node → the last drawn one that it computes on
    parts: list[str] = []
    before = ""
    for node in block.nodes:
        reads = [through.get(name, name) for name in node.inputs]
        if node.name not in shown:
            through[node.name] = _last(node, reads)
            continue
        through[node.name] = node.name
        text, kind = shown[node.name]
        if parts:
            parts.append("→" if before in reads else "|")
        parts.append(f"conv {text}" if kind == "conv" else text)
        before = node.name
    return tuple(parts) or (block.descriptions[0],)


def _last(node: Node, reads: list[str]) -> str:
    """What a node that is not drawn passes on."""
    return reads[-1] if reads else node.name


def _stages(rows: list[SketchedRow]) -> list[str]:
    """Each row's stage, where it is not the stage of the row before."""
    return [row.stage if not at or rows[at - 1].stage != row.stage else "" for at, row in enumerate(rows)]


def _name(row: SketchedRow, stage: str) -> str:
    """The stage, where it is new, and the block in it."""
    block = _shortened(row.name, PART) + (f" ×{row.times}" if row.times > 1 else "")
    return f"{_shortened(stage, PART):{min(len(row.stage), PART)}} {block}".rstrip()


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _wrapped(row: SketchedRow, room: int) -> list[str]:
    """The layers, broken between layers where they are longer than the column."""
    lines = [""]
    for sign, layer in zip(("", *row.layers[1::2]), row.layers[::2], strict=True):
        part = f" {sign} {layer}" if sign else layer
        if lines[-1] and len(lines[-1]) + len(part) > room:
            lines.append(part.strip())
        else:
            lines[-1] += part
    return [line if len(line) <= room else _shortened(line, room) for line in lines]


def _bar(value: int, largest: int) -> str:
    """A bar in eighths of a character; whatever costs something has one."""
    if not value:
        return ""
    eighths = max(1, round(8 * BAR * value / largest))
    whole, part = divmod(eighths, 8)
    return "█" * whole + (EIGHTHS[part] if part else "")
