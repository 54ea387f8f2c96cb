"""The drawing in a terminal keeps to its width, leaves nothing out, and its costs add up."""

from __future__ import annotations

import pytest

from featherbone.cost import count
from featherbone.graph import Graph, concat, image, scope
from featherbone.graph.picture.diagram import drawn_nodes
from featherbone.graph.picture.outline import Costs, outline
from featherbone.graph.picture.sketch import NARROWEST, _merged, sketch
from featherbone.networks import NETWORKS, network


def costs(graph: Graph) -> Costs:
    return {row.name: (int(row.params), int(row.macs)) for row in count(graph).rows}


@pytest.mark.parametrize("name", sorted(NETWORKS)[::4])
def test_every_network_fits_eighty_columns_with_all_that_it_has(name: str) -> None:
    graph = network(name)
    spent = costs(graph)
    assert max(map(len, sketch(graph, spent).splitlines())) <= 80
    rows, blocks = list(_merged(graph, spent)), outline(graph, spent)
    assert sum(row.times for row in rows) == len(blocks)
    assert sum(row.block.macs for row in rows) == sum(macs for _, macs in spent.values())
    layers = sum(row.times * len(row.layers[::2]) for row in rows)
    assert layers == sum(max(1, len(drawn_nodes(block))) for block in blocks)


def test_equal_blocks_are_one_line_with_the_cost_of_all() -> None:
    lines = sketch(network("mobilenet_v2"), costs(network("mobilenet_v2"))).splitlines()
    (line,) = [each for each in lines if "block2 ×3" in each]
    assert line.startswith("+")
    assert "64×14×14" in line
    assert "30.9 M" in line
    assert "stage4" not in line, "the stage's name stands at its first block"


def test_a_branch_is_told_from_the_next_layer() -> None:
    x = image(8, 8)
    with scope("stage"), scope("block"):
        x = concat(x.conv(4, 3, name="a").act("relu").pointwise(4, name="b"), x.max_pool(3, stride=1, padding=1))
    drawn = sketch(x.graph("one"), {}, width=120)
    assert "conv 3×3, 4 → 1×1, 4 | max pool 3×3 /1 → concat" in drawn


@pytest.mark.parametrize("width", [0, NARROWEST, 80, 100])
def test_no_line_is_wider_than_asked(width: int) -> None:
    graph = network("inception_v3")
    lines = sketch(graph, costs(graph), width=width).splitlines()
    assert max(map(len, lines)) <= max(width, NARROWEST)


def test_long_names_and_many_inputs_stay_in_their_columns() -> None:
    left, right = image(3, 8, name="a" * 60), image(3, 8, name="other")
    with scope("s" * 60), scope("b" * 60):
        x = (left + right).conv(4, 3)
    drawn = sketch(x.graph("n"), {})
    assert "other" in drawn
    assert max(map(len, drawn.splitlines())) <= 80
