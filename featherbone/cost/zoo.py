"""Which published network fits: exact counts joined to the best top-1 that anybody published for it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from featherbone.cost.count import count
from featherbone.cost.memory import peak_memory
from featherbone.cost.published import Published, published
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.quantity import parse_bytes, parse_count

COLUMNS = ("params", "macs", "activations", "peak_memory", "top1")
MORE_DATA = re.compile(r"swsl|ssl_yfcc|in12k|in21k|ig1b")  # trained on more than ImageNet's 1.28 M labelled images
SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LIMIT = re.compile(r"\s*(<=|>=|<|>)?\s*(.+?)\s*")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A network with settings, its exact costs (peak memory in bytes of float32), its best published top-1 in percent,
    and who published that."""

    network: str
    params: int
    macs: int
    activations: int
    peak_memory: int
    top1: float
    source: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A comparison that a cost must pass.

    >>> limit = Limit.read("macs", "<300M")
    >>> limit.sign, limit.bound, limit.holds(299_999_999), limit.holds(300_000_000)
    ('<', 300000000, True, False)
    """

    what: str
    sign: str
    bound: float

    @staticmethod
    def read(what: str, text: str) -> Limit:
        """``"<300M"``, ``"<=4M"``, ``">70"``; without a sign a cost is at most that much, and top-1 at least.

        Raises:
            FeatherboneError: a quantity that is not of ``COLUMNS``, or not a number with a unit.
        """
        if what not in COLUMNS:
            raise FeatherboneError(f"no limit can be set on {what!r}", hint=did_you_mean(what, COLUMNS))
        match = _LIMIT.fullmatch(text)
        if match is None:
            raise FeatherboneError(f"the limit on {what} is empty", hint="write a sign and a number, such as '<300M'")
        sign = match[1] or (">=" if what == "top1" else "<=")
        return Limit(what=what, sign=sign, bound=_bound(what, match[2]))

    def holds(self, value: float) -> bool:
        return SIGNS[self.sign](value, self.bound)


def zoo(limits: Mapping[str, str] | None = None, sort: str = "top1", *, more_data: bool = False) -> list[Entry]:
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
    wanted = [Limit.read(what, text) for what, text in (limits or {}).items()]
    entries = [_entry(row) for row in _best(more_data)]
    fitting = [entry for entry in entries if all(limit.holds(getattr(entry, limit.what)) for limit in wanted)]
    falling = sort == "top1"
    return sorted(fitting, key=lambda entry: (-entry.top1 if falling else getattr(entry, sort), entry.macs))


def _bound(what: str, text: str) -> float:
    if what == "peak_memory":
        return parse_bytes(text, what=what)
    if what != "top1":
        return parse_count(text, what=what)
    try:
        return float(text.rstrip("% "))
    except ValueError:
        raise FeatherboneError(f"top1 {text!r} is not a number of percent", hint="for example >70") from None


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


def _entry(row: Published) -> Entry:
    assert row.top1 is not None, "chosen by _best"
    source = f"{row.title}: {row.source}"
    return Entry(**_costs(row.network), network=row.network, top1=row.top1, source=source)


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
