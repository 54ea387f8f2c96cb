"""The folder that keeps what would take long to make or fetch again: decoded images, weights, compiled kernels."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from featherbone.atomic import UNFINISHED
from featherbone.errors import FeatherboneError

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
