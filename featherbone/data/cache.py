"""Decoded images on disk, so that the second start takes no time.

Three files belong to a data set: `<fingerprint>.npy` with every image (uint8, memory-mapped); `<key>.json` with all
else, its own SHA-256 in the first line; and `<source>.survey`, what was found when the files were read. The key names
what was asked (source signature, resolution, channels, seed), the fingerprint what came out. The first two take their
names only when they are whole and on the disk. One process at a time builds what belongs to a source; others wait and
then find it. Only leftovers of killed runs are ever removed: delete the folder to free the space.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from featherbone.atomic import UNFINISHED, replacing
from featherbone.errors import FeatherboneError

_CHECKED_BYTES = 256 * 2**20
_BLOCK = 2**20
_DAY = 24 * 3600
# What killed runs leave behind, and after how many seconds nobody will go on with it.
_LEFTOVERS = {UNFINISHED: _DAY, ".part": 7 * _DAY, ".mark": 7 * _DAY}


def cache_folder(cache: Path | None) -> Path:
    """The folder to cache in: the argument, else the variable FEATHERBONE_CACHE, else ~/.cache/featherbone."""
    try:
        folder = Path(cache or os.environ.get("FEATHERBONE_CACHE") or "~/.cache/featherbone").expanduser()
    except RuntimeError as error:  # a user without an entry in the system's list, as in containers
        raise FeatherboneError(
            f"there is no folder to cache in: {error}", hint="set HOME, or name a folder in FEATHERBONE_CACHE"
        ) from None
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for ending, stale in _LEFTOVERS.items():
        for leftover in folder.glob(f".*{ending}"):
            with suppress(OSError):  # another process removed it, or the cache is one that may only be read
                if time.time() - leftover.stat().st_mtime > stale:
                    leftover.unlink()
    return folder


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turns a failed write (full disk, no permission) into one sentence."""
    try:
        yield
    except OSError as error:
        raise FeatherboneError(
            f"the cache {str(folder)!r} can't be written: {error.strerror or error}",
            hint="free some space, or name another folder in FEATHERBONE_CACHE",
        ) from error


def check_space(folder: Path, needed: int) -> None:
    """Raises `FeatherboneError` when the disk has no room for `needed` bytes."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise FeatherboneError(
            f"the decoded images need {needed / 2**30:.1f} GiB and {str(folder)!r} has {free / 2**30:.1f} GiB free",
            hint="lower the resolution, or name another folder in FEATHERBONE_CACHE",
        )


def write_array_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    """The head of an .npy file of uint8; the pixels follow in order.

    Pixels are written, not stored through a memory map: a full disk is then an error and not a killed process.
    """
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def checksum(path: Path) -> str:
    """SHA-256 of the file's size and content; of a file over 256 MiB, of 256 blocks spread evenly over it."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    blocks = -(-size // _BLOCK)
    chosen = (
        range(blocks) if size <= _CHECKED_BYTES else np.linspace(0, blocks - 1, _CHECKED_BYTES // _BLOCK).astype(int)
    )
    with path.open("rb") as file:
        for block in chosen:
            file.seek(int(block) * _BLOCK)
            digest.update(file.read(_BLOCK))
    return digest.hexdigest()


def save_index(folder: Path, key: str, index: dict[str, Any]) -> None:
    """Write the JSON beside the array; the array must be complete by now."""
    body = json.dumps(index, sort_keys=True).encode()
    with explained(folder), replacing(folder / f"{key}.json") as file:
        file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def load_index(folder: Path, key: str) -> dict[str, Any] | None:
    """What `save_index` wrote, or None if either file is missing, cut short or damaged: then it is built again."""
    try:
        digest, _, body = (folder / f"{key}.json").read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return None
        index: dict[str, Any] = json.loads(body)
        return index if checksum(array_path(folder, index["fingerprint"])) == index["checksum"] else None
    except OSError:
        return None


def array_path(folder: Path, fingerprint: str) -> Path:
    """Where the images of a data set with this fingerprint lie."""
    return folder / f"{fingerprint}.npy"
