"""CIFAR-10 and CIFAR-100 from the binary version of their archives: records of labels and pixels, and no pickle.

A record is one byte for each label (CIFAR-100: coarse, fine) and 3,072 for the pixels, as three planes of 32×32: red,
green, blue (https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from featherbone.data.archives import tar_listing
from featherbone.data.named.records import Records, check, record_source
from featherbone.data.sources import Source

SIDE = 32
PIXELS = 3 * SIDE * SIDE


@contextmanager
def cifar10(files: list[Path], scratch: Path) -> Iterator[Source]:
    """Six files of records, those of the test set in one."""
    with _members(files[0], scratch) as member:
        classes = _names(member("batches.meta.txt"))
        parts = [("train", str(number), member(f"data_batch_{number}.bin")) for number in range(1, 6)]
        yield _source("cifar10", classes, [*parts, ("test", "", member("test_batch.bin"))], labels=1)


@contextmanager
def cifar100(files: list[Path], scratch: Path) -> Iterator[Source]:
    """Two files of records; the classes are the 100 fine ones."""
    with _members(files[0], scratch) as member:
        classes = _names(member("fine_label_names.txt"))
        parts = [("train", "", member("train.bin")), ("test", "", member("test.bin"))]
        yield _source("cifar100", classes, parts, labels=2)


@contextmanager
def _members(path: Path, scratch: Path) -> Iterator[Callable[[str], bytes]]:
    """Reads a file of the archive by its name, in whichever folder it lies."""
    with tar_listing(path, scratch=scratch) as (paths, _, read):
        places = {name.rpartition("/")[2]: name for name in paths}

        def member(name: str) -> bytes:
            check(name in places, path.name, f"holds no {name}")
            return read(places[name])

        yield member


def _names(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").split()


def _source(where: str, classes: list[str], parts: list[tuple[str, str, bytes]], *, labels: int) -> Source:
    records = []
    for split, part, content in parts:
        name = f"{split} part {part}".removesuffix(" part ")
        check(len(content) % (labels + PIXELS) == 0, where, f"has records of another length in {name}")
        table = np.frombuffer(content, dtype=np.uint8).reshape(-1, labels + PIXELS)
        pixels = table[:, labels:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        records.append(Records(split=split, part=part, labels=table[:, labels - 1], pixels=pixels))
    return record_source(where, classes, records)
