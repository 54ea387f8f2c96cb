"""From what a data set gives to the three splits that everything here needs: train, val and test.

| given | train | val | test |
| --- | --- | --- | --- |
| classes only | 70 % of each class | 15 % | 15 % |
| train, val, test | as given | as given | as given |
| train, test | 90 % of each class in train | 10 % | as given |
| train, val | 90 % of each class in train | 10 % | the given val, with a warning |

The last row follows the field, which reports its final figures on the val folder of sets that publish no labelled test
(ImageNet): what is never used to choose anything must be the given, fixed set.

Which image goes where depends on the seed and on its path below the wrapping folder, through SHA-256: the same on every
machine and version, and an image that is added later moves few others.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

from featherbone.data.layout import Layout, NoClasses
from featherbone.data.splits import SPLITS, UNSPLIT
from featherbone.errors import FeatherboneError

VAL_AND_TEST_OF_ALL = {"val": 0.15, "test": 0.15}
VAL_OF_TRAIN = {"val": 0.10}
ENOUGH = 100  # images of validation; of fewer, one is a point or more
UNBALANCED = 20  # the largest class of train against the smallest, from which a warning is given

Division = dict[str, list[tuple[str, int]]]  # split → (path, label)


def divide(layout: Layout, *, seed: int) -> tuple[Division, tuple[str, ...]]:
    """The three splits as (path, label), sorted by class and path, and warnings.

    Raises `FeatherboneError` with the counts when a class has too few images to be in every split.
    """
    groups = {split: {name: list(paths) for name, paths in group.items()} for split, group in layout.groups.items()}
    warnings = []
    if UNSPLIT in groups:
        parts = _shares(groups[UNSPLIT], VAL_AND_TEST_OF_ALL, layout=layout, seed=seed)
    elif "val" in groups and "test" in groups:
        parts = groups
    else:
        parts = _shares(groups["train"], VAL_OF_TRAIN, layout=layout, seed=seed)
        if "test" in groups:
            parts["test"] = groups["test"]
        else:
            parts["test"] = groups["val"]
            warnings.append("there is no test folder: val serves as test, and 10 % of train as val")
    for split in SPLITS:
        missing = [name for name in layout.classes if not parts[split].get(name)]
        if missing and split == "train":
            raise FeatherboneError(f"train has no usable image of {', '.join(missing)}", hint="add images or remove it")
        if missing:
            warnings.append(f"{split} has no image of {', '.join(missing)}")
        if not any(parts[split].values()):
            raise FeatherboneError(f"{split} has no usable image", hint=f"check the files in {split}")
    sizes = {name: len(paths) for name, paths in parts["train"].items()}
    largest, smallest = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    if sizes[largest] > UNBALANCED * sizes[smallest]:
        warnings.append(
            f"classes are very unbalanced: train has {sizes[largest]} of {largest!r}, {sizes[smallest]} of {smallest!r}"
        )
    division = {
        split: [
            (path, label) for label, name in enumerate(layout.classes) for path in sorted(parts[split].get(name, ()))
        ]
        for split in SPLITS
    }
    return division, tuple(warnings)


def chance_of_validation(division: Division) -> list[str]:
    """A warning where the validation split is too small to choose networks or epochs by.

    >>> chance_of_validation({"train": [], "val": [("cat/1.png", 0)] * 40, "test": []})[0].partition(":")[0]
    'validation has 40 images, too few to choose by'

    The spread is the 95 % interval of an accuracy of 90 %, by the normal approximation.
    """
    count = len(division["val"])
    if count >= ENOUGH:
        return []
    spread = 1.96 * math.sqrt(0.9 * 0.1 / count)
    number = f"{count} images" if count > 1 else "1 image"
    return [
        f"validation has {number}, too few to choose by: one is {100 / count:.3g} points of accuracy, and chance alone "
        f"moves 90 % by ±{100 * min(spread, 1):.0f}; more images help, or a val folder of your own"
    ]


def _shares(
    classes: Mapping[str, list[str]], shares: Mapping[str, float], *, layout: Layout, seed: int
) -> dict[str, dict[str, list[str]]]:
    """Take from each class a share for each named split, at least one image, and leave the rest to train."""
    needed = len(shares) + 1
    short = {name: len(paths) for name, paths in classes.items() if len(paths) < needed}
    if short:
        counts = ", ".join(f"{name!r} has {count}" for name, count in list(short.items())[:10])
        raise NoClasses(
            f"too few images to divide: each class needs {needed} or more, for train, {', '.join(shares)}; {counts}",
            hint="add images to these classes or remove them",
        )
    parts: dict[str, dict[str, list[str]]] = {"train": {}, **{split: {} for split in shares}}
    for name, paths in classes.items():

        def rank(path: str) -> bytes:
            text = f"{seed}/{path.removeprefix(layout.prefix)}"
            return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()

        left = sorted(paths, key=rank)
        for split, share in shares.items():
            count = max(1, round(share * len(paths)))
            parts[split][name], left = left[:count], left[count:]
        parts["train"][name] = left
    return parts
