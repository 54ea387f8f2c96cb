"""Decoded images on their way into the cache: an array that grows on the disk, and goes on after a kill.

The array is written in order, to a hidden file that ends in `.part`. From time to time it is flushed to the disk and a
mark beside it says how many rows are safe; a run that is started again decodes from the mark on. Only the whole array
takes its name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from featherbone.atomic import replacing
from featherbone.cache import explained
from featherbone.data.cache import check_space, write_array_header
from featherbone.data.decode import BadImage
from featherbone.lock import in_turn

MARK_BYTES = 128 * 2**20  # so much is decoded again after a kill, at most
PART = ".part"
MARK = ".mark"

Decoded = Iterable[tuple[str, "np.ndarray | BadImage"]]


@dataclass(frozen=True, kw_only=True)
class Safe:
    """What is on the disk for certain: so many rows, and the reasons of those among them that hold no image."""

    rows: int = 0
    broken: dict[str, str] = field(default_factory=dict)


def write_pixels(
    target: Path, names: Sequence[str], shape: tuple[int, int, int], decode_from: Callable[[Sequence[str]], Decoded]
) -> dict[str, str]:
    """Write an array (names, *shape) to `target`; `decode_from` decodes the names that are left, in order.

    Where some can't be decoded, `target` is not made and the reasons are returned: the rows of the others then lie in
    `part_of(target)`.

    Raises `FeatherboneError` where the disk is full: what was written is then removed, and the space is free again.
    """
    part, mark = part_of(target), _mark_of(target)
    row = int(np.prod(shape))
    try:
        with explained(target.parent), in_turn(target.with_suffix(".lock"), lambda: None):
            safe = _resume(part, mark, len(names), shape)
            check_space(target.parent, row * (len(names) - safe.rows))
            with open(part, "r+b") as file:
                file.seek(0, os.SEEK_END)
                broken = _append(file, mark, safe, decode_from(names[safe.rows :]), row)
            if not broken:
                os.replace(part, target)
                mark.unlink(missing_ok=True)
    except Exception:
        discard(target)
        raise
    return broken


def part_of(target: Path) -> Path:
    """The unfinished array."""
    return target.with_name(f".{target.name}{PART}")


def keep_part(target: Path) -> Path:
    """Take an unfinished array out of the way of the next one of that name."""
    kept = target.with_name(f".{target.name}.before{PART}")
    os.replace(part_of(target), kept)
    _mark_of(target).unlink(missing_ok=True)
    return kept


def discard(target: Path) -> None:
    """Remove an unfinished array."""
    for path in (part_of(target), _mark_of(target)):
        path.unlink(missing_ok=True)


def rows_of(array: Path, places: Sequence[int], names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Some rows of an array on the disk under new names."""
    images = np.load(array, mmap_mode="r")
    for name, place in zip(names, places, strict=True):
        yield name, images[place]


def _append(file: IO[bytes], mark: Path, safe: Safe, decoded: Decoded, row: int) -> dict[str, str]:
    broken, rows, since = dict(safe.broken), safe.rows, 0
    for name, result in decoded:
        if isinstance(result, BadImage):
            broken[name] = str(result)
            file.write(bytes(row))
        else:
            file.write(result.tobytes())
        rows += 1
        since += row
        if since >= MARK_BYTES:
            _flush(file)
            _save(mark, Safe(rows=rows, broken=broken))
            since = 0
    _flush(file)
    _save(mark, Safe(rows=rows, broken=broken))
    return broken


def _resume(part: Path, mark: Path, count: int, shape: tuple[int, int, int]) -> Safe:
    """Cut the unfinished array to its safe rows, or begin one."""
    safe = Safe()
    if part.exists() and mark.exists():
        safe = Safe(**json.loads(mark.read_bytes()))
    with open(part, "r+b" if safe.rows else "wb") as file:
        write_array_header(file, (count, *shape))
        begin = file.tell()
        end = begin + safe.rows * int(np.prod(shape))
        if os.fstat(file.fileno()).st_size < end:  # a mark of another file
            safe, end = Safe(), begin
        file.truncate(end)
    return safe


def _save(mark: Path, safe: Safe) -> None:
    with replacing(mark) as file:
        file.write(json.dumps({"rows": safe.rows, "broken": safe.broken}).encode())


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _mark_of(target: Path) -> Path:
    return target.with_name(f".{target.name}{MARK}")
