"""Published weights of the CIFAR ResNets, run by our modules: do they reach their published accuracy?

    python benchmarks/cifar_weights.py --data ../shared/data/cifar10.zip --weights ../shared/data

The weights are those of akamaster/pytorch_resnet_cifar10 as safetensors, the data CIFAR-10 as ``…/test/CLASS/*.png``
in a zip archive. Nothing is trained: the graph describes what computes only if both numbers come out.
"""

from __future__ import annotations

import argparse
import io
import re
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from machine import describe
from PIL import Image

from featherbone.networks import network
from featherbone.nn import load_foreign, module_with, read_foreign_tensors

PUBLISHED = {20: 91.73, 56: 93.39}  # test top-1 in percent, by depth
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # the original's normalisation: ImageNet's


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cifar10.zip"))
    parser.add_argument("--weights", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    print(describe("torch", "numpy", "pillow"))
    images, labels = read_test_images(arguments.data)
    for depth, published in PUBLISHED.items():
        start = time.perf_counter()
        correct = count_correct(depth, arguments.weights, images, labels)
        seconds = time.perf_counter() - start
        top1 = 100 * correct / len(labels)
        verdict = "agrees" if round(top1, 2) == published else "DIFFERS"
        print(
            f"cifar_resnet{depth}  {correct} of {len(labels)}  {top1:.2f} %  published {published} %  {verdict}", end=""
        )
        print(f"  ({seconds:.0f} s)")


def read_test_images(archive: Path, every: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """The test images, normalised, and their labels; ``every=10`` reads each tenth of each class."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if "/test/" in name and name.endswith(".png"))[::every]
        pixels = np.stack([np.asarray(Image.open(io.BytesIO(file.read(name))).convert("RGB")) for name in names])
    classes = sorted({name.split("/")[-2] for name in names})
    labels = torch.tensor([classes.index(name.split("/")[-2]) for name in names])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    return (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1), labels


def cifar_resnet_name(name: str) -> str:
    """The name in ``cifar_resnet`` of a tensor of akamaster/pytorch_resnet_cifar10.

    >>> cifar_resnet_name("layer2.0.bn1.weight"), cifar_resnet_name("linear.bias")
    ('stage2.block1.conv1_norm.weight', 'head.classifier.bias')
    """
    name = re.sub(r"^layer(\d+)\.(\d+)\.", lambda m: f"stage{m[1]}.block{int(m[2]) + 1}.", name)
    name = re.sub(r"\bbn(\d)\.", r"conv\1_norm.", name)
    name = re.sub(r"^conv1(_norm)?\.", r"stem.conv\1.", name)
    return re.sub(r"^linear\.", "head.classifier.", name)


def count_correct(depth: int, weights: Path, images: torch.Tensor, labels: torch.Tensor) -> int:
    """How many images the network of this depth classifies rightly."""
    graph = network(f"cifar_resnet{depth}")
    tensors = read_foreign_tensors(weights / f"cifar10_resnet{depth}.safetensors")
    net = module_with(graph, load_foreign(graph, tensors, cifar_resnet_name)).eval()
    with torch.inference_mode():
        found = [net(batch).argmax(1) for batch in images.split(250)]
    return int((torch.cat(found) == labels).sum())


if __name__ == "__main__":
    main()
