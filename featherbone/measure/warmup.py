"""When a network is warm: two windows of runs in a row have nearly the same median."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

STEADY = 0.02  # two medians in a row differ by less than this share
WINDOW_SECONDS, WINDOW_RUNS = 0.05, 5  # a window lasts this long and holds at least so many runs
LONGEST = 3.0  # seconds; a machine that never settles is measured all the same, and flagged


@dataclass(frozen=True, kw_only=True)
class WarmUp:
    """How many runs the warm-up took, and whether it ended because the medians agreed."""

    runs: int
    settled: bool


def warm_up(run: Callable[[], float]) -> WarmUp:
    """Run until two windows' medians differ by under 2 %, for at most about three seconds.

    >>> warm_up(lambda: 0.01)
    WarmUp(runs=10, settled=True)

    ``run`` runs the network once and returns the seconds that it took.
    """
    runs, elapsed, before = 0, 0.0, 0.0
    while True:
        window: list[float] = []
        while len(window) < WINDOW_RUNS or sum(window) < WINDOW_SECONDS:
            window.append(run())
        runs, elapsed = runs + len(window), elapsed + sum(window)
        now = statistics.median(window)
        if before and abs(now - before) < STEADY * before:
            return WarmUp(runs=runs, settled=True)
        if before and elapsed >= LONGEST:
            return WarmUp(runs=runs, settled=False)
        before = now
