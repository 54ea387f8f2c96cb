"""Map over many files in order, on threads when that pays, and report progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Progress = Callable[[str, int, int], None]  # (what is being done, how many are done, of how many)
Item = TypeVar("Item")
Result = TypeVar("Result")

_BLOCK = 256  # so many results are in memory at once, however slow their reader is


def in_order(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    progress: Callable[[int, int], None],
    *,
    threads: bool = False,
) -> Iterator[tuple[Item, Result]]:
    """Each item with its result, in the order of the items; `progress` hears how many are done, of how many.

    >>> list(in_order(len, ["a", "bcd"], lambda done, total: None))
    [('a', 1), ('bcd', 3)]
    """
    if not threads:
        yield from _report(((item, function(item)) for item in items), len(items), progress)
        return
    with ThreadPoolExecutor(max_workers=min(16, os.cpu_count() or 1)) as pool:
        yield from _report(_blocks(pool, function, items), len(items), progress)


def _blocks(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[tuple[Item, Result]]:
    for start in range(0, len(items), _BLOCK):
        block = items[start : start + _BLOCK]
        yield from zip(block, pool.map(function, block), strict=True)


def _report(
    pairs: Iterator[tuple[Item, Result]], total: int, progress: Callable[[int, int], None]
) -> Iterator[tuple[Item, Result]]:
    for done, pair in enumerate(pairs, start=1):
        yield pair
        if done % _BLOCK == 0 or done == total:
            progress(done, total)
