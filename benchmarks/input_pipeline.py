"""Images a second of the input pipeline alone, beside a DataLoader that decodes PNGs: 32×32 images, batches of 128.

    python benchmarks/input_pipeline.py cifar10.zip > benchmarks/results/input_pipeline.txt

Both make the same training batches: crop from a border of 4 pixels, mirror one half, normalise. Ours reads the
memory-mapped uint8 cache, which the first epoch made, once with our kernel and once by torch, as on a machine without
a C++ compiler; the DataLoader opens each PNG with Pillow and transforms it as
torchvision's RandomCrop, RandomHorizontalFlip, ToTensor and Normalize do, written out here with Pillow and NumPy, as
torchvision is not needed otherwise. A round takes each pipeline once, in turning order; reported are the median of
images a second and the median of the ratios within a round, with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from machine import describe
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils import data
from torch.utils.data import DataLoader

from featherbone.data import Dataset, open_dataset
from featherbone.data.batches import Augment, Batching, TensorFormat, batches
from featherbone.train.machine.memory import keep_freed_memory

BATCH = 128
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
TARGET = 20
WORKERS = (0, 2, 4)


class Folder(data.Dataset[tuple[Tensor, int]]):
    """As torchvision's ImageFolder with the usual transforms."""

    def __init__(self, root: Path) -> None:
        classes = sorted(path for path in root.iterdir() if path.is_dir())
        self.files = [(file, label) for label, folder in enumerate(classes) for file in sorted(folder.glob("*.png"))]
        self.mean, self.std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        path, label = self.files[number]
        with path.open("rb") as file:
            picture = Image.open(file).convert("RGB")
        padded = ImageOps.expand(picture, border=4)
        left, top = random.randint(0, 8), random.randint(0, 8)
        picture = padded.crop((left, top, left + 32, top + 32))
        if random.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        tensor = torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous().float().div_(255)
        return tensor.sub_(self.mean).div_(self.std), label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", help="cifar10.zip: a folder of PNGs by class, with train/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each pipeline in each round")
    parser.add_argument("--cpu-time", action="store_true", help="for a busy machine; leaves out the workers")
    parser.add_argument("--images", type=int, default=10_000, help="that the DataLoader's folder holds")
    arguments = parser.parse_args()
    print(describe("featherbone", "torch", "pillow"))
    torch.set_num_threads(1)  # for all: a batch is too small to share
    ours = open_dataset(arguments.archive)
    with tempfile.TemporaryDirectory() as folder:
        root = extract(arguments.archive, Path(folder), arguments.images)
        makers = {
            "featherbone": lambda: our_batches(ours),
            "featherbone without compiler": lambda: our_batches(ours, by_torch=True),
        }
        for workers in (0,) if arguments.cpu_time else WORKERS:  # the time of workers is not this process's
            makers[f"DataLoader, {workers} workers"] = partial(loader_batches, root, workers)
        clock = time.process_time if arguments.cpu_time else time.perf_counter
        names = list(makers)
        speeds: dict[str, list[float]] = {name: [] for name in names}
        for number in range(arguments.rounds):
            for place in range(len(names)):
                name = names[(number + place) % len(names)]
                speeds[name].append(images_per_second(makers[name](), arguments.seconds, clock))
        peers = [name for name in names if name.startswith("DataLoader")]
    first, unit = speeds[names[0]], "images/s" + (" of CPU time" if arguments.cpu_time else "")
    print(f"{arguments.rounds} rounds of {arguments.seconds:g} s; target ≥ {TARGET}× the fastest DataLoader")
    for name in names:
        tell(name, speeds[name], first, unit)
    fastest = max(peers, key=lambda name: statistics.median(speeds[name]))
    ratio = statistics.median(a / b for a, b in zip(first, speeds[fastest], strict=True))
    print(f"{'met' if ratio >= TARGET else 'not met'}: {ratio:.1f}× {fastest}")


def tell(name: str, speeds: list[float], first: list[float], unit: str) -> None:
    ratios = [a / b for a, b in zip(first, speeds, strict=True)]
    print(
        f"{name:28} {statistics.median(speeds):9.0f} ({min(speeds):.0f}–{max(speeds):.0f}) {unit}"
        f"   ours is {statistics.median(ratios):6.1f}× ({min(ratios):.1f}–{max(ratios):.1f})"
    )


def extract(archive: str, folder: Path, most: int) -> Path:
    """The first `most` training images of each class's share, as files; the folder of their classes."""
    with zipfile.ZipFile(archive) as file:
        names = [name for name in file.namelist() if "/train/" in name and name.endswith(".png")]
        for name in names[:: max(1, len(names) // most)]:
            file.extract(name, folder)
    return next(path for path in folder.rglob("train") if path.is_dir())


def our_batches(dataset: Dataset, *, by_torch: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    keep_freed_memory()  # as `train` does; it holds for the DataLoader in this process as well
    while True:
        passes = batches(
            dataset.splits["train"],
            Batching(batch_size=BATCH, shuffle=True, drop_last=True),
            TensorFormat(mean=MEAN, std=STD),
            generator=generator,
            augment=Augment(pad=4, flip=True),
        )
        while True:
            with patch("featherbone.data.cut._library", lambda: None) if by_torch else nullcontext():
                batch = next(passes, None)
            if batch is None:
                break
            yield batch


def loader_batches(root: Path, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    loader = DataLoader(
        Folder(root), BATCH, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=workers > 0
    )
    while True:
        yield from loader


def images_per_second(pipeline: Iterator[tuple[Tensor, Tensor]], seconds: float, clock: Callable[[], float]) -> float:
    """After two batches of warm-up, in which workers start."""
    for _ in range(2):
        next(pipeline)
    done, started = 0, clock()
    while done < 2 or clock() - started < seconds:
        done += len(next(pipeline)[1])
    return done / (clock() - started)


if __name__ == "__main__":
    main()
