"""A made data set, a tiny network and a recipe that uses every part of the loop."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from featherbone.data import Dataset, Split
from featherbone.data.augment import Augment
from featherbone.graph import Graph, image
from featherbone.train import Execution, Recipe, train

CLASSES = ("left", "middle", "right")
RECIPE = Recipe(
    epochs=6,
    batch_size=16,
    learning_rate=0.1,
    weight_decay=1e-3,
    warmup_epochs=1.0,
    label_smoothing=0.1,
    ema_decay=0.9,
    clip=1.0,
    augment=Augment(pad=1, flip=False, erase=0.1),
)
LONG = replace(RECIPE, epochs=15)  # so that a kill at a random moment comes before the end


def stripes(count: int, seed: int) -> Split:
    """Noise with a bright stripe whose place is the class."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    images = random.integers(0, 120, (count, 6, 6, 1), dtype=np.uint8)
    for picture, label in zip(images, labels, strict=True):
        picture[:, 2 * label : 2 * label + 2] += 80
    return Split(images=images, labels=labels.astype(np.int64), paths=tuple(f"{i}.png" for i in range(count)))


def dataset(**changes: Any) -> Dataset:
    splits = {"train": stripes(100, 1), "val": stripes(40, 2), "test": stripes(40, 3)}
    settings: dict[str, Any] = {
        "name": "stripes",
        "classes": CLASSES,
        "channels": 1,
        "resolution": 6,
        "splits": splits,
        "mean": (0.3,),
        "std": (0.2,),
        "fingerprint": "stripes-1",
        "skipped": (),
        "warnings": (),
    }
    return Dataset(**{**settings, **changes})


def network(channels: int = 4) -> Graph:
    x = image(1, 6).conv(channels, 3).norm().act("relu").depthwise(3).norm().act("relu")
    return x.max_pool(2).flatten().dropout(0.1).linear(3).graph("tiny")


def train_until_killed(folder: Path, die_at: int, torn: bool) -> None:
    """Train in a process of its own, which SIGKILLs itself just before the given flush or rename (0: never).

    Every step is saved. `torn`: half of what is to be flushed is cut off before, as if it had not been written yet.
    """
    torch.set_num_threads(1)
    events = 0

    def counted(call: Any) -> Any:
        def wrapper(*arguments: Any, **settings: Any) -> Any:
            nonlocal events
            events += 1
            if events == die_at:
                if torn:
                    os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **settings)

        return wrapper

    os.fsync, os.replace = counted(os.fsync), counted(os.replace)
    train(network(), dataset(), LONG, folder=folder, seed=7, execution=Execution(save_every=0))
