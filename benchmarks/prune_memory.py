"""The memory that weighing and mending take for MobileNetV2 at 224×224: it is to stay below 2 GB.

    python benchmarks/prune_memory.py [--whole] > benchmarks/results/prune_memory.txt

Each row is the peak resident set of a process of its own that does one part of ``featherbone prune``: Fisher
information, the moments of what layers read, and least squares. Of each part only as much is done as its peak needs:
Fisher information of 24 images (its memory does not grow with them), moments of as many, and the first ten layers,
whose maps are the largest, fitted on all images that are usual at this size. With --whole all of ``shrink`` follows,
to half the multiply-adds: some twenty minutes of one core. Random weights, random images.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch
from machine import describe

from featherbone.cost import count
from featherbone.job.pruning.plan import usual_images
from featherbone.job.pruning.quantities import measure_of
from featherbone.networks import network
from featherbone.nn import Model, Preprocessing
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import TrainedGraph, fold
from featherbone.rewrite.cutting.fisher import fisher
from featherbone.rewrite.cutting.shrink import shrink
from featherbone.rewrite.factorizing.layer import layers_of
from featherbone.rewrite.mending.mend import mend
from featherbone.rewrite.mending.read_moments import read_moments
from featherbone.search import Budget

NETWORK, SIDE = "mobilenet_v2", 224
SOME, LAYERS = 24, 10
MOST = 2_000_000_000  # bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true")
    given = parser.parse_args()
    print(describe("torch", "numpy"))
    parts: dict[str, Callable[[], None]] = {
        "libraries and images": all_images_only,
        "Fisher information": information,
        "moments": moments,
        "least squares": least_squares,
    }
    if given.whole:
        parts["the whole cut"] = whole
    print(f"\n{NETWORK} at {SIDE}×{SIDE}, {usual_images((3, SIDE, SIDE))} images")
    peaks = {}
    for name, part in parts.items():
        peaks[name] = peak_of(part)
        print(f"{name:24}{peaks[name] / 1e6:8.0f} MB", flush=True)
    sys.exit(max(peaks.values()) > MOST)


def peak_of(part: Callable[[], None]) -> int:
    """The peak resident set, in bytes, of a process that does nothing else."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=measured, args=(part, there))
    process.start()
    found: int = here.recv()
    process.join()
    return found


def measured(part: Callable[[], None], answer: Connection) -> None:
    torch.set_num_threads(1)
    part()
    answer.send(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def all_images_only() -> None:
    folded()
    pictures(usual_images((3, SIDE, SIDE)))


def information() -> None:
    trained = folded()
    pictures_of_all = pictures(usual_images((3, SIDE, SIDE)))
    fisher(trained, pictures_of_all[:SOME], layers_of(trained.graph))


def moments() -> None:
    trained = folded()
    pictures_of_all = pictures(usual_images((3, SIDE, SIDE)))
    for _ in read_moments(trained, pictures_of_all[:SOME], layers_of(trained.graph)):
        pass


def least_squares() -> None:
    trained = folded()
    mend(trained, trained, pictures(usual_images((3, SIDE, SIDE))), layers=layers_of(trained.graph)[:LAYERS])


def whole() -> None:
    graph = network(NETWORK, resolution=SIDE, classes=10)
    seen = Preprocessing(resolution=SIDE, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    classes = tuple(f"class{label}" for label in range(10))
    model = Model(graph=graph, weights=initial_weights(graph, seed=0), classes=classes, preprocessing=seen)
    budget = Budget(macs=int(count(graph).macs) // 2)
    shrink(model, pictures(usual_images((3, SIDE, SIDE))), budget.limits(), measure_of(budget))


def folded() -> TrainedGraph:
    graph = network(NETWORK, resolution=SIDE, classes=10)
    return fold(graph, initial_weights(graph, seed=0))


def pictures(many: int) -> torch.Tensor:
    return torch.randn(many, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


if __name__ == "__main__":
    main()
