"""Files that are either wholly the new ones or still the old ones, whatever happens while they are written."""

from __future__ import annotations

import errno
import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from featherbone.errors import FeatherboneError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
UNFINISHED = ".tmp"  # how the name of a temporary file ends; a killed process may leave one


@contextmanager
def write_atomically(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file handle whose content becomes ``path`` only when the block ends without an error.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with write_atomically(target) as file:
    ...     _ = file.write(b"whole")
    >>> target.read_bytes()
    b'whole'

    The bytes go to a temporary file in the same folder, are flushed to the disk, and the file is renamed over ``path``;
    then the folder is flushed, so that the rename survives a power cut. A symbolic link keeps pointing to its target.
    What a killed process left of an earlier write of this file is removed.

    Raises:
        FeatherboneError: the file cannot be written, as on a full disk. The previous file is then unchanged and no
            temporary file is left. An error of another kind passes through, with the same promise.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise _refusal(path, error) from error


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """As ``write_atomically``, with the system's own error: for callers that explain it in words of their own.

    Raises:
        FeatherboneError: ``path`` is a folder or a device.
        OSError: the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise FeatherboneError(
            f"{path} is not a file that can be replaced", hint="name a file, not a folder or a device"
        )
    for left in target.parent.glob(f".{glob.escape(target.name)}.*{UNFINISHED}"):
        _remove_orphan(left)
    temporary, descriptor = _temporary(target)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _flush_folder(target.parent)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left of files that they were writing, here and in the folders below."""
    for left in folder.rglob(f".*{UNFINISHED}"):
        _remove_orphan(left)


def _temporary(target: Path) -> tuple[Path, int]:
    """A new file beside the target, which this process holds for as long as it is open."""
    while True:
        path = target.with_name(f".{target.name}.{secrets.token_hex(4)}{UNFINISHED}")
        # The umask decides who may read it, as for any other new file; tempfile would make it private.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with suppress(OSError, ImportError):  # where nothing can be locked, nothing is ever taken for an orphan
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)  # taken for an orphan in the moment before it was held


def _remove_orphan(path: Path) -> None:
    """Remove a temporary file unless a process holds it."""
    with suppress(OSError, ImportError):
        import fcntl

        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened, and the rename is durable by itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot flush folders says so
            raise
    finally:
        os.close(descriptor)


def _refusal(path: str | os.PathLike[str], error: OSError) -> FeatherboneError:
    hint = "check the folder, its permissions and the disk"
    if error.errno in FULL:
        hint = "free some space, or write to another disk; what stood there before is unchanged"
    elif error.errno == errno.ENOENT:
        hint = f"make the folder {Path(path).parent} first"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "choose a folder that you may write to"
    return FeatherboneError(f"cannot write {path}: {error.strerror or error}", hint=hint)
