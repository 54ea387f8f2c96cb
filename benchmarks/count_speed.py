"""How long it takes from a network's Python function to its totals, on one core: the cost of looking at one design.

    python benchmarks/count_speed.py > benchmarks/results/count_speed.txt

It takes about half a minute.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import quantiles

from machine import describe

from featherbone.cost import count, peak_memory
from featherbone.networks import network

NETWORKS = ("mobilenet_v2", "mobilenet_v1", "shufflenet_v1", "resnet50", "inception_v3")
RUNS = 300


def milliseconds(work: Callable[[], object]) -> tuple[float, float, float, float]:
    """Fastest, p10, p50 and p90 of many runs, after ten that warm up."""
    for _ in range(10):
        work()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    tenths = quantiles(seconds, n=10)
    return tuple(1000 * value for value in (min(seconds), tenths[0], tenths[4], tenths[8]))  # type: ignore[return-value]


def main() -> None:
    lines = [describe(), f"{RUNS} runs each, milliseconds: fastest, p10, p50, p90\n"]
    for spec in NETWORKS:
        graph = network(spec)
        parts = {
            "build + count": lambda spec=spec: count(network(spec)).macs,
            "  build": partial(network, spec),
            "  count": partial(count, graph),
            "peak memory": partial(peak_memory, graph),
        }
        lines.append(f"{spec}, {len(graph.nodes)} operators")
        for label, work in parts.items():
            lines.append(f"  {label:<15}" + "".join(f"{value:8.2f}" for value in milliseconds(work)))
    loaded = sorted({"torch", "numpy", "sympy"} & set(sys.modules))
    lines.append(f"\nheavy modules loaded: {', '.join(loaded) or 'none'}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
