"""Folders for files of a moment; those that a killed process left are removed by the next one that needs some."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "featherbone-scratch-"  # what else begins with the name may be a person's own


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder among the system's temporary files that goes with the block.

    >>> with scratch() as folder:
    ...     _ = (folder / "model.onnx").write_bytes(b"weights")
    >>> folder.exists()
    False

    A process holds its folder by a lock; those of this user that nobody holds any more are removed.
    """
    _remove_orphans(Path(tempfile.gettempdir()))
    folder, handle = _held()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _held() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        handle = os.open(folder, os.O_RDONLY)
        with suppress(OSError):  # where the file system knows no locks, nothing is ever taken for an orphan
            fcntl.flock(handle, fcntl.LOCK_EX)
        if folder.exists():
            return folder, handle
        os.close(handle)  # taken for an orphan in the moment before it was held


def _remove_orphans(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid != os.geteuid() or not stat.S_ISDIR(folder.lstat().st_mode):
                continue
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
