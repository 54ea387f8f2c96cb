"""Labelled images for an evaluation: a split of a data set, or all images of a source that comes undivided.

All of them are read one after the other: no cache is built, and a class may have a single photo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from featherbone.cache import cache_folder
from featherbone.data import Dataset
from featherbone.data.decode import BadImage, decode
from featherbone.data.layout import read_layout, readable
from featherbone.data.named import NAMED
from featherbone.data.sources import opened
from featherbone.data.splits import SPLITS, UNSPLIT
from featherbone.errors import FeatherboneError
from featherbone.job.images import open_images
from featherbone.job.known_classes import class_places
from featherbone.nn import Preprocessing
from featherbone.progress import Noticed, Progress, Reading
from featherbone.wording import one_screen

ALL = "all"
BATCH = 64


@dataclass(frozen=True, kw_only=True)
class LabelledBatch:
    """Some images, uint8 (N, H, W, C), with the places of their classes and their paths."""

    images: np.ndarray
    labels: np.ndarray
    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LabelledImages:
    """All images that are evaluated: ``batches`` makes them anew each time; ``split`` says which they are.

    ``bad`` is filled while batches are made: path and reason of each file that is no image.
    """

    name: str
    split: str
    batches: Callable[[], Iterator[LabelledBatch]]
    bad: dict[str, str] = field(default_factory=dict)


def labelled_images(
    source: str,
    seen: Preprocessing,
    classes: Sequence[str],
    network: str,
    *,
    split: str | None,
    seed: int,
    progress: Progress,
) -> LabelledImages:
    """The images of a source as a network with this preprocessing and these classes takes them.

    ``split`` is train, val, test or all; None is test where the source comes with a test split, and else all.

    Raises:
        FeatherboneError: no such split; a source that makes no data set; a class that the network does not know.
    """
    if split not in (None, ALL, *SPLITS):
        raise FeatherboneError(f"--split is {split!r}; it may be {', '.join(SPLITS)} or {ALL}")
    if split is None:
        split = "test" if source in NAMED or _comes_with_test(Path(source)) else ALL
    if split != ALL or source in NAMED:
        side, channels = seen.resolution, seen.channels
        dataset = open_images(
            source, resolution=side, channels=channels, view=seen.view, seed=seed, skip_bad=False, progress=progress
        )
        return _of_dataset(dataset, classes, network, split)
    return _undivided(Path(source), seen, classes, network, progress)


def _comes_with_test(path: Path) -> bool:
    with opened(path, scratch=cache_folder(None)) as found:
        layout = found.layout or read_layout(found.paths, where=str(path))
    return "test" in layout.groups or "val" in layout.groups


def _of_dataset(dataset: Dataset, classes: Sequence[str], network: str, split: str) -> LabelledImages:
    places = class_places(dataset.classes, classes, network, dataset.name)
    chosen = [dataset.splits[name] for name in (SPLITS if split == ALL else (split,))]

    def batches() -> Iterator[LabelledBatch]:
        for part in chosen:
            for start in range(0, len(part.labels), BATCH):
                end = start + BATCH
                yield LabelledBatch(
                    images=np.asarray(part.images[start:end]),
                    labels=places[np.asarray(part.labels[start:end])],
                    paths=part.paths[start:end],
                )

    return LabelledImages(name=dataset.name, split=split, batches=batches)


def _undivided(
    path: Path, seen: Preprocessing, classes: Sequence[str], network: str, progress: Progress
) -> LabelledImages:
    with opened(path, scratch=cache_folder(None)) as found:
        layout = found.layout or read_layout(found.paths, where=str(path))
        refused = dict(found.refused)
    for sentence in layout.warnings:
        progress(Noticed(sentence=sentence))
    places = class_places(layout.classes, classes, network, path.name)
    files = [
        (name, int(places[number]))
        for group in layout.groups.values()
        for number, each in enumerate(layout.classes)
        for name in group.get(each, ())
    ]
    bad: dict[str, str] = {readable(name): reason for name, reason in refused.items()}

    def batches() -> Iterator[LabelledBatch]:
        read: list[tuple[np.ndarray, int, str]] = []
        with opened(path, scratch=cache_folder(None)) as source:
            for done, (name, label) in enumerate(files, 1):
                try:
                    image = decode(
                        source.read(name), resolution=seen.resolution, channels=seen.channels, view=seen.view
                    )
                    read.append((image, label, readable(name)))
                except BadImage as error:
                    bad[readable(name)] = str(error)
                if read and (len(read) == BATCH or done == len(files)):
                    progress(Reading(what="evaluating", done=done, total=len(files), unit="images"))
                    yield _batch(read)
                    read = []

    split = ALL if UNSPLIT in layout.groups else "all, of every split"
    return LabelledImages(name=path.name, split=split, batches=batches, bad=bad)


def _batch(read: Sequence[tuple[np.ndarray, int, str]]) -> LabelledBatch:
    images, labels, paths = zip(*read, strict=True)
    return LabelledBatch(images=np.stack(images), labels=np.array(labels), paths=tuple(paths))


def require_no_bad(found: LabelledImages) -> None:
    """Raise FeatherboneError, with a line for each, where files are no images."""
    if found.bad:
        lines = one_screen([f"{path} {reason}" for path, reason in sorted(found.bad.items())])
        raise FeatherboneError(
            f"{len(found.bad)} file(s) of {found.name!r} can't be used as images:\n{lines}",
            hint="repair or remove them, or leave them out with --skip-bad",
        )
