"""When a measurement should not be trusted, as a rule that anyone can check against the numbers."""

from __future__ import annotations

from featherbone.measure.environment import Environment
from featherbone.measure.statistics import Summary

WIDEST_INTERVAL = 0.05  # of the median: the 95 % interval from end to end
LONGEST_TAIL = 1.25  # p90 over p50

RULE = (
    f"noisy: the warm-up did not settle, the interval of the median is wider than {WIDEST_INTERVAL:.0%} of it, p90 is "
    f"over {LONGEST_TAIL} × p50, there were more threads than cores, or the load average before exceeded "
    "cores − threads + 1"
)


def noise(summary: Summary, *, settled: bool, threads: int, environment: Environment) -> tuple[str, ...]:
    """Why a measurement is noisy, one reason for each part of ``RULE`` that it breaks; none where it is not.

    >>> from featherbone.measure.environment import environment
    >>> quiet = Summary(p50_ms=10.0, p90_ms=14.0, p99_ms=15.0, min_ms=9.9, n=200, low_ms=9.95, high_ms=10.05)
    >>> noise(quiet, settled=True, threads=1, environment=environment([], load_before=None))
    ('p90 is 1.40 × p50',)
    """
    reasons: list[str] = []
    if not settled:
        reasons.append("the warm-up did not settle")
    width = (summary.high_ms - summary.low_ms) / summary.p50_ms
    if width > WIDEST_INTERVAL:
        reasons.append(f"the interval of the median is {width:.0%} wide")
    tail = summary.p90_ms / summary.p50_ms
    if tail > LONGEST_TAIL:
        reasons.append(f"p90 is {tail:.2f} × p50")
    if threads > environment.cores:
        reasons.append(f"{threads} threads shared the cores, of which there are {environment.cores}")
    load = environment.load_before
    if load is not None and load > environment.cores - threads + 1:
        reasons.append(f"the load average was {load:.1f} on {environment.cores} cores before it began")
    return tuple(reasons)
