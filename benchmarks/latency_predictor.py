"""How far predicted latencies are off: designs of the space `light` that nothing was learned from, measured whole.

    python benchmarks/latency_predictor.py > benchmarks/results/latency_predictor.txt

The machine is learned as ``featherbone fit --latency`` does it: kernels of some designs, then other designs whole
for the calibration. A third set, of 2 M to 60 M multiply-adds and all resolutions of 32×32 images, is predicted, and
measured twice: the second measurement shows how well any prediction could do. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import describe
from rank_correlation import rank_correlation

from featherbone.latency.designs import DesignLatencies
from featherbone.latency.learning import learned
from featherbone.latency.measured import Meter
from featherbone.search import Budget, LatencyLimit, SpaceCosts, named_space, sample
from featherbone.search.space.matrix import encode

MACS = (2, 5, 12.5, 30, 60)  # millions
SEED = 99  # of the designs that are held out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--designs", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--store", type=Path, help="folder of measured kernels to go on with; by default a new one")
    arguments = parser.parse_args()
    costs = SpaceCosts(named_space("light", (32, 28, 24)), classes=10, channels=3)
    budget = Budget(macs=60_000_000, latency=LatencyLimit(ms=3, threads=arguments.threads))
    each = arguments.designs // len(MACS)
    designs = [design for macs in MACS for design in sample(costs, Budget(macs=int(macs * 1e6)), each, seed=SEED)]
    graphs = {str(design): design.graph(classes=10, channels=3) for design in designs}
    with tempfile.TemporaryDirectory() as folder:
        store = arguments.store or Path(folder)
        with Meter(store, threads=arguments.threads) as meter:
            start = time.perf_counter()
            predictor = learned(costs, budget, meter, say)
            spent = time.perf_counter() - start
            first = measured(meter, graphs)
            again = measured(meter, graphs)
    model = DesignLatencies(costs.space, classes=10, channels=3, predictor=predictor)
    rows = encode(costs.space, designs)
    model.milliseconds(rows)
    start = time.perf_counter()
    predictions = model.milliseconds(rows)
    speed = len(rows) / (time.perf_counter() - start)
    found = [predictor.predict(graph) for graph in graphs.values()]
    print(describe("onnxruntime", "onnx", "scikit-learn", "numpy"))
    print(f"{predictor.bench}, blocks of {predictor.bench.block} channels")
    print(
        f"{len(predictor.measured)} kernels and {predictor.networks} networks measured in {spent:.0f} s; "
        f"calibration {', '.join(f'{value:.3g}' for value in predictor.calibration)}; "
        f"nine in ten of the networks stay below the prediction and {100 * predictor.margin:.1f} % of it\n"
    )
    print(f"{'measured':>9} {'again':>9} {'predicted':>9} {'off':>8} {'of measured kernels':>20}  design")
    for design, ms, second, guess in zip(graphs, first, again, found, strict=True):
        off = 100 * (guess.ms / ms - 1)
        print(f"{ms:9.4f} {second:9.4f} {guess.ms:9.4f} {off:+7.1f}% {100 * guess.measured:19.0f}%  {design}")
    print(f"\n{len(first)} designs that nothing was learned from, milliseconds of one image")
    print_errors("prediction", first, np.array([guess.ms for guess in found]))
    print_errors("second measurement", first, again)
    apart = np.abs(predictions / np.array([guess.ms for guess in found]) - 1).max()
    print(f"\n{speed:,.0f} designs/s are predicted from rows, {apart:.2%} at most off what their graphs are predicted")


def measured(meter: Meter, graphs: dict[str, object]) -> np.ndarray:
    """Milliseconds of each, past the store."""
    fresh = Meter.__new__(Meter)
    fresh.__dict__ = {**meter.__dict__}
    with tempfile.TemporaryDirectory() as folder:
        fresh.store = type(meter.store)(Path(folder), meter.store.bench)
        found = fresh.networks(graphs)  # type: ignore[arg-type]
    return np.array([1e3 * found[text] for text in graphs])


def print_errors(label: str, truth: np.ndarray, other: np.ndarray) -> None:
    off = np.abs(other / truth - 1)
    median, most = np.quantile(off, [0.5, 0.95])
    rank = rank_correlation(list(truth), list(other))
    within = (off <= 0.15).mean()
    print(
        f"{label:20} median error {median:6.2%}   95th percentile {most:6.2%}   within 15 % {within:4.0%}   "
        f"rank correlation {rank:.4f}   median ratio {np.median(other / truth):.3f}"
    )


def say(what: str, done: int, total: int) -> None:
    print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
