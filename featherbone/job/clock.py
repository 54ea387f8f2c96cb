"""The clock by which a limit on latency is kept."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.graph import Graph
from featherbone.measure import measure, prepared
from featherbone.search.costs.latency_limit import LatencyLimit

SECONDS = 2.0

Clock = Callable[[Graph], float]  # milliseconds of a network


def clock_of(limit: LatencyLimit) -> Clock:
    """Measures a network as the limit says, in a process of its own."""

    def clock(graph: Graph) -> float:
        with prepared([graph], [limit.runtime]) as subjects:
            (latency,) = measure(subjects, runtime=limit.runtime, threads=limit.threads, seconds=SECONDS)
        return latency.times.p50_ms

    return clock
