"""Which networks of the zoo a search begins with: of each family the plainest that fills the budget."""

from __future__ import annotations

import math
from collections.abc import Sequence

from featherbone.networks import NETWORKS
from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.propose.zoo_scaled import Scaled, scaled_zoo
from featherbone.search.record.ledger import Entry

FILLED = 0.6  # of the limit that is used most: a network that can't use more of the budget is not what was asked for
SHARE, MOST = 4, 6  # one trial in four, and never more than six


def zoo_entries(costs: SpaceCosts, budget: Budget, *, trials: int, most: int = MOST) -> list[Entry]:
    """Networks of the papers, each as wide as the budget allows; those that use most of all limits together first.

    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    >>> [entry.design.partition(":")[0] for entry in zoo_entries(costs, Budget(macs=300_000, params=20_000), trials=12)]
    ['mlperf_tiny_resnet8', 'cifar_resnet20', 'resnet18']
    >>> zoo_entries(costs, Budget(macs=300_000, params=20_000), trials=3)
    []

    A family's deeper networks are left out where a shallower one fills the budget as well: they train for longer.
    """
    wanted = min(trials // SHARE, most)
    if not wanted:
        return []
    found = scaled_zoo(
        budget,
        classes=costs.classes,
        channels=costs.channels,
        resolutions=costs.space.resolutions,
        file_head=costs.file_head,
        latency=costs.latency,
    )
    plainest: dict[str, Scaled] = {}
    for scaled in found:
        family = NETWORKS[scaled.name].function  # of a paper's table, as depths and sizes are
        known = plainest.get(family)
        if max(_uses(scaled, budget)) >= FILLED and (known is None or _layers(scaled) < _layers(known)):
            plainest[family] = scaled
    chosen = sorted(plainest.values(), key=lambda scaled: -math.prod(_uses(scaled, budget)))[:wanted]
    return [Entry(design=scaled.spec, origin="zoo", costs=scaled.costs) for scaled in chosen]


def _uses(scaled: Scaled, budget: Budget) -> Sequence[float]:
    return budget.uses(scaled.costs)


def _layers(scaled: Scaled) -> int:
    return len(scaled.graph.nodes)
