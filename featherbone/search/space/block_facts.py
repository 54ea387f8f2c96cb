"""What a search wants to know of a block, read off the block's graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from featherbone.graph import Graph, image
from featherbone.graph.operators import Conv
from featherbone.search.space.block_kinds import Kind, kind
from featherbone.search.space.design import Stage, block

RATIO, GROUPS, TIMES, SIDE = 2, 2, 4, 16  # of the block that is looked at


@dataclass(frozen=True, kw_only=True)
class BlockFacts:
    """Facts of a block that keeps its channels.

    ``whole``: all of its convolutions are K×K and over all channels. ``depthwise``: those that look further than a
    pixel, or stride, are over one channel each. ``shortcut``: some of its input, or all, reaches its output past every
    convolution.
    """

    whole: bool
    depthwise: bool
    shortcut: bool


def facts(name: str) -> BlockFacts:
    """The facts of a kind of block.

    >>> facts("basic")
    BlockFacts(whole=True, depthwise=False, shortcut=True)
    >>> facts("depthwise_separable")
    BlockFacts(whole=False, depthwise=True, shortcut=False)

    Raises:
        FeatherboneError: no such kind.
    """
    return _facts(name, kind(name))


@cache
def _facts(name: str, chosen: Kind) -> BlockFacts:
    plain, strided = (_block(name, chosen, stride) for stride in (1, 2))
    spatial = [
        node.operator.groups == strided.input_shapes(node)[0][0]
        for node in strided.nodes
        if isinstance(node.operator, Conv) and max(*node.operator.kernel, *node.operator.stride) > 1
    ]
    return BlockFacts(
        whole=all(
            min(node.operator.kernel) > 1 and node.operator.groups == 1
            for node in plain.nodes
            if isinstance(node.operator, Conv)
        ),
        depthwise=bool(spatial) and all(spatial),
        shortcut=_shortcut(plain),
    )


def _block(name: str, chosen: Kind, stride: int) -> Graph:
    ratio = 1 if chosen.ratio is None else max(RATIO, chosen.least_ratio)
    groups = 1 if chosen.groups is None else GROUPS
    stage = Stage(kind=name, width=TIMES * chosen.multiple(ratio, groups), ratio=ratio, groups=groups)
    return block(image(stage.width, SIDE), stage, stride=stride).graph(name)


def _shortcut(graph: Graph) -> bool:
    """Whether a path leads from the input to the output that no convolution lies on."""
    past = {node.name for node in graph.inputs}
    for node in graph.nodes:
        if not isinstance(node.operator, Conv) and past.intersection(node.inputs):
            past.add(node.name)
    return not past.isdisjoint(graph.outputs)
