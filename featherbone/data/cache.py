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
import shutil
from pathlib import Path
from typing import IO, Any

import numpy as np

from featherbone.atomic import replacing
from featherbone.cache import explained
from featherbone.errors import FeatherboneError

_CHECKED_BYTES = 256 * 2**20
_BLOCK = 2**20


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
