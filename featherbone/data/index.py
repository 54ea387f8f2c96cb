"""Read every file of a source once, decide, decode, and hand back what the cache keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from featherbone.atomic import replacing
from featherbone.cache import explained
from featherbone.data.cache import array_path, checksum
from featherbone.data.decode import BadImage, decode
from featherbone.data.division import Division, chance_of_validation, divide
from featherbone.data.duplicates import contradictions, duplicates
from featherbone.data.layout import Layout, named_classes, read_layout, readable
from featherbone.data.ordered import Progress, in_order
from featherbone.data.pixels import Decoded, discard, keep_part, rows_of, write_pixels
from featherbone.data.pool import divide_pool, pooled_layout
from featherbone.data.sources import Source
from featherbone.data.splits import SPLITS
from featherbone.data.statistics import mean_and_std
from featherbone.data.survey import Survey, survey
from featherbone.errors import FeatherboneError
from featherbone.view import WHOLE, View

FORMAT = 1  # part of key and fingerprint: raise it when the same files would give other pixels or other splits
RULES = 2  # part of the key alone: raise it when a source is read by other rules, which the fingerprint shows
LARGEST = 224  # side of images where no resolution is given
UNNOTICED = 64  # side up to which nobody expects images to be resized
LISTED = 10  # bad files in a message
# Pillow releases the interpreter's lock while it decodes. For small images, passing that lock around costs more than it
# gains: 60,000 CIFAR-10 images take 16 s on two threads and 8 s on one.
THREADS_FROM_IMAGES = 2000
THREADS_FROM_PIXELS = 128 * 128


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked of a source; None lets the images decide."""

    resolution: int | None
    channels: int | None
    seed: int
    skip_bad: bool
    view: View = WHOLE
    pooled: bool = False

    def words(self) -> str:
        """What was asked as a text, part of the key in the cache; the usual view leaves older keys as they are."""
        asked = sorted((name, value) for name, value in asdict(self).items() if name not in ("view", "pooled"))
        return f"{asked}{_seen(self.view)}{' pooled' * self.pooled}"


def build_index(
    opening: AbstractContextManager[Source], request: Request, *, kept: Path, progress: Progress
) -> dict[str, Any]:
    """Decode a source into the cache, and return all else that there is to know about it.

    `kept` is the file in the cache that knows what was read of this source; the array lies beside it.

    Raises `FeatherboneError` for a source that makes no data set, and for all bad files at once unless the request
    skips them.
    """
    folder = kept.parent
    with opening as source:
        read, divided = (pooled_layout, divide_pool) if request.pooled else (read_layout, divide)
        layout = source.layout or read(source.paths, where=source.where)
        layout = named_classes(layout, source.classes) if source.classes else layout
        found = survey(source, layout.files(), kept, progress)
        bad = {**found.bad, **dict(source.refused)}
        if not layout.without(bad).files():
            raise _bad_files(bad, where=source.where, folder=folder, others=False)
        before: tuple[Path, list[str], tuple[int, int, int]] | None = None
        while True:
            division, notes = divided(layout.without(bad) if request.skip_bad else layout, seed=request.seed)
            rows = [name for split in SPLITS for name, _ in division[split] if name not in bad]
            size, depth, resized = _shape(request, found, rows)
            shape = (size, size, depth)
            decode_from: Callable[[Sequence[str]], Decoded] = partial(
                _decode_all, source, found, shape, request.view, progress
            )
            if bad and not request.skip_bad:
                results = decode_from(rows)
                bad.update({name: str(result) for name, result in results if isinstance(result, BadImage)})
                raise _bad_files(bad, where=source.where, folder=folder)
            settings = f"seed {request.seed}\0resolution {size}\0channels {depth}{_seen(request.view)}"
            fingerprint = _fingerprint(division, layout, found, settings)
            target = array_path(folder, fingerprint)
            if before is not None and before[2] == shape:
                decode_from = partial(_decoded_before, before[0], before[1])
            broken = write_pixels(target, rows, shape, decode_from)
            if before is not None:
                before[0].unlink()
            if not broken:
                break
            bad.update(broken)
            if not request.skip_bad:
                discard(target)
                raise _bad_files(bad, where=source.where, folder=folder)
            before = (keep_part(target), rows, shape)
    mean, std = mean_and_std(np.load(target, mmap_mode="r")[: len(division["train"])])
    return {
        "fingerprint": fingerprint,
        "checksum": checksum(target),
        "classes": layout.classes,
        "resolution": size,
        "channels": depth,
        "mean": mean,
        "std": std,
        "paths": {split: [name for name, _ in division[split]] for split in SPLITS},
        "labels": {split: [label for _, label in division[split]] for split in SPLITS},
        "skipped": sorted(bad.items()),
        "warnings": [
            *layout.warnings,
            *notes,
            *resized,
            *chance_of_validation(division),
            *_repeated(division, layout, found),
        ],
    }


def _repeated(division: Division, layout: Layout, found: Survey) -> list[str]:
    return [*duplicates(division, found), *contradictions(division, layout, found)]


def _shape(request: Request, found: Survey, rows: list[str]) -> tuple[int, int, list[str]]:
    """Resolution, channels, and what there is to say about the first: what it does to the images and what it costs."""
    places = [found.place[name] for name in rows]
    sides = found.sides[places]
    channels = request.channels or (1 if found.grey[places].all() else 3)
    if request.resolution is not None:
        return request.resolution, channels, []
    side = min(LARGEST, max(1, int(np.median(sides.min(axis=1)))))
    sizes = np.unique(sides, axis=0)
    width, height = sizes[0].tolist()
    if len(sizes) > 1:
        said = f"images have {len(sizes)} sizes; each is brought to {side}×{side}, and --resolution sets another side"
    elif (width, height) == (side, side):
        said = f"images are {side}×{side} and stay so" if side > UNNOTICED else ""
    elif min(width, height) == side:
        said = f"images are {width}×{height}: the centre {side}×{side} of each is used"
    else:
        said = f"images are {width}×{height}: each is brought to {side}×{side}"
    return side, channels, [said + _price(side)] if said else []


def _price(side: int) -> str:
    """What the other choice costs: the multiply-adds of a network without its last layer go with the side's square."""
    if side <= UNNOTICED:
        return ""
    other = LARGEST if side < LARGEST else LARGEST // 2
    return f"; at --resolution {other} the same network costs {(other / side) ** 2:.3g} times the multiply-adds"


def _decode_all(
    source: Source, found: Survey, shape: tuple[int, int, int], view: View, progress: Progress, names: Sequence[str]
) -> Iterator[tuple[str, np.ndarray | BadImage]]:
    resolution, _, channels = shape

    def pixels(name: str) -> np.ndarray | BadImage:
        try:
            return decode(source.read(name), resolution=resolution, channels=channels, view=view)
        except BadImage as error:
            return error

    area = found.sides[[found.place[name] for name in names]].astype(np.int64).prod(axis=1).sum()
    threads = len(names) > THREADS_FROM_IMAGES and area > THREADS_FROM_PIXELS * len(names)
    return in_order(pixels, names, partial(progress, "decoding"), threads=threads)


def _decoded_before(array: Path, before: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Rows of an array that was written before it was known which files can't be decoded."""
    places = {name: place for place, name in enumerate(before)}
    return rows_of(array, [places[name] for name in names], names)


def _seen(view: View) -> str:
    """The view in keys and fingerprints, in which nothing stands for the usual one."""
    return "" if view == WHOLE else f"\0crop {view.crop!r}\0interpolation {view.interpolation}"


def _fingerprint(division: Division, layout: Layout, found: Survey, settings: str) -> str:
    """SHA-256 of what the data set is. The wrapping folder has no part in it, nor whether it lies in an archive."""
    names = layout.classes or ("",)  # which the label of an image without a class, -1, is a place in, too
    files = (
        f"{split}\0{names[label]}\0{name.removeprefix(layout.prefix)}\0{found.digest(name)}"
        for split in SPLITS
        for name, label in division[split]
    )
    digest = hashlib.sha256()
    for line in chain([f"featherbone data {FORMAT}\0{settings}", *layout.classes], files):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _bad_files(bad: dict[str, str], *, where: str, folder: Path, others: bool = True) -> FeatherboneError:
    """The first ten in the message; if there are more, all of them in a table in the cache. Or there are no others."""
    ordered = sorted(bad.items())
    lines = [f"  {readable(name)} {reason}" for name, reason in ordered[:LISTED]]
    if len(bad) > LISTED:
        table = folder / f"unreadable-{hashlib.sha256(where.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}.tsv"
        with explained(folder), replacing(table) as file:
            file.write("".join(f"{name}\t{reason}\n" for name, reason in ordered).encode("utf-8", "surrogateescape"))
        lines.append(f"  and {len(bad) - LISTED} more: {table} lists them all")
    first = f"{len(bad)} file(s) of {where!r} can't be used as images:"
    hint = "repair or remove them, or leave them out with --skip-bad"
    if not others:
        first, hint = f"no file of {where!r} can be used as an image:", "give a folder of images by class"
    return FeatherboneError("\n".join([first, *lines]), hint=hint)
