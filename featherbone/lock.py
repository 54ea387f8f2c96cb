"""One process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featherbone.errors import FeatherboneError


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold ``path`` for this process. The system lets go of it when the process ends, however it ends.

    Raises:
        FeatherboneError: another process holds it; its number is in the message.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
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
