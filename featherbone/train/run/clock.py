"""Time within a run: how long an epoch takes over all its interruptions, and when the next checkpoint is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from featherbone.train.run.state import State

Item = TypeVar("Item")


def timer(seconds: float) -> Callable[[], bool]:
    """A function that says whether so many seconds have passed since it was made, or last said yes.

    >>> timer(0)(), timer(60)()
    (True, False)
    """
    last = time.monotonic()

    def due() -> bool:
        nonlocal last
        now = time.monotonic()
        if now - last < seconds:
            return False
        last = now
        return True

    return due


@contextmanager
def counted(state: State) -> Iterator[None]:
    """The time inside is added to the epoch's."""
    started = time.perf_counter()
    try:
        yield
    finally:
        state.seconds += time.perf_counter() - started


def timed(state: State, items: Iterable[Item]) -> Iterator[Item]:
    """The items; the time that they and the work on them take is added to the epoch's."""
    last = time.perf_counter()
    for item in items:
        yield item
        now = time.perf_counter()
        state.seconds += now - last
        last = now
