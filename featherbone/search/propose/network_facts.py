"""What a search wants to know of a network of the zoo, read off the network's graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

from featherbone.graph import Shape
from featherbone.graph.operators import Activation, Conv, Multiply
from featherbone.networks import network

STEM, LAST, HEAD = "stem", "last", "head"  # scopes before and after the blocks


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """What a network is made of.

    ``depths`` are its blocks, counted by the side of the maps that they write; ``act`` is its most common activation;
    ``se`` is whether it weighs channels (squeeze-and-excitation), ``head`` whether a convolution follows the blocks.
    """

    depths: tuple[int, ...]
    act: str
    se: bool
    head: bool


@cache
def network_facts(text: str) -> NetworkFacts:
    """The facts of a network by name, with settings where it has some.

    >>> network_facts("mobilenet_v2")
    NetworkFacts(depths=(1, 2, 3, 7, 4), act='relu6', se=False, head=True)

    Raises:
        FeatherboneError: no such network or setting.
    """
    graph = network(text)
    written: dict[str, Shape] = {}  # by each block's last convolution, as a block may end in a pooling for the next one
    for node in graph.nodes:
        stage, *inner = node.name.split(".")
        if isinstance(node.operator, Conv) and stage not in (STEM, LAST, HEAD):
            written[".".join([stage, *inner[:-1][:1]])] = node.shape
    acts = Counter(node.operator.function for node in graph.nodes if isinstance(node.operator, Activation))
    return NetworkFacts(
        depths=tuple(Counter(shape[1] for shape in written.values()).values()),
        act=acts.most_common(1)[0][0],
        se=any(isinstance(node.operator, Multiply) for node in graph.nodes),
        head=any(node.name.startswith(f"{LAST}.") for node in graph.nodes),
    )
