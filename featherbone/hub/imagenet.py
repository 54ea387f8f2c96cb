"""ImageNet's 1000 classes, by which weights that were trained on it order their outputs."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

BACKGROUND = "background"  # TensorFlow's class before the others


@cache
def imagenet_classes() -> dict[str, str]:
    """The name of each class by its wnid, sorted by wnid, as all published weights have them.

    >>> classes = imagenet_classes()
    >>> len(classes), list(classes)[0], classes["n01440764"]
    (1000, 'n01440764', 'tench')

    A wnid names a synset of WordNet 3.0; the name is its first word, and where two classes share that, what they are
    kinds of behind it: ``crane (wading bird)``. ``benchmarks/imagenet_classes.py`` makes the table.
    """
    text = files(__package__).joinpath("imagenet_classes.csv").read_text(encoding="ascii")
    return {row["wnid"]: row["name"] for row in csv.DictReader(text.splitlines())}


def usual_classes(outputs: int) -> tuple[str, ...] | None:
    """The names that so many outputs have where nobody gives any: ImageNet's for 1000, or 1001 with the background.

    >>> usual_classes(1001)[:2], usual_classes(10)
    (('background', 'tench'), None)
    """
    names = tuple(imagenet_classes().values())
    return {len(names): names, len(names) + 1: (BACKGROUND, *names)}.get(outputs)
