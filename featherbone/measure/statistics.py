"""What is said of a sample of times: percentiles of all of it, and how sure its median is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featherbone.errors import FeatherboneError

RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Milliseconds: median, 90th and 99th percentile, smallest, number of runs, and the interval of the median."""

    p50_ms: float
    p90_ms: float
    p99_ms: float
    min_ms: float
    n: int
    low_ms: float
    high_ms: float


def summarise(turns: Sequence[Sequence[float]]) -> Summary:
    """The summary of runs in seconds, grouped by the turns in which they were measured; no run is thrown away.

    >>> summary = summarise([[0.010, 0.011], [0.012, 0.013], [0.014]])
    >>> summary.p50_ms, summary.min_ms, summary.n
    (12.0, 10.0, 5)

    Raises:
        FeatherboneError: no runs.
    """
    values = np.array([1e3 * seconds for turn in turns for seconds in turn])
    if not len(values):
        raise FeatherboneError("there are no runs to summarise", hint="measure for longer")
    low, high = median_interval([[1e3 * seconds for seconds in turn] for turn in turns])
    p50, p90, p99 = np.quantile(values, [0.5, 0.9, 0.99])
    return Summary(
        p50_ms=float(p50),
        p90_ms=float(p90),
        p99_ms=float(p99),
        min_ms=float(values.min()),
        n=len(values),
        low_ms=low,
        high_ms=high,
    )


def median_interval(turns: Sequence[Sequence[float]], *, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile-bootstrap interval of the median, resampling whole turns (Efron and Tibshirani 1993, 13.3).

    >>> median_interval([[1.0], [2.0], [3.0]])
    (1.0, 3.0)

    Runs of one turn share what else the machine did just then; resampling single runs would take them for independent
    and be too sure.
    """
    values = np.array([value for turn in turns for value in turn])
    turn_of = np.repeat(np.arange(len(turns)), [len(turn) for turn in turns])
    order = np.argsort(values, kind="stable")
    values, turn_of = values[order], turn_of[order]
    noise = np.random.default_rng(seed)
    medians = np.empty(RESAMPLES)
    for place in range(RESAMPLES):
        times_drawn = np.bincount(noise.integers(0, len(turns), len(turns)), minlength=len(turns))
        reached = np.cumsum(times_drawn[turn_of])
        medians[place] = values[np.searchsorted(reached, reached[-1] / 2)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians, [tail, 1 - tail])
    return float(low), float(high)
