"""Fashion-MNIST from its four IDX files (http://yann.lecun.com/exdb/mnist describes the format)."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from featherbone.data.named.records import Records, check, record_source
from featherbone.data.sources import Source

# In the order of the labels, as https://github.com/zalandoresearch/fashion-mnist lists them.
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
LARGEST = 2**27  # bytes in one file


@contextmanager
def fashion_mnist(files: list[Path], scratch: Path) -> Iterator[Source]:
    """`files` are the images and labels of train, then those of test."""
    train, train_labels, test, test_labels = (read_idx(path) for path in files)
    records = [
        Records(split="train", part="", labels=train_labels, pixels=train[..., None]),
        Records(split="test", part="", labels=test_labels, pixels=test[..., None]),
    ]
    yield record_source("fashion-mnist", CLASSES, records)


def read_idx(path: Path) -> np.ndarray:
    """The array of unsigned bytes in a gzipped IDX file: two zeros, 8 for the type, the rank, each side, the values.

    Raises `FeatherboneError` for anything else.
    """
    try:
        with gzip.open(path) as file:
            content = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        check(False, path.name, f"can't be unpacked: {error}")
    check(content[:3] == b"\0\0\x08" and len(content) > 4, path.name, "is no IDX file of bytes")
    rank = content[3]
    check(1 <= rank <= 3 and len(content) >= 4 + 4 * rank, path.name, f"has rank {rank}")
    shape = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * rank)
    check(len(values) == int(np.prod(shape, dtype=object)), path.name, f"has {len(values)} values for {shape}")
    return values.reshape(shape)
