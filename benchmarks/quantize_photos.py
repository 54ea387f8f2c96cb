"""EfficientNet-Lite0 in 8 bits, weights and maps, on photos from outside ImageNet: accuracy, and agreement with float.

    python benchmarks/quantize_photos.py MODEL.safetensors imagenet_like.zip [--images 256]

The model is what ``featherbone convert efficientnet_lite0 --weights efficientnet-lite0-57934424.pth`` writes. So many
photos, without their labels, choose ranges and integers; accuracy and agreement are of all the others. One core.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from machine import describe

from featherbone.data import load_image
from featherbone.data.batches import normalise
from featherbone.hub import imagenet_classes
from featherbone.nn import Model, load_model
from featherbone.quantize import FakeQuantized, described, prepared, quantize
from featherbone.quantize.agreement import agreement, answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--images", type=int, default=256)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "numpy"), flush=True)
    model = load_model(given.model)
    seen = model.preprocessing
    pixels, labels = photos_seen(model, given.photos)
    order = np.random.default_rng(0).permutation(len(pixels))
    chosen, others = order[: given.images], order[given.images :]
    photos = normalise(pixels[chosen], seen.mean, seen.std).contiguous()
    tested = normalise(pixels[others], seen.mean, seen.std).contiguous()

    began = time.process_time()
    found = quantize(prepared(model.graph, model.weights), photos)
    seconds = time.process_time() - began
    assert found.grids is not None
    rules = ", ".join(f"{rule} {value:.4f}" for rule, value in found.grids.divergences.items())
    print(f"\n{len(photos)} photos choose in {seconds:.0f} s of CPU: {found.grids.rule}, of {rules} nats")
    print(*described(found.network), f"left in float: {found.network.left_in_float()}", sep="\n", flush=True)
    before, after = (answers(each, tested) for each in (model.module(), FakeQuantized(found.network)))
    first, second = (100 * float((each.argmax(1) == labels[others]).double().mean()) for each in (before, after))
    print(f"\n{len(tested)} other photos: {first:.2f} % in float, {second:.2f} % in integers ({second - first:+.2f})")
    print(f"answered alike: {100 * agreement(before, after):.2f} %")


def photos_seen(model: Model, photos: Path) -> tuple[np.ndarray, torch.Tensor]:
    """The photos in folders named by wnid, in uint8 as the model sees them, and the places of their classes."""
    seen, names = model.preprocessing, imagenet_classes()
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(photos) as archive:
            archive.extractall(folder)
        paths = sorted(path for path in Path(folder).rglob("*.jp*g") if path.parent.name in names)
        pixels = np.stack(
            [load_image(path, resolution=seen.resolution, channels=seen.channels, view=seen.view) for path in paths]
        )
    return pixels, torch.tensor([model.classes.index(names[path.parent.name]) for path in paths])


if __name__ == "__main__":
    main()
