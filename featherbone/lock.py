"""Locks: one process at a time works on a folder, and another is told which one does."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from featherbone.errors import FeatherboneError


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold ``path`` for this process. The system lets go of it when the process ends, however it ends.

    Raises:
        FeatherboneError: another process holds it; its number is in the message. It is a link, or no regular file.
    """
    handle = _opened(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            raise FeatherboneError(
                f"{what} is in use by process {holder}", hint="wait until it ends, or work in another folder"
            ) from None
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise FeatherboneError(
                f"cannot write {path}: {error.strerror}", hint="free some space, or write to another disk"
            ) from error
        yield
    finally:
        os.close(handle)  # which also unlocks


@contextmanager
def in_turn(path: Path, waiting: Callable[[], None], *, pause: float = 0.2) -> Iterator[None]:
    """Hold ``path`` for this process as soon as no other holds it; ``waiting`` is called while one does.

    The file is removed at the end, so that what is locked for a moment leaves nothing behind.

    Raises:
        OSError: the file cannot be made, or its file system cannot lock.
        FeatherboneError: it is a link, or no regular file.
    """
    while True:
        handle = _opened(path)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                time.sleep(pause)
                continue
            if not _is_still(
                handle, path
            ):  # the process before removed it meanwhile, and another may have made it anew
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(handle)


def _opened(path: Path) -> int:
    """The lock file, made where it is absent. One that leads to another file is refused: that file would be emptied."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise _no_lock(path) from error
        raise
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(handle)
        raise _no_lock(path)
    return handle


def _no_lock(path: Path) -> FeatherboneError:
    return FeatherboneError(
        f"{path} is a link, a folder, a pipe or a device; a lock is a plain file", hint=f"remove {path}"
    )


def _is_still(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False
