"""Imagenette: a tar of JPEGs by class, whose folders are WordNet's numbers; its val folder serves as test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from featherbone.data.sources import Source, opened

CLASSES = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}


@contextmanager
def imagenette(files: list[Path], scratch: Path) -> Iterator[Source]:
    """The images; tables of noisy labels, which lie beside them, are another task's."""
    with opened(files[0], scratch=scratch) as source:
        images = tuple(path for path in source.paths if not CLASSES.keys().isdisjoint(path.split("/")))
        yield replace(source, paths=images, classes=CLASSES)
