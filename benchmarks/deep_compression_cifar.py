"""ResNet-20 on CIFAR-10 by Deep Compression and as a packed file, at the same loss of accuracy.

    python benchmarks/deep_compression_cifar.py --data cifar10.zip --weights cifar10_resnet20.safetensors

Neither is retrained. Of Deep Compression, for each number of bits, the smallest share of weights is searched
in steps of 0.05 that loses at most half a point on the test split itself: it is favoured, as its knobs are set by the
images that judge it. Its size has all tensors, codebooks and Huffman tables; the packed file has graph, classes and
preprocessing besides. Ours is what ``featherbone pack`` writes at a price of a bit, of those tried. One core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from machine import describe
from prune_cifar import model_file

from featherbone.data import Dataset
from featherbone.job.images import open_as_seen, unlabelled
from featherbone.nn import Model
from featherbone.nn.about import About
from featherbone.nn.model import load_model
from featherbone.nn.packed.file import packed_bytes
from featherbone.nn.packed.model import PackedModel
from featherbone.pack import levelled
from featherbone.pack.deep_compression.network import deep_compressed
from featherbone.progress import silent
from featherbone.rewrite import TrainedGraph, fold
from featherbone.rewrite.cutting.fisher import fisher
from featherbone.rewrite.mending.mend import fitted_layers
from featherbone.train import evaluate

NAME = "cifar_resnet20"
ALLOWED = 0.5  # points
IMAGES, TEMPERATURE = 1024, 4.0  # as the command has them
BITS = (None, 6, 5, 4)  # None: 8 in convolutions, 5 in the linear layer, as published
STEPS = 20  # shares of weights are multiples of one twentieth
PRICES = (1.1e-7, 1.3e-7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "numpy"))
    model = load_model(model_file(given.weights, given.data, given.out, NAME))
    data = open_as_seen(given.data, model.preprocessing, seed=0, skip_bad=False, progress=silent)
    network = fold(model.graph, model.weights)
    full = sum(4 * tensor.numel() for tensor in network.weights.values())
    whole = accuracy(model, network, data)
    print(f"{NAME}: {full:,} bytes of weights in float32, {whole:.2f} %\n", flush=True)
    print(f"{'Deep Compression':>20}{'kept':>7}{'pruned':>10}{'shared':>10}{'Huffman':>10}{'ratio':>8}{'lost':>7}")
    theirs = min(smallest(model, network, data, bits, whole) for bits in BITS)
    print(f"\n{'packed, price':>20}{'file':>37}{'ratio':>8}{'lost':>7}")
    images = unlabelled(data, model.preprocessing, IMAGES, 0)
    weighed = fisher(network, images, fitted_layers(network.graph), temperature=TEMPERATURE)
    ours = []
    for price in PRICES:
        found = levelled(network, images, {layer: each.diagonal() for layer, each in weighed.items()}, price)
        said = about(model, found.network)
        size = len(packed_bytes(PackedModel(about=said, levels=found.levels, plain=found.plain)))
        lost = whole - accuracy(model, found.network, data)
        print(f"{price:20.2g}{size:37,}{full / size:7.2f}x{lost:7.2f}", flush=True)
        ours += [size] if lost <= ALLOWED else []
    print(
        f"\nat most {ALLOWED} points lost: {theirs:,} bytes and {min(ours):,}, {theirs / min(ours):.2f} times as many"
    )


def smallest(model: Model, network: TrainedGraph, data: Dataset, bits: int | None, whole: float) -> float:
    """The fewest bytes at so many bits, by bisection of the share that is kept; infinity where none is good enough."""
    low, high, best = 0, STEPS + 1, float("inf")
    while high - low > 1:
        middle = (low + high + 1) // 2 if high > STEPS else (low + high) // 2
        found = deep_compressed(network, keep=middle / STEPS, bits=bits)
        lost = whole - accuracy(model, found.network, data)
        pruned, shared, coded = (found.size(stage) for stage in ("pruned", "shared", "coded"))
        ratio = found.size("float_bytes") / coded
        said = "8 and 5 bits" if bits is None else f"{bits} bits"
        print(f"{said:>20}{middle / STEPS:7.2f}{pruned:10,}{shared:10,}{coded:10,}{ratio:7.2f}x{lost:7.2f}", flush=True)
        if lost <= ALLOWED:
            high, best = middle, min(best, coded)
        else:
            low = middle
    return best


def about(model: Model, network: TrainedGraph) -> About:
    return About(graph=network.graph, classes=model.classes, preprocessing=model.preprocessing, provenance={})


def accuracy(model: Model, network: TrainedGraph, data: Dataset) -> float:
    module = Model(**vars(about(model, network)), weights=network.weights).module()
    return 100 * evaluate(module, data.splits["test"], data).top1


if __name__ == "__main__":
    main()
