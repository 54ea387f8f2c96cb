import pytest

from featherbone.cost import count
from featherbone.graph import channel_sets, narrow_graph
from featherbone.networks import network
from featherbone.rewrite.cutting.prices import Amount, Prices


@pytest.mark.parametrize("name", ["mlperf_tiny_resnet8", "mobilenet_v2", "shufflenet_v2", "squeezenet1_1"])
def test_prices_of_multiply_adds_are_what_a_cut_saves(name: str) -> None:
    graph = network(name, resolution=32)
    sets = channel_sets(graph)
    counted = count(graph)
    amount = Amount(total=counted.macs, nodes={row.name: row.macs for row in counted.rows if row.macs})
    kept = {place: len(space.sets) for place, space in enumerate(sets.spaces)}
    prices = Prices(sets, kept, {"macs": amount})
    free = [(place, space) for place, space in enumerate(sets.spaces) if not space.fixed and len(space.sets) > 2]
    for place, space in free[:: max(1, len(free) // 6)]:
        saved = counted.macs - count(narrow_graph(graph, space.sets[:2], sets=sets)).macs
        assert prices.saved("macs", place, 2, kept) == pytest.approx(saved)
