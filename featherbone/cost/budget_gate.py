"""The gate for continuous integration: limits in one line of text, and which of them a network breaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from featherbone.cost.count import Count
from featherbone.cost.limit import Limit
from featherbone.errors import FeatherboneError
from featherbone.quantities import LIMITED

GATED = ("activations", *LIMITED)
EXAMPLE = "for example --budget 'macs<300M params<4M peak-memory<2MiB latency<10ms'"
_SIGNS = re.compile(r"\s*(<=|>=|<|>)\s*")
_GAPS = re.compile(r"[\s,;]+(?=[A-Za-z])|\s+")
_LIMIT = re.compile(r"([A-Za-z][\w-]*)((?:<=|>=|<|>).+)")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A limit, what the network has, and whether the limit holds.

    ``unknown`` is why the value is only a lower bound, where operators without a rule may add to it; then no upper
    limit holds.
    """

    limit: Limit
    value: float
    unknown: str = ""

    @property
    def holds(self) -> bool:
        if self.unknown and self.limit.sign in ("<", "<="):
            return False
        return self.limit.holds(self.value)

    def __str__(self) -> str:
        quantity = self.limit.what.replace("_", "-")
        bound = f"limit {self.limit.sign} {self.limit.show(self.limit.bound)}"
        if self.unknown:
            return f"{quantity}: at least {self.limit.show(self.value)}, {bound}; {self.unknown}"
        return f"{quantity}: {self.limit.show(self.value)}, {bound}"


def read_budget(text: str, among: Sequence[str] = GATED) -> tuple[Limit, ...]:
    """Limits such as ``macs<300M params<4M``, with gaps or commas between them.

    >>> [str(limit) for limit in read_budget("macs<300M, peak-memory <= 2MiB")]
    ['macs < 300.0 M', 'peak-memory <= 2.0 MiB']

    ``memory`` is ``peak-memory``, as with ``featherbone fit``.

    Raises:
        FeatherboneError: no limit, a part that is no limit, an unknown quantity, or a number without its unit.
    """
    parts = [part for part in _GAPS.split(_SIGNS.sub(r"\1", text.strip(" \t\n,;"))) if part]
    if not parts:
        raise FeatherboneError("the budget is empty", hint=EXAMPLE)
    return tuple(_limit(part, among) for part in parts)


def check_budget(
    limits: Sequence[Limit], counted: Count, measures: Mapping[str, Callable[[], float]]
) -> tuple[Finding, ...]:
    """What the network has of each limited quantity.

    >>> from featherbone.cost import count
    >>> from featherbone.networks import network
    >>> for finding in check_budget(read_budget("macs<300M params<4M"), count(network("mobilenet_v2")), {}):
    ...     print(finding.holds, finding)
    False macs: 300.8 M, limit < 300.0 M
    True params: 3.5 M, limit < 4.0 M

    ``measures`` gives the quantities that are not in the count, such as ``peak_memory``; each is only called where a
    limit asks for it.
    """
    return tuple(_finding(limit, counted, measures) for limit in limits)


def _limit(part: str, among: Sequence[str]) -> Limit:
    match = _LIMIT.fullmatch(part)
    if match is None:
        raise FeatherboneError(
            f"{part!r} in the budget is no limit: it needs a name, a sign and a number", hint=EXAMPLE
        )
    return Limit.read(match[1], match[2], among=among)


def _finding(limit: Limit, counted: Count, measures: Mapping[str, Callable[[], float]]) -> Finding:
    if limit.what in measures:
        return Finding(limit=limit, value=measures[limit.what]())
    unknown = ""
    if limit.what == "macs" and counted.uncounted:
        labels = sorted({label for _, label in counted.uncounted})
        number = len(counted.uncounted)
        unknown = f"{number} operator{'s are' if number > 1 else ' is'} not counted ({', '.join(labels)})"
    return Finding(limit=limit, value=int(getattr(counted, limit.what)), unknown=unknown)
