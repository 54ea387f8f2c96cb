"""Folders of images that are spoilt, and what two data sets have alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from featherbone.data import Dataset

MakeFolder = Callable[..., Path]


def spoil(root: Path) -> None:
    """Four kinds of bad files in the class cat."""
    content = (root / "cat" / "0.png").read_bytes()
    (root / "cat" / "cut.png").write_bytes(content[: len(content) // 2])
    (root / "cat" / "empty.png").write_bytes(b"")
    (root / "cat" / "notes.txt").write_text("the black one is Tom")
    (root / "cat" / "gone.png").symlink_to("nowhere")


def same(first: Dataset, second: Dataset) -> bool:
    """Whether fingerprint, pixels, labels and paths agree."""
    return first.fingerprint == second.fingerprint and all(
        np.array_equal(one.images, second.splits[name].images)
        and np.array_equal(one.labels, second.splits[name].labels)
        and one.paths == second.splits[name].paths
        for name, one in first.splits.items()
    )


def told(data: Dataset) -> list[str]:
    """What there is to say about a data set, but that it is small."""
    return [sentence for sentence in data.warnings if not sentence.startswith("validation has ")]
