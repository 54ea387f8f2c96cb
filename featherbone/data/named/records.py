"""Data sets that come as tables of labels and pixels, as sources of image files like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featherbone.data.sources import Source
from featherbone.errors import FeatherboneError


@dataclass(frozen=True, kw_only=True)
class Records:
    """A part of a split: labels (N,) and pixels (N, H, W, 1 or 3), both uint8."""

    split: str
    part: str
    labels: np.ndarray
    pixels: np.ndarray


def record_source(where: str, classes: Sequence[str], records: Sequence[Records]) -> Source:
    """Each record as a PPM or PGM file `split/class/part-place`, made when it is read.

    Raises `FeatherboneError` for a label without a class, or another number of labels than of images.
    """
    folders = [name.replace("/", "-") for name in classes]
    places: dict[str, tuple[int, int]] = {}
    for number, part in enumerate(records):
        check(
            len(part.labels) == len(part.pixels), where, f"has {len(part.labels)} labels for {len(part.pixels)} images"
        )
        check(len(part.labels) == 0 or part.labels.max() < len(classes), where, "has a label that no class has")
        ending = "ppm" if part.pixels.shape[3] == 3 else "pgm"
        prefix = f"{part.part}-" if part.part else ""
        for place, label in enumerate(part.labels.tolist()):
            places[f"{part.split}/{folders[label]}/{prefix}{place:05}.{ending}"] = (number, place)

    def read(name: str) -> bytes:
        number, place = places[name]
        pixels = records[number].pixels[place]
        height, width, channels = pixels.shape
        kind = 6 if channels == 3 else 5
        return f"P{kind} {width} {height} 255\n".encode() + bytes(pixels.tobytes())

    return Source(
        where=where, paths=tuple(places), refused=(), read=read, classes=dict(zip(folders, classes, strict=True))
    )


def check(holds: bool, where: str, what: str) -> None:
    """Raises `FeatherboneError` where a file with the right hash is not what was expected."""
    if not holds:
        raise FeatherboneError(f"{where} {what}", hint="delete it and let it be downloaded again")
