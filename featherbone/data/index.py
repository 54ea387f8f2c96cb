"""Read every file of a source once, decide, decode, and hand back what the cache keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from featherbone.atomic import replacing
from featherbone.data.cache import array_path, check_space, checksum, explained, write_array_header
from featherbone.data.decode import BadImage, Header, decode, read_header
from featherbone.data.division import Division, divide
from featherbone.data.layout import SPLITS, Layout, named_classes, read_layout
from featherbone.data.ordered import Progress, in_order
from featherbone.data.sources import Source
from featherbone.data.statistics import mean_and_std
from featherbone.errors import FeatherboneError

FORMAT = 1  # part of key and fingerprint: raise it when the same files would give other pixels or other splits
NATIVE_LIMIT = 64
DEFAULT_RESOLUTION = 224
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


def build_index(
    opening: AbstractContextManager[Source], request: Request, *, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Decode a source into the cache `folder`, and return all else that there is to know about it.

    Raises `FeatherboneError` for a source that makes no data set, and for all bad files at once unless the request
    skips them.
    """
    with opening as source:
        layout = read_layout(source.paths, where=source.where)
        if source.classes:
            layout = named_classes(layout, source.classes)
        headers, digests, bad = _read_all(source, layout, progress)
        bad.update(source.refused)
        while True:
            division, notes = divide(layout.without(bad) if request.skip_bad else layout, seed=request.seed)
            rows = [name for split in SPLITS for name, _ in division[split] if name not in bad]
            found = {name: headers[name] for name in rows}
            size, depth, resized = _shape(request, list(found.values()))
            decoded = _decode_all(source, found, size, depth, progress)
            if bad and not request.skip_bad:
                bad.update({name: str(result) for name, result in decoded if isinstance(result, BadImage)})
                raise _bad_files(bad, where=source.where)
            fingerprint = _fingerprint(division, layout, digests, seed=request.seed, resolution=size, channels=depth)
            target = array_path(folder, fingerprint)
            broken = _write(decoded, target, (len(rows), size, size, depth))
            bad.update(broken)
            if not broken:
                break
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
        "warnings": [*layout.warnings, *notes, *resized, *_duplicates(division, digests)],
    }


def _read_all(
    source: Source, layout: Layout, progress: Progress
) -> tuple[dict[str, Header], dict[str, str], dict[str, str]]:
    """By path: the header and the SHA-256 of every file, and the reason for those that are no image."""

    def read(name: str) -> tuple[Header, str] | BadImage:
        try:
            content = source.read(name)
            return read_header(content), hashlib.sha256(content).hexdigest()
        except BadImage as error:
            return error

    headers: dict[str, Header] = {}
    digests: dict[str, str] = {}
    bad: dict[str, str] = {}
    for name, result in in_order(read, layout.files(), partial(progress, "reading")):
        if isinstance(result, BadImage):
            bad[name] = str(result)
        else:
            headers[name], digests[name] = result
    return headers, digests, bad


def _shape(request: Request, headers: list[Header]) -> tuple[int, int, list[str]]:
    """Resolution, channels, and a warning if small images are cut to a square."""
    channels = request.channels or (1 if all(header.grey for header in headers) else 3)
    if request.resolution is not None:
        return request.resolution, channels, []
    sizes = {(header.width, header.height) for header in headers}
    if len(sizes) != 1:
        side = min(DEFAULT_RESOLUTION, int(median(min(header.width, header.height) for header in headers)))
        mixed = f"images have {len(sizes)} sizes; each is brought to {side}×{side}, and --resolution sets another side"
        return side, channels, [mixed]
    if max(max(sizes)) > NATIVE_LIMIT:
        return DEFAULT_RESOLUTION, channels, []
    width, height = sizes.pop()
    side = min(width, height)
    cut = [] if width == height else [f"images are {width}×{height}: the centre {side}×{side} of each is used"]
    return side, channels, cut


def _decode_all(
    source: Source, headers: dict[str, Header], resolution: int, channels: int, progress: Progress
) -> Iterator[tuple[str, np.ndarray | BadImage]]:
    def pixels(name: str) -> np.ndarray | BadImage:
        try:
            return decode(source.read(name), resolution=resolution, channels=channels)
        except BadImage as error:
            return error

    area = sum(header.width * header.height for header in headers.values())
    threads = len(headers) > THREADS_FROM_IMAGES and area > THREADS_FROM_PIXELS * len(headers)
    return in_order(pixels, list(headers), partial(progress, "decoding"), threads=threads)


class _Undecodable(Exception):
    """Leaves the atomic write, so that no array of a part of the images takes its name."""


def _write(
    decoded: Iterable[tuple[str, np.ndarray | BadImage]], target: Path, shape: tuple[int, int, int, int]
) -> dict[str, str]:
    """Write the pixels in order; if any file can't be decoded, write nothing and return the reasons."""
    check_space(target.parent, int(np.prod(shape)))
    broken: dict[str, str] = {}
    try:
        with explained(target.parent), replacing(target) as file:
            write_array_header(file, shape)
            for name, result in decoded:
                if isinstance(result, BadImage):
                    broken[name] = str(result)
                else:
                    file.write(result.tobytes())
            if broken:
                raise _Undecodable
    except _Undecodable:
        pass
    return broken


def _fingerprint(
    division: Division, layout: Layout, digests: dict[str, str], *, seed: int, resolution: int, channels: int
) -> str:
    """SHA-256 of what the data set is. The wrapping folder has no part in it, nor whether it lies in an archive."""
    settings = f"featherbone data {FORMAT}\0seed {seed}\0resolution {resolution}\0channels {channels}"
    files = (
        f"{split}\0{layout.classes[label]}\0{name.removeprefix(layout.prefix)}\0{digests[name]}"
        for split in SPLITS
        for name, label in division[split]
    )
    digest = hashlib.sha256()
    for line in chain([settings, *layout.classes], files):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _duplicates(division: Division, digests: dict[str, str]) -> list[str]:
    """A warning for each pair of splits that share files, byte for byte."""
    warnings = []
    for position, first in enumerate(SPLITS):
        known = {digests[name]: name for name, _ in division[first]}
        for second in SPLITS[position + 1 :]:
            shared = [name for name, _ in division[second] if digests[name] in known]
            if shared:
                example = f"{known[digests[shared[0]]]} is {shared[0]}"
                warnings.append(f"{len(shared)} image(s) of {second} are also in {first}, for example {example}")
    return warnings


def _bad_files(bad: dict[str, str], *, where: str) -> FeatherboneError:
    lines = [f"  {name} {reason}" for name, reason in sorted(bad.items())[:10]]
    if len(bad) > 10:
        lines.append(f"  and {len(bad) - 10} more")
    sentence = "\n".join([f"{len(bad)} file(s) of {where!r} can't be used as images:", *lines])
    return FeatherboneError(sentence, hint="repair or remove them, or leave them out with --skip-bad")
