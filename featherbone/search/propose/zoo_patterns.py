"""Networks of the zoo as designs: what a search learns from their scores, and parents that its evolution changes.

A design that is like a network has its block in every stage, its depths and its growth of widths, as wide as the budget
allows; stem and head are the space's. So what a paper's authors found by hand is where evolution begins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.draw.widths import Widths, filled
from featherbone.search.propose.network_facts import network_facts
from featherbone.search.space.design import Design, Stage
from featherbone.search.space.matrix import ACT, CHOICE, DEPTH, HEAD, RESOLUTION, STEM, WIDTH, column, columns, decode
from featherbone.search.space.space import block_of


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A network's block, and how its widths grow from one resolution to the next; the rest its graph says."""

    block: str
    growth: float = 2.0


PATTERNS = {
    "mlperf_tiny_resnet8": Pattern(block="basic"),
    **{f"cifar_resnet{layers}": Pattern(block="basic") for layers in (20, 32, 44, 56)},
    "resnet18": Pattern(block="basic"),
    "resnet34": Pattern(block="basic"),
    "resnet50": Pattern(block="bottleneck t4"),
    "mobilenet_v1": Pattern(block="depthwise_separable"),
    "mobilenet_v2": Pattern(block="inverted_residual t6", growth=1.5),
    "efficientnet_b0": Pattern(block="inverted_residual t6", growth=1.5),
    "shufflenet_v2": Pattern(block="shuffle_unit_v2"),
    "squeezenet1_1": Pattern(block="fire t4"),
}


def alike(network: str, costs: SpaceCosts, budget: Budget) -> Design | None:
    """The design of a space that is like a network of the zoo, given by its text; None where there is none.

    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("light", (32,)), classes=10, channels=3)
    >>> str(alike("mlperf_tiny_resnet8:width=0.99", costs, Budget(macs=12_500_000, params=80_000)))
    'r32 | stem w16 | basic w16 | basic w32 s2 | basic w60 s2'
    """
    name, space = network.partition(":")[0], costs.space
    if name not in PATTERNS:
        return None
    pattern, facts = PATTERNS[name], network_facts(name)
    row = np.zeros((1, columns(space)), dtype=np.int64)
    row[0, RESOLUTION] = int(np.argmax(space.resolutions))
    row[0, STEM], row[0, HEAD] = 4, 4 * (facts.head and max(space.heads) > 0)
    if facts.act in space.acts:
        row[0, ACT] = space.acts.index(facts.act)
    share, shares = 1.0, [1.0]
    depths = facts.depths[-len(space.stages) :]
    for place, stage in enumerate(space.stages):
        depth = min(depths[place] if place < len(depths) else 0, max(stage.depths))
        found = [n for n, one in enumerate(stage.choices) if _is(one, pattern.block, facts.se, stage.stride)]
        if depth not in stage.depths or not found:
            return None
        if depth:
            share *= pattern.growth if stage.stride > 1 else 1.0
            row[0, column(place, CHOICE)], row[0, column(place, DEPTH)] = found[0], depth
            row[0, column(place, WIDTH)] = stage.choices[found[0]].width
        shares.append(share)
    widths = Widths(space)
    proportions = np.array([[*shares, 2 * share]])
    narrowest = widths.scaled(row, np.zeros_like(proportions), np.zeros(1))
    if not costs.fits(narrowest, budget)[0]:
        return None
    (design,) = decode(space, filled(costs, widths, narrowest, proportions, budget, np.random.default_rng(0)))
    return design


def _is(choice: Stage, block: str, se: bool, stride: int) -> bool:
    wanted = replace(block_of(block, se=se, stride=stride), width=0)
    return replace(choice, width=0) == wanted
