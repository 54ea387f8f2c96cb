"""How many images a network is given at a time, so that their maps fit into memory."""

from __future__ import annotations

from math import prod

from featherbone.files import MIB
from featherbone.graph import Graph

MEMORY = 256 * MIB  # of all maps of the images that are computed at a time


def at_once(graph: Graph, most: int) -> int:
    """At most so many images, and fewer of a network whose maps are large: one at least.

    >>> from featherbone.networks import network
    >>> [at_once(network("mobilenet_v2", resolution=side), most=64) for side in (32, 96, 224)]
    [64, 18, 3]
    """
    bytes_each = 4 * sum(prod(map(int, node.shape)) for node in graph.nodes)
    return max(1, min(most, MEMORY // bytes_each))
