"""The price of a bit by which the file is as small as may be: found by bisection, not set."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

CLOSE = 1.1  # ratio of two prices between which nothing more is tried
WIDE = 4.0  # ratio of the first two prices; it is squared each time until the limit lies between two
LEAST, MOST = 2.0**-60, 2.0**60  # of the first price

T = TypeVar("T")


def dearest(first: float, attempt: Callable[[float], T], allowed: Callable[[T], bool]) -> T | None:
    """What is found at the highest price that is allowed; None where none is.

    >>> dearest(1.0, lambda price: price, lambda price: price <= 10)
    9.513656920021768

    What is tried with one price is taken to be allowed with lower ones. Bisection, in ratios.
    """
    price, found = first, attempt(first)
    good = found if allowed(found) else None
    low, high = (price, math.inf) if good is not None else (0.0, price)
    ratio = WIDE
    while (high == math.inf and low < MOST * first) or (low == 0.0 and high > LEAST * first):
        price = low * ratio if high == math.inf else high / ratio
        ratio *= ratio
        found = attempt(price)
        if allowed(found):
            low, good = price, found
        else:
            high = price
    while low > 0 and high < math.inf and high / low > CLOSE:
        price = math.sqrt(low * high)
        found = attempt(price)
        if allowed(found):
            low, good = price, found
        else:
            high = price
    return good
