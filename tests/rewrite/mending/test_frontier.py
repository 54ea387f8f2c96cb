"""Maps are kept while they fit into the memory, and what is computed is the same either way."""

from __future__ import annotations

import torch

from featherbone.graph import image
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import TrainedGraph
from featherbone.rewrite.mending.frontier import Frontier


def test_maps_that_need_more_than_the_memory_are_not_kept() -> None:
    x = image(3, 8).conv(4, 3, name="a").act("relu", name="act").conv(5, 3, name="b").conv(2, 3, name="c")
    network = TrainedGraph(x.graph("tiny"), initial_weights(x.graph("tiny"), seed=0))
    images = torch.randn(10, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    bytes_of_b = 10 * 5 * 8 * 8 * 4
    found = {}
    for memory in (bytes_of_b, bytes_of_b - 1):
        frontier = Frontier(network, images, memory)
        found[memory] = torch.cat([maps["b"] for maps in frontier.batches(["b"], ["c"])])
        assert ("b" in frontier.maps) == (memory == bytes_of_b)
        assert ("image" in frontier.maps) == (memory < bytes_of_b)
    assert torch.equal(found[bytes_of_b], found[bytes_of_b - 1])
