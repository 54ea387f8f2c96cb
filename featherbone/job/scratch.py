"""Folders for a moment, which are also removed when the process that made them was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.lock import locked

PREFIX, LOCK = "featherbone-trial-", "in use"


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder that is gone after the block; those that killed processes of this user left are removed first.

    >>> with scratch() as folder:
    ...     list(folder.iterdir())
    []
    >>> folder.exists()
    False

    A process holds a lock beside its folder for as long as it lives, so that nobody removes what is in use.
    """
    remove_abandoned()
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with locked(home / LOCK, f"the folder {home}"):
            folder = home / "files"
            folder.mkdir()
            yield folder
    finally:
        shutil.rmtree(home, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove the folders that processes which are gone have left here."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if home.is_symlink() or home.stat().st_uid != os.getuid() or not (home / LOCK).is_file():
                continue
            with suppress(FeatherboneError), ExitStack() as held:
                held.enter_context(locked(home / LOCK, "it"))
                shutil.rmtree(home, ignore_errors=True)
