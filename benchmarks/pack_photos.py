"""EfficientNet-Lite0 as a packed file, on photos from outside ImageNet: size, accuracy, and agreement with float.

    python benchmarks/pack_photos.py MODEL.safetensors imagenet_like.zip [--images 256] [--price 2e-9 ...]

The model is what ``featherbone convert efficientnet_lite0 --weights efficientnet-lite0-57934424.pth`` writes. So many
photos, without their labels, round the weights, as ``featherbone pack`` does at these prices of a bit; nothing is
trained. Accuracy and agreement are of all the others. The whole file counts. One core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from machine import describe
from quantize_photos import photos_seen

from featherbone.data.batches import normalise
from featherbone.download import file_hash
from featherbone.job.packing.learned import TEMPERATURE
from featherbone.job.packing.plan import about_packed
from featherbone.nn import load_model, module_with
from featherbone.nn.packed.file import packed_bytes
from featherbone.nn.packed.model import PackedModel
from featherbone.pack import levelled
from featherbone.quantize.agreement import answers
from featherbone.rewrite import fold
from featherbone.rewrite.cutting.fisher import fisher
from featherbone.rewrite.mending.mend import fitted_layers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--price", type=float, nargs="+", default=[2e-9, 4e-9])
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "numpy"), flush=True)
    model = load_model(given.model)
    seen = model.preprocessing
    pixels, labels = photos_seen(model, given.photos)
    order = np.random.default_rng(0).permutation(len(pixels))
    photos, tested = (
        normalise(pixels[places], seen.mean, seen.std).contiguous()
        for places in (order[: given.images], order[given.images :])
    )
    labels = labels[order[given.images :]]
    network = fold(model.graph, model.weights)
    full = sum(4 * tensor.numel() for tensor in network.weights.values())
    before = answers(model.module(), tested)
    started = time.process_time()
    weighed = fisher(network, photos, fitted_layers(network.graph), temperature=TEMPERATURE)
    importance = {layer: found.diagonal() for layer, found in weighed.items()}
    print(
        f"{full:,} bytes of weights in float32; {len(photos)} photos round, {len(tested)} others judge; in float "
        f"{right(before, labels):.2f} %; importance took {time.process_time() - started:.0f} s of CPU\n"
    )
    print(f"{'price of a bit':>16}{'file':>12}{'ratio':>8}{'alike':>9}{'top-1':>9}{'CPU s':>8}", flush=True)
    for price in given.price:
        started = time.process_time()
        found = levelled(network, photos, importance, price)
        seconds = time.process_time() - started
        said = about_packed(model, found.network, file_hash(given.model))
        size = len(packed_bytes(PackedModel(about=said, levels=found.levels, plain=found.plain)))
        after = answers(module_with(*found.network).eval(), tested)
        alike = 100 * float((before.argmax(1) == after.argmax(1)).double().mean())
        print(
            f"{price:16.2g}{size:12,}{full / size:7.2f}x{alike:8.2f}%{right(after, labels):8.2f}%{seconds:8.0f}",
            flush=True,
        )


def right(answered: torch.Tensor, labels: torch.Tensor) -> float:
    """Percent of images whose class is the first answer."""
    return 100 * float((answered.argmax(1) == labels).double().mean())


if __name__ == "__main__":
    main()
