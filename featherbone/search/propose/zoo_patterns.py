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
from featherbone.search.space.design import Design, Stage
from featherbone.search.space.matrix import ACT, CHOICE, DEPTH, HEAD, RESOLUTION, STEM, WIDTH, column, columns, decode
from featherbone.search.space.space import block_of


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A network's block, the depths of its stages, and how its widths grow from one resolution to the next."""

    block: str
    depths: tuple[int, ...]
    growth: float = 2.0
    act: str = "relu"
    se: bool = False
    head: bool = False


PATTERNS = {
    "mlperf_tiny_resnet8": Pattern(block="basic", depths=(1, 1, 1)),
    **{f"cifar_resnet{6 * n + 2}": Pattern(block="basic", depths=(n, n, n)) for n in (3, 5, 7, 9)},
    "resnet18": Pattern(block="basic", depths=(2, 2, 2, 2)),
    "resnet34": Pattern(block="basic", depths=(3, 4, 6, 3)),
    "resnet50": Pattern(block="bottleneck t4", depths=(3, 4, 6, 3)),
    "mobilenet_v1": Pattern(block="depthwise_separable", depths=(1, 2, 2, 6, 2)),
    "mobilenet_v2": Pattern(block="inverted_residual t6", depths=(1, 2, 3, 7, 4), growth=1.5, act="relu6", head=True),
    "efficientnet_b0": Pattern(
        block="inverted_residual t6", depths=(1, 2, 2, 6, 5), growth=1.5, act="silu", se=True, head=True
    ),
    "shufflenet_v2": Pattern(block="shuffle_unit_v2", depths=(4, 8, 4), head=True),
    "squeezenet1_1": Pattern(block="fire t4", depths=(2, 2, 4)),
}


def alike(network: str, costs: SpaceCosts, budget: Budget) -> Design | None:
    """The design of a space that is like a network of the zoo, given by its text; None where there is none.

    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("light", (32,)), classes=10, channels=3)
    >>> str(alike("mlperf_tiny_resnet8:width=0.99", costs, Budget(macs=12_500_000, params=80_000)))
    'r32 | stem w16 | basic w16 | basic w32 s2 | basic w60 s2'
    """
    pattern, space = PATTERNS.get(network.partition(":")[0]), costs.space
    if pattern is None:
        return None
    row = np.zeros((1, columns(space)), dtype=np.int64)
    row[0, RESOLUTION] = int(np.argmax(space.resolutions))
    row[0, STEM], row[0, HEAD] = 4, 4 * (pattern.head and max(space.heads) > 0)
    if pattern.act in space.acts:
        row[0, ACT] = space.acts.index(pattern.act)
    share, shares = 1.0, [1.0]
    depths = pattern.depths[-len(space.stages) :]
    for place, stage in enumerate(space.stages):
        depth = min(depths[place] if place < len(depths) else 0, max(stage.depths))
        found = [n for n, one in enumerate(stage.choices) if _is(one, pattern, stage.stride)]
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


def _is(choice: Stage, pattern: Pattern, stride: int) -> bool:
    wanted = replace(block_of(pattern.block, se=pattern.se, stride=stride), width=0)
    return replace(choice, width=0) == wanted
