"""How fast a training goes."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 5.0  # over which steps count


class Pace:
    """Images a second over the last steps.

    >>> clock = iter([0.0, 0.5, 1.0])
    >>> pace = Pace(now=lambda: next(clock))
    >>> pace.step(100), pace.step(100), pace.step(100)
    (0.0, 200.0, 200.0)

    ``pause`` forgets them: what comes next, such as an evaluation, is no training.
    """

    def __init__(self, *, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._steps: list[tuple[float, int]] = []

    def step(self, images: int) -> float:
        """A step of so many images ended now; 0 after the first one, as nothing says when it began."""
        self._steps.append((self._now(), images))
        while self._steps[-1][0] - self._steps[0][0] > SECONDS and len(self._steps) > 2:
            self._steps.pop(0)
        seconds = self._steps[-1][0] - self._steps[0][0]
        return sum(count for _, count in self._steps[1:]) / seconds if seconds > 0 else 0.0

    def pause(self) -> None:
        self._steps.clear()
