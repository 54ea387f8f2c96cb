"""Which count tells how fast a network is? The zoo measured in ONNX Runtime, and ranked by each count.

    python benchmarks/latency_zoo.py > benchmarks/results/latency_zoo.txt

Every network at its default resolution, batch 1, one thread, each in a process of its own, all of them in turns; so all
their weights are in memory at once, about 14 GB with the runtime's copies. Spearman's rank correlation of parameters,
multiply-adds and activations with the median, over all networks and by input size; intervals resample networks. Leave
the machine alone meanwhile: rows flagged `noisy` say why.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from machine import describe
from rank_correlation import rank_correlation

from featherbone.cost import Count, count
from featherbone.errors import FeatherboneError
from featherbone.measure import Latency, measure, prepared
from featherbone.measure.noise import RULE
from featherbone.networks import NETWORKS, network

COUNTS = ("params", "macs", "activations")
RESAMPLES = 2000
FEWEST = 5  # networks that a correlation needs to mean anything


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default=",".join(NETWORKS), help="names with commas; all by default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each network, at least")
    arguments = parser.parse_args()
    start = time.perf_counter()
    counts = [count(network(name)) for name in arguments.networks.split(",")]
    with prepared([cost.graph for cost in counts], ["onnxruntime"], progress=say) as subjects:
        exported = time.perf_counter()
        latencies = measure(subjects, threads=arguments.threads, seconds=arguments.seconds, progress=say)
    end = time.perf_counter()
    print(describe("onnxruntime", "onnx", "torch", "numpy"))
    around = latencies[0].environment
    print(f"{len(latencies)} networks, batch 1, {arguments.threads} thread{'s' * (arguments.threads != 1)}")
    print(f"load average {around.load_before} before, {around.load_after} after")
    print(f"{exported - start:.0f} s to export, {end - exported:.0f} s to measure\n")
    print_rows(counts, latencies)
    print(f"\n{RULE}\n\nSpearman's rank correlation with p50, and its 95 % interval over networks:")
    print_correlations("all", counts, latencies)
    for label, sides in (("images of 32×32", range(100)), ("images of 224×224 to 299×299", range(100, 1000))):
        pairs = [pair for pair in zip(counts, latencies, strict=True) if pair[0].graph.input_shape[-1] in sides]
        print_correlations(label, [cost for cost, _ in pairs], [latency for _, latency in pairs])


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def print_rows(counts: Sequence[Count], latencies: Sequence[Latency]) -> None:
    """A row a network, the fastest first."""
    columns = ("params", "MACs", "activations", "p50 ms", "95 % of p50", "p90 ms", "p99 ms", "min ms", "runs")
    print(f"{'network':24}" + "".join(f"{column:>16}" for column in columns))
    for cost, latency in sorted(zip(counts, latencies, strict=True), key=lambda pair: pair[1].times.p50_ms):
        times = latency.times
        cells = [f"{cost.params:,}", f"{cost.macs:,}", f"{cost.activations:,}", f"{times.p50_ms:.3f}"]
        cells += [f"{times.low_ms:.3f}–{times.high_ms:.3f}"]
        cells += [f"{times.p90_ms:.3f}", f"{times.p99_ms:.3f}", f"{times.min_ms:.3f}", f"{times.n:,}"]
        remark = f"  noisy: {'; '.join(latency.noise)}" if latency.noisy else ""
        print(f"{latency.network:24}" + "".join(f"{cell:>16}" for cell in cells) + remark)


def print_correlations(label: str, counts: Sequence[Count], latencies: Sequence[Latency]) -> None:
    """A line for each count, where there are networks enough."""
    if len(counts) < FEWEST:
        return
    print(f"\n{label}, {len(counts)} networks")
    times = np.array([latency.times.p50_ms for latency in latencies])
    for name in COUNTS:
        values = np.array([float(getattr(cost, name)) for cost in counts])
        low, high = interval(values, times)
        print(f"  {name:12} {rank_correlation(list(values), list(times)):6.3f}   {low:.3f} to {high:.3f}")


def interval(values: np.ndarray, times: np.ndarray) -> tuple[float, float]:
    """The 95 % bootstrap interval over networks; a resample without two different networks is drawn again."""
    noise = np.random.default_rng(0)
    found: list[float] = []
    while len(found) < RESAMPLES:
        drawn = noise.integers(0, len(values), len(values))
        try:
            found.append(rank_correlation(list(values[drawn]), list(times[drawn])))
        except FeatherboneError:
            continue
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
