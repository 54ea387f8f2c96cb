"""The drawing holds every block, its costs add up, and shortcuts are told from straight wires."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from featherbone.cost import count
from featherbone.graph import Graph, Wire, concat, image, scope
from featherbone.graph.picture.diagram import BAR, BOX_WIDTH, _rows, chips, diagram
from featherbone.graph.picture.outline import Costs, outline
from featherbone.networks import NETWORKS, network


def costs(graph: Graph) -> Costs:
    return {row.name: (int(row.params), int(row.macs)) for row in count(graph).rows}


def in_block(build: object) -> Graph:
    x = image(8, 8).conv(8, 3, name="stem")
    with scope("stage"), scope("block"):
        x = build(x)
    return x.graph("one")


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_is_drawn_and_its_costs_add_up(name: str) -> None:
    graph = network(name)
    spent, blocks = costs(graph), outline(graph, costs(graph))
    assert sum(len(block.nodes) for block in blocks) == len(graph.nodes) - 1, "every node but the input, once"
    assert sum(block.params for block in blocks) == sum(params for params, _ in spent.values())
    assert sum(block.macs for block in blocks) == sum(macs for _, macs in spent.values())
    assert all(source < place for place, block in enumerate(blocks) for source in block.sources)
    drawing = ElementTree.fromstring(diagram(graph, spent))
    boxes = [entry for entry in drawing.iter("{http://www.w3.org/2000/svg}rect") if entry.get("class") == "box"]
    assert len(boxes) == len(blocks)
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label")


def _projected(x: Wire) -> Wire:
    return x.conv(16, 3, stride=2) + x.pointwise(16, stride=2, name="shortcut")


def _padded(x: Wire) -> Wire:
    return x.conv(16, 3, stride=2) + x.max_pool(1, stride=2).pad_channels(4, 4)


@pytest.mark.parametrize(
    ("build", "shortcut"),
    [
        (lambda x: x.pointwise(8), ""),
        (lambda x: x + x.pointwise(8), "identity"),
        (lambda x: x.pointwise(8).norm().act("relu") + x, "identity"),
        (lambda x: (x.conv(8, 3) + x).act("relu"), "identity"),
        (_padded, "identity"),
        (_projected, "projected"),
        (lambda x: concat(x.pointwise(8), x), ""),
        (lambda x: x * x.global_pool().pointwise(8).act("sigmoid"), ""),
    ],
)
def test_shortcuts_are_told_apart(build: object, shortcut: str) -> None:
    graph = in_block(build)
    block = outline(graph, costs(graph))[-1]
    assert block.shortcut == shortcut
    assert ("+" in [text for text, _ in chips(block)]) is False
    assert ('class="join"' in diagram(graph, costs(graph))) is bool(shortcut)


def test_chips_name_what_computes() -> None:
    x = image(3, 32)
    with scope("block"):
        x = (
            x.conv(16, 3, stride=2)
            .norm()
            .act("relu6")
            .depthwise(5)
            .pointwise(24, groups=4)
            .shuffle(2)
            .global_pool()
            .flatten()
        )
        graph = x.linear(10).graph("chips")
    assert chips(outline(graph, {})[0]) == [
        ("3×3 /2, 16", "conv"),
        ("depthwise 5×5", "depthwise"),
        ("1×1 g=4, 24", "pointwise"),
        ("shuffle", "other"),
        ("global avg pool", "other"),
        ("linear, 10", "linear"),
    ]


def test_a_wire_that_skips_blocks_is_drawn() -> None:
    x = image(3, 8).conv(8, 3, name="first")
    y = x.conv(8, 3, name="second").conv(8, 3, name="third")
    straight = diagram(y.graph("straight"), {})
    assert straight.count('class="arc"') == 0
    assert diagram(concat(x, y).conv(4, 1, name="last").graph("skip"), {}).count('class="arc"') == 1


def test_a_wire_that_skips_blocks_leaves_below_one_box_and_arrives_above_another() -> None:
    x = image(3, 8).conv(8, 3, name="first")
    y = x.conv(8, 3, name="second").conv(8, 3, name="third")
    drawing = ElementTree.fromstring(diagram(concat(x, y).conv(4, 1, name="last").graph("skip"), {}))
    every = list(drawing.iter())
    boxes = [entry for entry in every if entry.get("class") == "box"]
    tops = [float(entry.get("y") or 0) for entry in boxes]
    bottoms = [top + float(entry.get("height") or 0) for top, entry in zip(tops, boxes, strict=True)]
    (arc,) = [entry.get("d") or "" for entry in every if entry.get("class") == "arc"]
    start, end = float(arc.split()[1]), float(arc.split(" V")[1].split()[0]) + 8
    assert bottoms[0] < start < tops[1]
    assert end <= tops[2], "what joins it stands in the third box"
    assert end > bottoms[1]


def test_a_block_with_an_identity_has_it_whatever_else_is_added_in_it() -> None:
    def build(x: Wire) -> Wire:
        x = x + x.pointwise(8)
        return x.pointwise(8) + x.pointwise(8)

    graph = in_block(build)
    assert outline(graph, costs(graph))[-1].shortcut == "identity"


def test_the_largest_costs_have_the_longest_bars() -> None:
    x = image(3, 8).conv(8, 3, name="small").conv(16, 3, name="large")
    drawing = ElementTree.fromstring(diagram(x.graph("bars"), {"small": (100, 900), "large": (400, 300)}))
    bars = [entry for entry in drawing.iter() if (entry.get("class") or "").startswith("bar")]
    widths = [float(entry.get("width") or 0) for entry in bars]
    assert widths == [BAR / 4, BAR, BAR, BAR / 3], "parameters and multiply-adds, block by block"
    assert [entry.get("class") for entry in bars] == ["bar", "bar most", "bar most", "bar"]


@pytest.mark.parametrize("name", ["inception_v3", "mobilenet_v3_large", "shufflenet_v2"])
def test_chips_stay_inside_their_box_in_as_few_rows_as_they_fit(name: str) -> None:
    graph = network(name)
    several = 0
    for block in outline(graph, {}):
        rows = _rows(block)
        widths = [sum(width for *_, width in row) + 6 * (len(row) - 1) for row in rows]
        assert all(width <= BOX_WIDTH - 16 for width in widths)
        assert [text for row in rows for text, *_ in row] == [text for text, _ in chips(block)]
        for full, row in zip(widths, rows[1:], strict=False):
            assert full + 6 + row[0][2] > BOX_WIDTH - 16, "the next chip had no room"
        several += len(rows) > 1
    assert several


def test_names_are_escaped() -> None:
    graph = image(3, 8).opaque("<script>", (3, 8, 8)).graph("<b>&")
    drawn = diagram(graph, {})
    ElementTree.fromstring(drawn)
    assert "<script>" not in drawn
