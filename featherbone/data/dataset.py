"""A data set: checked once, decoded once, and from then on opened in a moment."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from featherbone.cache import cache_folder, explained
from featherbone.data.cache import array_path, load_index, save_index
from featherbone.data.formats import readable_formats
from featherbone.data.index import FORMAT, RULES, Request, build_index
from featherbone.data.layout import NoClasses, readable
from featherbone.data.named import NAMED, Named, open_named
from featherbone.data.sources import opened, signature
from featherbone.data.splits import SPLITS
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.lock import in_turn
from featherbone.view import WHOLE, View

LARGEST_RESOLUTION = 2048
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Split:
    """One of train, val and test.

    >>> from featherbone.data import open_dataset
    >>> test = open_dataset("digits").splits["test"]
    >>> test.images.shape, test.labels.shape, len(test.paths)
    ((359, 8, 8, 1), (359,), 359)
    """

    images: np.ndarray  # uint8, (count, height, width, channels), memory-mapped read-only
    labels: np.ndarray  # int64, (count,), indices into the classes
    paths: tuple[str, ...]  # as found in the source, for reports; what is not UTF-8 in them is spelled out


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What `open_dataset` returns; `mean` and `std` are per channel of train, with pixels scaled to 0..1.

    >>> from featherbone.data import open_dataset
    >>> digits = open_dataset("digits")
    >>> digits.channels, digits.resolution, len(digits.classes)
    (1, 8, 10)
    """

    name: str
    classes: tuple[str, ...]
    channels: int  # 1 or 3
    resolution: int
    splits: Mapping[str, Split]  # "train", "val" and "test", always these three
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str  # SHA-256 of paths, labels, splits, file contents, seed, resolution, channels and view
    skipped: tuple[tuple[str, str], ...]  # (path, reason) of files left out with skip_bad
    warnings: tuple[str, ...]
    licence: str = ""  # of a named set, with its origin
    view: View = WHOLE  # the part of each image that is seen
    answered_by: str = ""  # the network whose answers stand in place of labels, where these have none that it knows


def open_dataset(
    source: str | Path,
    *,
    resolution: int | None = None,
    channels: int | None = None,
    view: View = WHOLE,
    seed: int = 0,
    skip_bad: bool = False,
    cache: Path | None = None,
    progress: Report | None = None,
) -> Dataset:
    """A folder of images by class, a .zip or .tar(.gz) of one, a .csv of paths and labels, or a name of `NAMED`.

    >>> digits = open_dataset("digits")
    >>> digits.resolution, digits.channels, len(digits.classes), digits.splits["train"].images.shape
    (8, 1, 10, (1079, 8, 8, 1))

    `layout.py`, `table.py` and `division.py` say what makes which split, `decode.py` how pixels are made. Without a
    `resolution`, it is the median of the shorter sides, at most 224. Without `channels`, it is 1 if every file is
    stored as grey and 3 otherwise. The `view` says which part of an image is seen: ``View(crop=0.875)`` is the centre
    that ImageNet's networks are tested on.

    A name means the named set; write `./digits` for a folder. `digits` is part of featherbone; the others are fetched
    into the cache once, unless FEATHERBONE_OFFLINE forbids it. `progress` is called with what is being done, how many
    files (of a download: megabytes) are done, and how many there are.

    The first call reads and decodes every file into `cache` (default: the variable FEATHERBONE_CACHE, or
    ~/.cache/featherbone). A later one opens no image: it takes a source for unchanged when paths, sizes and, in a
    folder, modification times, in a zip the CRC-32 of every file, for a tar its own size and modification time are
    what they were. The cached pixels are compared with their SHA-256 and built again when damaged.

    Raises `FeatherboneError` for every kind of source that makes no data set; bad files are reported all at once,
    unless `skip_bad` leaves them out.
    """
    request = Request(resolution=resolution, channels=channels, seed=seed, skip_bad=skip_bad, view=view)
    return _opened(source, request, cache_folder(cache), progress or _silent)


def open_photos(
    source: str | Path,
    *,
    resolution: int,
    channels: int,
    view: View = WHOLE,
    seed: int = 0,
    skip_bad: bool = False,
    progress: Report | None = None,
) -> Dataset:
    """Images for a network that is trained: a data set, or photos of no class, or of classes with few of them.

    >>> open_photos("digits", resolution=8, channels=1).classes[:3]
    ('0', '1', '2')

    What ``open_dataset`` takes is the same data set here. Else all images are divided as one; where there are no
    classes, ``classes`` is empty and each label -1. Nothing can be trained by those.

    Raises `FeatherboneError` for what is a faulty data set, and for fewer than three images.
    """
    request = Request(resolution=resolution, channels=channels, seed=seed, skip_bad=skip_bad, view=view)
    folder, report = cache_folder(None), progress or _silent
    try:
        return _opened(source, request, folder, report)
    except NoClasses:
        return _opened(source, replace(request, pooled=True), folder, report)


def _opened(source: str | Path, request: Request, folder: Path, report: Report) -> Dataset:
    resolution, channels = request.resolution, request.channels
    if resolution is not None and not 1 <= resolution <= LARGEST_RESOLUTION:
        raise FeatherboneError(f"resolution is {resolution}; it must be from 1 to {LARGEST_RESOLUTION}")
    if channels not in (None, 1, 3):
        raise FeatherboneError(f"channels is {channels}; it must be 1 (grey) or 3 (colour)")
    entry = NAMED.get(source) if isinstance(source, str) else None
    path = Path(source) if entry is None else entry.archive
    if entry is None and not os.path.lexists(source):
        raise _unknown(str(source))
    index = _index(source, entry, path, request, folder, report)
    name = _name(Path(source)) if entry is None else entry.name
    images = np.load(array_path(folder, index["fingerprint"]), mmap_mode="r")
    return _from_index(name, _licence(entry), request.view, index, images)


def _silent(stage: str, done: int, total: int) -> None:
    """Nobody is told."""


def _index(
    source: str | Path, entry: Named | None, path: Path | None, request: Request, folder: Path, report: Report
) -> Mapping[str, Any]:
    """What the cache knows of a source that is read so; it is read where that is nothing yet."""
    read_as = f"{FORMAT}.{RULES} {readable_formats()}"
    identity = signature(path, cache=folder) if path is not None else f"named {NAMED[str(source)].identity()}"
    key = _hash(f"{read_as} {identity} {request.words()}")
    index = load_index(folder, key)
    if index is None:
        kept = folder / f"{_hash(f'{read_as} {identity}')}.survey"
        with _alone(kept, report):
            index = load_index(folder, key)  # another process may have built it meanwhile
            if index is None:
                if entry is None:
                    opening = opened(Path(source), scratch=folder)
                else:
                    opening = open_named(entry, cache=folder, progress=report)
                index = build_index(opening, request, kept=kept, progress=report)
                save_index(folder, key, index)
    return index


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _alone(kept: Path, report: Callable[[str, int, int], None]) -> Iterator[None]:
    """One process at a time works on a source; the others wait, and say so."""
    with ExitStack() as stack:
        with explained(kept.parent):
            waiting = partial(report, "waiting for another process that reads the same images", 0, 0)
            stack.enter_context(in_turn(kept.with_suffix(".lock"), waiting))
        yield


def _unknown(source: str) -> FeatherboneError:
    close = did_you_mean(source.lower(), NAMED)
    names = "" if close.startswith("known") else f"{close} "
    return FeatherboneError(
        f"there is no file or folder {source!r}, and no data set of that name",
        hint=f"{names}give a folder of images by class, a .zip or .tar(.gz) of one, a .csv of paths and labels, or one "
        f"of {', '.join(NAMED)}",
    )


def _licence(entry: Named | None) -> str:
    return "" if entry is None else f"{entry.name} is {entry.about}; licence: {entry.licence} ({entry.page})"


def _name(path: Path) -> str:
    """The last part of the path, without the endings of an archive.

    >>> _name(Path("data/pets.tar.gz")), _name(Path("data/v1.5"))
    ('pets', 'v1.5')
    """
    name = path.resolve().name
    if path.is_dir():
        return name
    for ending in (".gz", ".bz2", ".xz", ".tgz", ".tar", ".zip", ".csv", ".tsv"):
        name = name.removesuffix(ending)
    return name


def _from_index(name: str, licence: str, view: View, index: Mapping[str, Any], images: np.ndarray) -> Dataset:
    splits = {}
    start = 0
    for split in SPLITS:
        paths = tuple(readable(path) for path in index["paths"][split])
        labels = np.array(index["labels"][split], dtype=np.int64)
        labels.flags.writeable = False
        splits[split] = Split(images=images[start : start + len(paths)], labels=labels, paths=paths)
        start += len(paths)
    return Dataset(
        name=name,
        classes=tuple(index["classes"]),
        channels=index["channels"],
        resolution=index["resolution"],
        splits=splits,
        mean=tuple(index["mean"]),
        std=tuple(index["std"]),
        fingerprint=index["fingerprint"],
        skipped=tuple((readable(path), reason) for path, reason in index["skipped"]),
        warnings=tuple(index["warnings"]),
        licence=licence,
        view=view,
    )
