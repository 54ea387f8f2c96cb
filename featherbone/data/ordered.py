"""Map over many files in order, on threads when that pays, and report progress."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Progress = Callable[[str, int, int], None]  # (what is being done, how many are done, of how many)
Item = TypeVar("Item")
Result = TypeVar("Result")

_REPORT = 256
_AHEAD = 4  # so many results for each thread are in memory at once, however slow their reader is


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
    workers = min(16, os.cpu_count() or 1)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            yield from _report(_ahead(pool, function, items, _AHEAD * workers), len(items), progress)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _ahead(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Sequence[Item], most: int
) -> Iterator[tuple[Item, Result]]:
    """Results in order while later ones are worked on, `most` of them at a time."""
    begun: deque[tuple[Item, Future[Result]]] = deque()
    for item in items:
        if len(begun) == most:
            first, future = begun.popleft()
            yield first, future.result()
        begun.append((item, pool.submit(function, item)))
    while begun:
        first, future = begun.popleft()
        yield first, future.result()


def _report(
    pairs: Iterator[tuple[Item, Result]], total: int, progress: Callable[[int, int], None]
) -> Iterator[tuple[Item, Result]]:
    for done, pair in enumerate(pairs, start=1):
        yield pair
        if done % _REPORT == 0 or done == total:
            progress(done, total)
