"""What multiples of channels bring in speed: ResNet-56 cut to half its multiply-adds, in ONNX Runtime on one thread.

    python benchmarks/cut_widths.py > benchmarks/results/cut_widths.txt

The widths are those that ``featherbone prune`` plans where every set of a width loses as much more than the one before
as random numbers say, the same for every multiple; nothing is trained, and no accuracy follows from it. The networks
are timed in turns.
"""

from __future__ import annotations

import random
import statistics

from machine import describe

from featherbone.cost import count
from featherbone.graph import Graph, channel_sets
from featherbone.job.pruning.quantities import measure_of
from featherbone.measure import measure, prepared
from featherbone.networks import network
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import fold
from featherbone.rewrite.cutting.elimination import Elimination
from featherbone.rewrite.cutting.plan import plan_cut
from featherbone.search import Budget

NETWORK, SHARE = "cifar_resnet56", 0.5
MULTIPLES = (1, 2, 4, 8, 16)
SECONDS, SEEDS = 3.0, (0, 1, 2)


def main() -> None:
    print(describe("onnxruntime", "numpy"))
    whole = network(NETWORK)
    folded = fold(whole, initial_weights(whole, seed=0)).graph
    macs = int(count(folded).macs)
    print(f"\n{NETWORK}, {macs / 1e6:.1f} M multiply-adds, cut to {100 * SHARE:.0f} %; medians of {len(SEEDS)} draws\n")
    print(f"{'widths are':16}{'MACs':>10}{'least':>11}{'p50':>11}")
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in SEEDS:
        graphs = {"uncut": folded, **{f"multiples of {each}": cut(folded, macs, each, seed) for each in MULTIPLES}}
        with prepared(list(graphs.values()), ["onnxruntime"]) as subjects:
            timed = measure(subjects, runtime="onnxruntime", threads=1, seconds=SECONDS)
        for (name, graph), each in zip(graphs.items(), timed, strict=True):
            row = int(count(graph).macs) / 1e6, each.times.min_ms, each.times.p50_ms
            found.setdefault(name, []).append(row)
    for name, rows in found.items():
        mean, least, middle = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{name:16}{mean:>8.1f} M{least:>8.2f} ms{middle:>8.2f} ms")


def cut(graph: Graph, macs: int, multiple: int, seed: int) -> Graph:
    """The graph with half of its multiply-adds."""
    chance, sets = random.Random(seed), channel_sets(graph)
    losses = {}
    for place, space in enumerate(sets.spaces):
        if not space.fixed:
            order = tuple(range(len(space.sets) - 1))
            scale = chance.lognormvariate(0, 1) * len(space.readers) / len(space.sets)
            costs = tuple(scale * (at + 1) for at in order)
            losses[place] = Elimination(order=order, costs=costs, matrices={})
    limit = int(SHARE * macs)
    return plan_cut(sets, losses, {"macs": limit}, measure_of(Budget(macs=limit)), multiple=multiple).graph


if __name__ == "__main__":
    main()
