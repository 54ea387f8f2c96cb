"""A data set: checked once, decoded once, and from then on opened in a moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featherbone.data.cache import array_path, cache_folder, load_index, save_index
from featherbone.data.digits import ARCHIVE
from featherbone.data.index import FORMAT, Request, build_index
from featherbone.data.layout import SPLITS
from featherbone.data.sources import signature
from featherbone.errors import FeatherboneError

BUILT_IN = {"digits": ARCHIVE}
LARGEST_RESOLUTION = 2048


@dataclass(frozen=True, kw_only=True)
class Split:
    """One of train, val and test."""

    images: np.ndarray  # uint8, (count, height, width, channels), memory-mapped read-only
    labels: np.ndarray  # int64, (count,), indices into the classes
    paths: tuple[str, ...]  # as found in the source, for reports


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What `open_dataset` returns; `mean` and `std` are per channel of train, with pixels scaled to 0..1."""

    name: str
    classes: tuple[str, ...]
    channels: int  # 1 or 3
    resolution: int
    splits: Mapping[str, Split]  # "train", "val" and "test", always these three
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str  # SHA-256 of paths, labels, splits, file contents, seed, resolution and channels
    skipped: tuple[tuple[str, str], ...]  # (path, reason) of files left out with skip_bad
    warnings: tuple[str, ...]


def open_dataset(
    source: str | Path,
    *,
    resolution: int | None = None,
    channels: int | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    cache: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Dataset:
    """A folder of images by class, a .zip or .tar(.gz) of one, or the built-in name `digits`.

    >>> digits = open_dataset("digits")
    >>> digits.resolution, digits.channels, len(digits.classes), digits.splits["train"].images.shape
    (8, 1, 10, (1079, 8, 8, 1))

    `division.py` says which folders make which split, `decode.py` how pixels are made. Without a `resolution`, images
    that all share one size of at most 64×64 keep it, larger ones become 224×224, and a mixture takes the median of the
    shorter sides, at most 224. Without `channels`, it is 1 if every file is stored as grey and 3 otherwise. The name
    `digits` means the built-in set; write `./digits` for a folder. `progress` is called with what is being done, how
    many files are done, and how many there are.

    The first call reads and decodes every file into `cache` (default: the variable FEATHERBONE_CACHE, or
    ~/.cache/featherbone). A later one opens no image: it takes a source for unchanged when paths, sizes and, in a
    folder, modification times, in a zip the CRC-32 of every file, for a tar its own size and modification time are
    what they were. The cached pixels are compared with their SHA-256 and built again when damaged.

    Raises `FeatherboneError` for every kind of source that makes no data set; bad files are reported all at once,
    unless `skip_bad` leaves them out.
    """
    if resolution is not None and not 1 <= resolution <= LARGEST_RESOLUTION:
        raise FeatherboneError(f"resolution is {resolution}; it must be from 1 to {LARGEST_RESOLUTION}")
    if channels not in (None, 1, 3):
        raise FeatherboneError(f"channels is {channels}; it must be 1 (grey) or 3 (colour)")
    path = BUILT_IN.get(source, Path(source)) if isinstance(source, str) else source
    request = Request(resolution=resolution, channels=channels, seed=seed, skip_bad=skip_bad)
    folder = cache_folder(cache)
    asked = f"{FORMAT} {signature(path)} {sorted(asdict(request).items())}"
    key = hashlib.sha256(asked.encode()).hexdigest()
    index = load_index(folder, key)
    if index is None:
        report = progress or (lambda stage, done, total: None)
        index = build_index(path, request, folder=folder, progress=report)
        save_index(folder, key, index)
    return _from_index(_name(path), index, np.load(array_path(folder, index["fingerprint"]), mmap_mode="r"))


def _name(path: Path) -> str:
    """The last part of the path, without the endings of an archive.

    >>> _name(Path("data/pets.tar.gz")), _name(Path("data/v1.5"))
    ('pets', 'v1.5')
    """
    name = path.resolve().name
    if path.is_dir():
        return name
    for ending in (".gz", ".bz2", ".xz", ".tgz", ".tar", ".zip"):
        name = name.removesuffix(ending)
    return name


def _from_index(name: str, index: Mapping[str, Any], images: np.ndarray) -> Dataset:
    splits = {}
    start = 0
    for split in SPLITS:
        paths = tuple(index["paths"][split])
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
        skipped=tuple((path, reason) for path, reason in index["skipped"]),
        warnings=tuple(index["warnings"]),
    )
