"""Images that are divided as one: of no class, or of classes with too few images to have some in every split.

No network can be trained by them, but one that is trained can be judged and fitted by them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from featherbone.data.division import VAL_AND_TEST_OF_ALL, Division, divide
from featherbone.data.layout import Layout, NoClasses, read_layout
from featherbone.data.splits import UNSPLIT
from featherbone.errors import FeatherboneError

UNLABELLED = -1  # the label of an image that is of no class
EVERY = "images"  # what all of them are taken for while they are divided


def pooled_layout(paths: Iterable[str], *, where: str) -> Layout:
    """The layout of a listing, or one without classes that holds all of its files.

    >>> pooled_layout(["photos/1.jpg", "photos/2.jpg"], where="photos.zip").classes
    ()

    Raises `FeatherboneError` for what is a data set of classes and a faulty one.
    """
    every = list(paths)
    try:
        return read_layout(every, where=where)
    except NoClasses:
        files = tuple(sorted(path for path in every if not path.endswith("/")))
        return Layout(classes=(), groups={UNSPLIT: {EVERY: files}})


def divide_pool(layout: Layout, *, seed: int) -> tuple[Division, tuple[str, ...]]:
    """The three splits as those of a data set of one class, with their own labels, and what there is to say.

    Raises `FeatherboneError` where there are too few images for three splits.
    """
    groups = {split: [path for paths in group.values() for path in paths] for split, group in layout.groups.items()}
    count, needed = sum(map(len, groups.values())), len(VAL_AND_TEST_OF_ALL) + 1
    if count < needed:
        raise FeatherboneError(
            f"{count} usable image{'s are' if count != 1 else ' is'} too few to divide into train, val and test",
            hint="give some hundred",
        )
    one = {split: {EVERY: tuple(paths)} for split, paths in groups.items()}
    division, notes = divide(replace(layout, classes=(EVERY,), groups=one), seed=seed)
    places = {name: place for place, name in enumerate(layout.classes)}
    labels = {
        path: places.get(name, UNLABELLED)
        for group in layout.groups.values()
        for name, paths in group.items()
        for path in paths
    }
    labelled = {split: [(path, labels[path]) for path, _ in rows] for split, rows in division.items()}
    return labelled, (_said(layout), *notes)


def _said(layout: Layout) -> str:
    if not layout.classes:
        return "the images lie in no class folders, so they have no labels"
    return f"some of the {len(layout.classes)} classes have too few images to be in every split: all are divided as one"
