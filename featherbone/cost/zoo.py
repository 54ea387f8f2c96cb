"""Which published network fits: exact counts joined to the best top-1 that anybody published for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from featherbone.cost.count import count
from featherbone.cost.limit import Limit
from featherbone.cost.memory import peak_memory
from featherbone.cost.published import Published, published
from featherbone.errors import FeatherboneError, did_you_mean

COLUMNS = ("params", "macs", "activations", "peak_memory", "top1")
MORE_DATA = re.compile(r"swsl|ssl_yfcc|in12k|in21k|ig1b")  # trained on more than ImageNet's 1.28 M labelled images


@dataclass(frozen=True, kw_only=True)
class ZooNetwork:
    """A network with settings, its exact costs (peak memory in bytes of float32), its best published top-1 in percent,
    and who published that."""

    network: str
    params: int
    macs: int
    activations: int
    peak_memory: int
    top1: float
    source: str


def zoo(limits: Mapping[str, str] | None = None, sort: str = "top1", *, more_data: bool = False) -> list[ZooNetwork]:
    """Networks that pass every limit, the best first: by falling top-1, or by rising cost.

    >>> [(entry.network, entry.top1) for entry in zoo({"macs": "<60M", "params": "<1.5M"})][:2]
    [('shufflenet_v2:width=0.5', 61.1), ('shufflenet_v1:groups=8,width=0.5', 58.8)]

    A network stands there once, with its best published ImageNet top-1 and the source of it; results that used more
    data than ImageNet's training set are left out unless ``more_data``.

    Raises:
        FeatherboneError: an unknown quantity in ``limits`` or ``sort``, or a limit that is not a number.
    """
    if sort not in COLUMNS:
        raise FeatherboneError(f"cannot sort by {sort!r}", hint=did_you_mean(sort, COLUMNS))
    wanted = [Limit.read(what, text, among=COLUMNS) for what, text in (limits or {}).items()]
    entries = [_entry(row) for row in _best(more_data)]
    fitting = [entry for entry in entries if all(limit.holds(getattr(entry, limit.what)) for limit in wanted)]
    falling = sort == "top1"
    return sorted(fitting, key=lambda entry: (-entry.top1 if falling else getattr(entry, sort), entry.macs))


@cache
def _best(more_data: bool) -> tuple[Published, ...]:
    """For each network of ours, the row with the highest top-1."""
    best: dict[str, Published] = {}
    for row in published():
        if not row.network or row.top1 is None or (not more_data and MORE_DATA.search(row.variant)):
            continue
        known = best.get(row.network)
        if known is None or known.top1 is None or row.top1 > known.top1:
            best[row.network] = row
    return tuple(best.values())


def _entry(row: Published) -> ZooNetwork:
    assert row.top1 is not None, "chosen by _best"
    source = f"{row.title}: {row.source}"
    return ZooNetwork(**_costs(row.network), network=row.network, top1=row.top1, source=source)


@cache
def _costs(spec: str) -> dict[str, int]:
    from featherbone.networks import network

    graph = network(spec)
    cost = count(graph)
    return {
        "params": int(cost.params),
        "macs": int(cost.macs),
        "activations": int(cost.activations),
        "peak_memory": peak_memory(graph).bytes,
    }
