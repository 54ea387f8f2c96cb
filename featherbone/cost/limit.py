"""Limits on costs as people write them: ``macs<300M``, ``peak_memory<=2MiB``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.quantities import QUANTITIES, Quantity, name_of

SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LIMIT = re.compile(r"\s*(<=|>=|<|>)?\s*(.+?)\s*")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A comparison that a cost must pass.

    >>> limit = Limit.read("macs", "<300M", among=["macs"])
    >>> limit.sign, limit.bound, limit.holds(299_999_999), limit.holds(300_000_000)
    ('<', 300000000, True, False)

    ``what`` is the name of a quantity, ``bound`` in its unit: a number, bytes, milliseconds or percent.
    """

    what: str
    sign: str
    bound: float

    @staticmethod
    def read(what: str, text: str, *, among: Sequence[str], said: str = "") -> Limit:
        """``"<300M"``, ``"<=4M"``, ``">70"``; without a sign a cost is at most that much, and top-1 at least.

        A refusal calls the quantity as ``said``, or else by its name.

        Raises:
            FeatherboneError: a quantity that is not ``among`` those that have limits, or not a number with a unit.
        """
        quantity = QUANTITIES[name_of(what, among)]
        match = _LIMIT.fullmatch(text)
        if match is None:
            raise FeatherboneError(
                f"the limit on {said or quantity.name} is empty", hint="write a sign and a number, such as '<300M'"
            )
        sign = match[1] or (">=" if quantity.most_is_best else "<=")
        return Limit(what=quantity.name, sign=sign, bound=quantity.parse(match[2], what=said or quantity.name))

    @property
    def quantity(self) -> Quantity:
        return QUANTITIES[self.what]

    def holds(self, value: float) -> bool:
        return SIGNS[self.sign](value, self.bound)

    def show(self, value: float) -> str:
        """A value of this quantity for people; exact where it could be taken for the bound.

        >>> limit = Limit.read("macs", "<300M", among=["macs"])
        >>> limit.show(300_774_272), limit.show(300_000_001)
        ('300.8 M', '300,000,001')
        """
        show = self.quantity.show
        if value == self.bound or show(value) != show(self.bound):
            return show(value)
        return {"": f"{value:,}", "B": f"{value:,} B"}.get(self.quantity.suffix, show(value))

    def __str__(self) -> str:
        return f"{self.what.replace('_', '-')} {self.sign} {self.quantity.show(self.bound)}"
