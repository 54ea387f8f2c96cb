"""A network drawn: a box for each block, its layers as coloured chips, shortcuts as arcs, costs as bars beside it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators import (
    Activation,
    Add,
    BatchNorm,
    ChannelShuffle,
    Concat,
    Conv,
    Dropout,
    Flatten,
    Linear,
    LocalResponseNorm,
    Multiply,
    Operator,
    PadChannels,
    Reorder,
    shape_text,
)
from featherbone.graph.picture.outline import Costs, DrawnBlock, outline
from featherbone.quantity import format_count

WIDTH = 760
NAME, BOX, BOX_WIDTH, PARAMS, MACS, BAR = 26, 128, 340, 494, 630, 66  # columns, in pixels from the left
TOP, CHIP, GAP, HEADING = 66.0, 26, 30, 26  # heights: the head, a row of chips, a wire between boxes, a stage's name
WIRE = BOX + BOX_WIDTH / 2
CHARACTER = 6.3  # width of one at 11 px

KINDS = ("conv", "pointwise", "depthwise", "linear", "other")
QUIET = (Activation, BatchNorm, Dropout, Flatten, LocalResponseNorm)  # named in the tooltip, not drawn

STYLE = """
.fb text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink,#1d2430)}
.fb .faint{fill:var(--faint,#667085)} .fb .strong{font-weight:650}
.fb .band{fill:var(--band,#f3f5f8)} .fb .box{fill:var(--paper,#fff);stroke:var(--line,#d5dae2)}
.fb .wire{fill:none;stroke:var(--wire,#98a2b3);stroke-width:1.5}
.fb .arc{fill:none;stroke:var(--accent,#c2410c);stroke-width:1.5} .fb .projected{stroke-dasharray:4 3}
.fb .join{fill:var(--paper,#fff);stroke:var(--accent,#c2410c);stroke-width:1.5}
.fb .bar{fill:var(--bar,#b6c2d4)} .fb .most{fill:var(--accent,#c2410c)}
.fb .chip{fill:var(--chip-other,#e4e7ec)} .fb .conv{fill:var(--chip-conv,#cfe1fb)}
.fb .pointwise{fill:var(--chip-pointwise,#cdeee3)} .fb .depthwise{fill:var(--chip-depthwise,#fde3c4)}
.fb .linear{fill:var(--chip-linear,#e5d9fa)}
"""


def diagram(graph: Graph, costs: Costs) -> str:
    """The network as SVG text: stages, blocks, the size of each map on the wires, parameters and MACs as bars.

    >>> from featherbone.graph import image
    >>> drawn = diagram(image(3, 32).conv(8, 3, name="stem").graph("tiny"), {"stem": (216, 221184)})
    >>> drawn.startswith("<svg") and "8×32×32" in drawn
    True

    ``costs`` holds (parameters, multiply-adds) by node name. Colours are custom properties with defaults, so a page may
    set its own.
    """
    blocks = outline(graph, costs)
    most = (max((block.params for block in blocks), default=0), max((block.macs for block in blocks), default=0))
    bands: list[str] = []
    drawn: list[str] = []
    bottoms: list[float] = []
    y = TOP
    for stage, members in groupby(blocks, key=lambda block: block.stage):
        group = list(members)
        banded = len(group) > 1
        if banded:
            depth = HEADING + sum(map(_height, group)) + GAP * len(group)
            bands.append(f'<rect class="band" x="10" y="{y}" width="{WIDTH - 20}" height="{depth}" rx="10"/>')
            bands.append(_label(NAME, y + 19, stage, "start", "strong"))
            y += HEADING
        for block in group:
            drawn += _drawn(block, block.label or "–" if banded else stage, y, most)
            bottoms.append(y + _height(block))
            y = bottoms[-1] + GAP
        y += 12 if banded else 0
    ends = [_label(WIRE, TOP - 14, shape_text(graph.inputs[0].shape), "middle", "strong")]
    ends.append(f'<path class="wire" d="M{WIRE} {TOP - 8} V{bottoms[-1] + GAP - 4}"/>' if bottoms else "")
    parts = [*_legend(most), *bands, *ends, *drawn, *_long_arcs(blocks, bottoms)]
    title = f"{graph.name}: {len(blocks)} blocks, input {shape_text(graph.inputs[0].shape)}"
    return (
        f'<svg class="fb" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" role="img" '
        f'aria-label="{escape(title)}"><style>{STYLE}</style>{"".join(parts)}</svg>'
    )


def chips(block: DrawnBlock) -> list[tuple[str, str]]:
    """(text, kind) of each layer of a block that is worth a chip."""
    words = dict(zip(block.nodes, block.descriptions, strict=True))
    return [_chip(node.operator, words[node]) for node in drawn_nodes(block)]


def drawn_nodes(block: DrawnBlock) -> list[Node]:
    """The nodes that have a chip: no norms and activations, and no add that is drawn as an arc."""
    return [
        node
        for node in block.nodes
        if not isinstance(node.operator, QUIET) and not (block.shortcut and isinstance(node.operator, Add))
    ]


def _chip(operator: Operator, words: str) -> tuple[str, str]:
    if isinstance(operator, Conv):
        if words.startswith("depthwise"):
            return words, "depthwise"
        groups = f" g={operator.groups}" if operator.groups != 1 else ""
        window = words.replace("pointwise", "1×1").replace("conv", "").replace(groups, "").strip()
        kind = "pointwise" if all(side == 1 for side in operator.kernel) else "conv"
        return f"{window}{groups}, {operator.out_channels}", kind
    if isinstance(operator, Linear):
        return f"linear, {operator.out_features}", "linear"
    moved = {ChannelShuffle: "shuffle", Reorder: "reorder", PadChannels: "zero channels"}
    short = {Add: "+", Multiply: "×", Concat: "concat", **moved}
    return short.get(type(operator), words), "other"


def _rows(block: DrawnBlock) -> list[list[tuple[str, str, float]]]:
    """Chips with their widths, wrapped to the box."""
    rows: list[list[tuple[str, str, float]]] = [[]]
    used = 0.0
    for text, kind in chips(block):
        width = CHARACTER * len(text) + 14
        if used + width > BOX_WIDTH - 16 and rows[-1]:
            rows.append([])
            used = 0.0
        rows[-1].append((text, kind, width))
        used += width + 6
    return rows


def _height(block: DrawnBlock) -> int:
    return CHIP * len(_rows(block)) + 8


def _drawn(block: DrawnBlock, name: str, y: float, most: tuple[int, int]) -> Iterator[str]:
    """One block: its name, box, chips, the size of the map below it, its shortcut and its bars."""
    height = _height(block)
    bottom = y + height
    layers = "; ".join(f"{node.name}: {words}" for node, words in zip(block.nodes, block.descriptions, strict=True))
    yield f"<g><title>{escape(layers)}</title>"
    yield _label(NAME, y + height / 2 + 4, _shortened(name, 14), "start", "" if block.label == name else "strong")
    yield f'<rect class="box" x="{BOX}" y="{y}" width="{BOX_WIDTH}" height="{height}" rx="8"/>'
    for place, row in enumerate(_rows(block)):
        x = WIRE - (sum(width for _, _, width in row) + 6 * (len(row) - 1)) / 2
        top = y + 7 + CHIP * place
        for text, kind, width in row:
            yield f'<rect class="chip {kind}" x="{x:.1f}" y="{top}" width="{width:.1f}" height="20" rx="10"/>'
            yield _label(x + width / 2, top + 14, text, "middle")
            x += width + 6
    yield _label(WIRE + 12, bottom + 19, shape_text(block.writes), "start", "faint")
    if block.shortcut:
        yield (
            f'<path class="arc {block.shortcut}" '
            f'd="M{WIRE} {y - 7} H{BOX - 8} q-8 0 -8 8 V{bottom + 1} q0 8 8 8 H{WIRE}"/>'
            f'<circle class="join" cx="{WIRE}" cy="{bottom + 9}" r="6"/>'
            f'<path class="arc" d="M{WIRE - 3} {bottom + 9} h6 m-3 -3 v6"/>'
        )
    for x, value, largest in ((PARAMS, block.params, most[0]), (MACS, block.macs, most[1])):
        if not largest:  # a cost that is not given has no column
            continue
        width = max(1.0, BAR * value / largest if largest else 0)
        kind = "bar most" if value == largest and value else "bar"
        yield f'<rect class="{kind}" x="{x}" y="{y + height / 2 - 6}" width="{width:.1f}" height="12" rx="2"/>'
        yield _label(x + width + 6, y + height / 2 + 4, format_count(value), "start")
    yield "</g>"


def _long_arcs(blocks: tuple[DrawnBlock, ...], bottoms: list[float]) -> Iterator[str]:
    """Wires that pass over blocks, such as dense connections and bypasses, left of the boxes."""
    for index, block in enumerate(blocks):
        for source in block.sources:
            if 0 <= source < index - 1:
                top, end = bottoms[source] + 7, bottoms[index] - _height(block) - 7
                lane = BOX - 16 - 4 * min(index - source, 6)
                yield f'<path class="arc" d="M{WIRE} {top} H{lane + 8} q-8 0 -8 8 V{end - 8} q0 8 8 8 H{WIRE}"/>'


def _legend(most: tuple[int, int]) -> Iterator[str]:
    names = ("convolution", "pointwise 1×1", "depthwise", "linear", "other")
    x = 10.0
    for kind, text in zip(KINDS, names, strict=True):
        yield f'<rect class="chip {kind}" x="{x}" y="8" width="12" height="12" rx="6"/>'
        yield _label(x + 17, 18, text, "start", "faint")
        x += CHARACTER * len(text) + 30
    for place, words, largest in ((PARAMS, "parameters", most[0]), (MACS, "multiply-adds", most[1])):
        if largest:
            yield _label(place, 18, words, "start", "faint")


def _label(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
