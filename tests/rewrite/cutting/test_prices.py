import pytest

from featherbone.cost import count
from featherbone.graph import Graph, channel_sets, concat, image, narrow_graph
from featherbone.networks import network
from featherbone.rewrite.cutting.prices import Amount, Prices

IMAGE = image(3, 8)
WIDE = IMAGE.conv(6, 3, name="a")
NETWORKS = ("mlperf_tiny_resnet8", "mobilenet_v2", "shufflenet_v2", "squeezenet1_1")
GRAPHS = [
    *(network(name, resolution=32) for name in NETWORKS),
    WIDE.flatten().linear(10).graph("64 numbers of each channel"),
    concat(IMAGE, WIDE, WIDE.act("relu")).pointwise(5).pointwise(4).graph("each channel twice beside others"),
]


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_prices_of_multiply_adds_are_what_a_cut_saves(graph: Graph) -> None:
    sets = channel_sets(graph)
    counted = count(graph)
    amount = Amount(total=counted.macs, nodes={row.name: row.macs for row in counted.rows if row.macs})
    kept = {place: len(space.sets) for place, space in enumerate(sets.spaces)}
    prices = Prices(sets, kept, {"macs": amount})
    free = [(place, space) for place, space in enumerate(sets.spaces) if not space.fixed and len(space.sets) > 2]
    for place, space in free[:: max(1, len(free) // 6)]:
        saved = counted.macs - count(narrow_graph(graph, space.sets[:2], sets=sets)).macs
        assert prices.saved("macs", place, 2, kept) == pytest.approx(saved)


def test_only_spaces_beside_it_save_something_else_where_another_width_of_a_space_is_kept() -> None:
    graph = network("mobilenet_v2", resolution=32)
    sets, counted = channel_sets(graph), count(graph)
    amount = Amount(total=counted.macs, nodes={row.name: row.macs for row in counted.rows if row.macs})
    kept = {place: len(space.sets) for place, space in enumerate(sets.spaces)}
    prices = Prices(sets, kept, {"macs": amount})
    free = [place for place, space in enumerate(sets.spaces) if not space.fixed and len(space.sets) > 2]
    for place in free[::7]:
        fewer = {**kept, place: kept[place] - 2}
        changed = {
            other for other in free if prices.saved("macs", other, 1, kept) != prices.saved("macs", other, 1, fewer)
        }
        assert changed
        assert changed | {place} <= prices.beside(place)
