"""ResNet-20 and ResNet-56 on CIFAR-10 as packed files: size and accuracy at some prices of a bit, and other coders.

    pip install brotli zstandard
    python benchmarks/pack_cifar.py --data cifar10.zip --weights FOLDER [--only cifar_resnet20]

The weights are those of ``cifar_weights.py``. What is packed is what ``featherbone pack`` writes at that price: rounded
by training images without labels, nothing trained; the whole file counts. The accuracy is that of the whole test split.
The second table codes the same levels otherwise, with what a byte-oriented coder is given as int8; the third codes the
weights rounded to eight bits a tensor. One core; seconds are of its time.
"""

from __future__ import annotations

import argparse
import lzma
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import brotli
import numpy as np
import torch
import zstandard
from machine import describe
from prune_cifar import model_file

from featherbone.job.images import open_as_seen, unlabelled
from featherbone.nn import Model
from featherbone.nn.about import About
from featherbone.nn.model import load_model
from featherbone.nn.packed import decode_levels, encode_levels, twin
from featherbone.nn.packed.file import packed_bytes
from featherbone.nn.packed.model import PackedModel
from featherbone.nn.packed.shape import LevelShape
from featherbone.pack import Levelling, levelled
from featherbone.progress import silent
from featherbone.rewrite import TrainedGraph, fold
from featherbone.rewrite.cutting.fisher import fisher
from featherbone.rewrite.mending.mend import fitted_layers
from featherbone.train import evaluate

PRICES = {"cifar_resnet20": (1.1e-7, 1.3e-7, 1.5e-7), "cifar_resnet56": (1.8e-8, 2.4e-8, 3e-8)}
IMAGES, TEMPERATURE = 1024, 4.0  # as the command has them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--only", choices=PRICES, action="append")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "numpy", "brotli", "zstandard"))
    for name in given.only or PRICES:
        weights = given.weights / f"{name.replace('cifar_', 'cifar10_')}.safetensors"
        table(name, load_model(model_file(weights, given.data, given.out, name)), given.data)


def table(name: str, model: Model, data: Path) -> None:
    dataset = open_as_seen(data, model.preprocessing, seed=0, skip_bad=False, progress=silent)
    network = fold(model.graph, model.weights)
    images = unlabelled(dataset, model.preprocessing, IMAGES, 0)
    full = sum(4 * tensor.numel() for tensor in network.weights.values())
    test = dataset.splits["test"]
    whole = 100 * evaluate(model.module(), test, dataset).top1
    print(f"{name}: {full:,} bytes of weights in float32, {whole:.2f} %\n")
    print(f"{'price of a bit':>16}{'file':>12}{'ratio':>8}{'top-1':>9}{'lost':>7}{'bits/weight':>13}{'CPU s':>8}")
    weighed = fisher(network, images, fitted_layers(network.graph), temperature=TEMPERATURE)
    importance = {layer: found.diagonal() for layer, found in weighed.items()}
    for price in PRICES[name]:
        started = time.process_time()
        found = levelled(network, images, importance, price)
        seconds = time.process_time() - started
        said = about(model, found.network)
        size = len(packed_bytes(PackedModel(about=said, levels=found.levels, plain=found.plain)))
        module = Model(**vars(said), weights=found.network.weights).module()
        top1 = 100 * evaluate(module, test, dataset).top1
        levels = weights_of(found)
        bits = 8 * len(encode_levels(levels)) / sum(each.size for each in levels)
        print(
            f"{price:16.2g}{size:12,}{full / size:7.2f}x{top1:8.2f}%{whole - top1:7.2f}{bits:13.3f}{seconds:8.0f}",
            flush=True,
        )
    coders(weights_of(found))
    rounded(network, size)


def about(model: Model, network: TrainedGraph) -> About:
    return About(graph=network.graph, classes=model.classes, preprocessing=model.preprocessing, provenance={})


def weights_of(found: Levelling) -> list[np.ndarray]:
    """The levels of weights, without those of biases."""
    return [each.levels for each in found.levels.values() if each.levels.ndim > 1]


def coders(levels: Sequence[np.ndarray]) -> None:
    """Bits a weight of the levels at the last price, by other coders; how long ours takes."""
    count = sum(each.size for each in levels)
    flat = np.concatenate([each.reshape(-1) for each in levels])
    as_bytes = np.clip(flat, -128, 127).astype(np.int8).tobytes()
    entropy = sum(entropy_bits(each) for each in levels)
    started = time.process_time()
    content = encode_levels(levels)
    encoded = time.process_time()
    again = decode_levels(content, [each.shape for each in levels])
    decoded = time.process_time()
    assert all((one == other).all() for one, other in zip(levels, again, strict=True))
    shapes = [LevelShape.of(each.shape) for each in levels]
    assert (twin.decoded(content, shapes) == flat).all(), "the twin reads the same bits"
    slow = time.process_time() - decoded
    sizes: Mapping[str, float] = {
        "order-0 entropy of each layer": entropy / 8,
        "Huffman, a table for each layer (tables not counted)": sum(huffman_bits(each) for each in levels) / 8,
        "zlib 9": len(zlib.compress(as_bytes, 9)),
        "xz 9e": len(lzma.compress(as_bytes, preset=9 | lzma.PRESET_EXTREME)),
        "zstandard 22": len(zstandard.ZstdCompressor(level=22).compress(as_bytes)),
        "brotli 11": len(brotli.compress(as_bytes, quality=11)),
        "ours": len(content),
    }
    print("\nthe levels at the last price, coded otherwise\n")
    for coder, size in sizes.items():
        print(f"{coder:56}{8 * size / count:8.3f} bits{8 * size / entropy:8.3f} of the entropy")
    million = 1e6 / count
    print(
        f"\na million weights: {million * (encoded - started):.2f} s to code, {million * (decoded - encoded):.2f} s to "
        f"read, by C++; {million * slow:.1f} s to read by NumPy"
    )


def rounded(network: TrainedGraph, packed: int) -> None:
    """The weights rounded to eight bits, by coders of bytes: what a packed file is beside."""
    numbers = []
    for tensor in network.weights.values():
        step = float(tensor.abs().max()) / 127 or 1.0
        numbers.append((tensor / step).round().to(torch.int8).numpy().tobytes())
    content = b"".join(numbers)
    print("\nweights of eight bits, one step a tensor\n")
    for coder, size in {
        "as they are": len(content),
        "zstandard 22": len(zstandard.ZstdCompressor(level=22).compress(content)),
        "brotli 11": len(brotli.compress(content, quality=11)),
    }.items():
        print(f"{coder:56}{size:10,} bytes, {size / packed:.2f} times the last packed file")
    print()


def entropy_bits(levels: np.ndarray) -> float:
    share = np.unique(levels, return_counts=True)[1] / levels.size
    return float(-(share * np.log2(share)).sum() * levels.size)


def huffman_bits(levels: np.ndarray) -> float:
    """The length of a Huffman code: the sum of all inner nodes of its tree."""
    counts = sorted(np.unique(levels, return_counts=True)[1].tolist())
    if len(counts) == 1:
        return float(counts[0])
    total = 0
    while len(counts) > 1:
        joined = counts.pop(0) + counts.pop(0)
        total += joined
        place = int(np.searchsorted(counts, joined))
        counts.insert(place, joined)
    return float(total)


if __name__ == "__main__":
    main()
