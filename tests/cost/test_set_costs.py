"""What a set costs is what the graph without it no longer costs, whichever set of the space it is."""

import pytest

from featherbone.cost import count
from featherbone.cost.set_costs import branch_costs, set_costs
from featherbone.graph import channel_sets, narrow_graph
from featherbone.networks import network


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2", "regnetx_200mf"])
def test_every_set_of_a_space_costs_the_same(name):
    graph = network(name, resolution=32)
    sets, whole = channel_sets(graph), count(graph)
    costs = set_costs(graph, sets=sets)
    assert [cost.space.name for cost in costs] == [space.name for space in sets.spaces if not space.fixed]
    for cost in costs[:: len(costs) // 6]:
        left = count(narrow_graph(graph, cost.space.sets[-1:], sets=sets))
        assert (whole.macs - left.macs, whole.params - left.params) == (cost.macs, cost.params)


def test_a_set_by_hand():
    """MobileNetV2's last expansion: a filter of 1×1×160, one of 3×3 and 320 weights that read it, on 7×7 places."""
    cost = next(each for each in set_costs(network("mobilenet_v2")) if each.space.name == "stage7.block1.expand")
    assert cost.macs == 49 * (160 + 9 + 320)
    assert cost.params == 160 + 9 + 320 + 2 * 2


def test_blocks_by_hand():
    """The second block of MobileNetV2's second stage: 24 channels, expanded sixfold, on 56×56 places."""
    cost = next(each for each in branch_costs(network("mobilenet_v2")) if each.branch.name == "stage2.block2")
    assert cost.macs == 56 * 56 * 144 * (24 + 9 + 24)
    assert cost.params == 144 * (24 + 9 + 24) + 2 * (144 + 144 + 24)
