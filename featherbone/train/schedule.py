"""The learning rate over a run, as a share of the highest one."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType

# From the share of the way that lies behind (0 to 1) to the share of the learning rate (1 to 0).
SCHEDULES: MappingProxyType[str, Callable[[float], float]] = MappingProxyType(
    {
        "cosine": lambda way: (1 + math.cos(math.pi * way)) / 2,
        "linear": lambda way: 1 - way,
    }
)


def rate(schedule: str, step: int, *, steps: int, warmup: int) -> float:
    """The share of the learning rate at one of `steps` steps, counted from 0.

    >>> [rate("linear", step, steps=6, warmup=2) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]

    It rises in a straight line over `warmup` steps (arXiv:1706.02677, section 2.2), then falls along the schedule and
    would be 0 at step `steps`. `cosine` is arXiv:1608.03983 without restarts; `linear` with a long warm-up is the
    triangle of a one-cycle policy (arXiv:1708.07120).
    """
    if step < warmup:
        return (step + 1) / warmup
    return SCHEDULES[schedule]((step - warmup) / (steps - warmup))
