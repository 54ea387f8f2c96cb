"""Limits on costs as people write them: ``macs<300M``, ``peak_memory<=2MiB``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.quantity import format_bytes, format_count, parse_bytes, parse_count, parse_milliseconds

SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
BYTES = frozenset({"peak_memory", "size"})
_LIMIT = re.compile(r"\s*(<=|>=|<|>)?\s*(.+?)\s*")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A comparison that a cost must pass.

    >>> limit = Limit.read("macs", "<300M", among=["macs"])
    >>> limit.sign, limit.bound, limit.holds(299_999_999), limit.holds(300_000_000)
    ('<', 300000000, True, False)

    ``bound`` is a number, bytes of ``peak_memory`` and ``size``, percent of ``top1``, milliseconds of ``latency``.
    """

    what: str
    sign: str
    bound: float

    @staticmethod
    def read(what: str, text: str, *, among: Sequence[str]) -> Limit:
        """``"<300M"``, ``"<=4M"``, ``">70"``; without a sign a cost is at most that much, and top-1 at least.

        Raises:
            FeatherboneError: a quantity that is not ``among`` those that have limits, or not a number with a unit.
        """
        if what not in among:
            raise FeatherboneError(f"no limit can be set on {what!r}", hint=did_you_mean(what, among))
        match = _LIMIT.fullmatch(text)
        if match is None:
            raise FeatherboneError(f"the limit on {what} is empty", hint="write a sign and a number, such as '<300M'")
        sign = match[1] or (">=" if what == "top1" else "<=")
        return Limit(what=what, sign=sign, bound=_bound(what, match[2]))

    def holds(self, value: float) -> bool:
        return SIGNS[self.sign](value, self.bound)

    def show(self, value: float) -> str:
        """A value of this quantity for people; exact where it could be taken for the bound.

        >>> limit = Limit.read("macs", "<300M", among=["macs"])
        >>> limit.show(300_774_272), limit.show(300_000_001)
        ('300.8 M', '300,000,001')
        """
        shown = _show(self.what, value)
        if self.what in ("top1", "latency") or value == self.bound or shown != _show(self.what, self.bound):
            return shown
        return f"{value:,} B" if self.what in BYTES else f"{value:,}"

    def __str__(self) -> str:
        return f"{self.what.replace('_', '-')} {self.sign} {_show(self.what, self.bound)}"


def _bound(what: str, text: str) -> float:
    if what in BYTES:
        return parse_bytes(text, what=what)
    if what == "latency":
        return parse_milliseconds(text, what=what)
    if what != "top1":
        return parse_count(text, what=what)
    try:
        return float(text.rstrip("% "))
    except ValueError:
        raise FeatherboneError(f"top1 {text!r} is not a number of percent", hint="for example >70") from None


def _show(what: str, value: float) -> str:
    if what in BYTES:
        return format_bytes(value)
    if what == "latency":
        return f"{value:.3g} ms" if value < 1000 else f"{value:,.0f} ms"
    return f"{value:g} %" if what == "top1" else format_count(value)
