"""Groups are found where they are hidden, and where none are, blocks as heavy as any order gives."""

from __future__ import annotations

from itertools import permutations

import torch

from featherbone.graph import image
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite.factorizing import FORMS, factorize, written_channels
from featherbone.rewrite.factorizing.grouped import best_groups
from featherbone.rewrite.factorizing.layer import layer_of, share_lost


def test_groups_behind_an_order_of_the_channels_are_found_whole():
    graph = image(12, 5).conv(24, 3, bias=True, name="a").graph("hidden")
    generator = torch.Generator().manual_seed(3)
    read, written = torch.randperm(12, generator=generator), torch.randperm(24, generator=generator)
    weights = dict(initial_weights(graph, seed=0))
    mask = torch.zeros(24, 12)
    for group in range(4):
        mask[written[group * 6 : group * 6 + 6, None], read[group * 3 : group * 3 + 3]] = 1
    weights["a.weight"] = weights["a.weight"] * mask[:, :, None, None]
    layer = layer_of(graph, weights, "a")
    fitted = FORMS["grouped"].fit(layer, 3)
    assert share_lost(layer, fitted) < 1e-12
    changed = factorize(graph, weights, "a", "grouped", 3)
    order = written_channels(graph, changed.graph)["a"]
    assert sorted(order) == list(range(24))
    assert changed.graph[changed.graph.outputs[0]].operator.order == tuple(order.index(place) for place in range(24))


def test_of_a_few_channels_no_order_keeps_more():
    for seed in range(5):
        kept = torch.rand(4, 4, generator=torch.Generator().manual_seed(seed))
        rows, columns = best_groups(kept, 2)
        found = sum(float(kept[rows[two : two + 2]][:, columns[two : two + 2]].sum()) for two in (0, 2))
        best = max(
            float(kept[list(order[:2])][:, list(other[:2])].sum() + kept[list(order[2:])][:, list(other[2:])].sum())
            for order in permutations(range(4))
            for other in permutations(range(4))
        )
        assert abs(found - best) < 1e-6
