"""What a node of a cluster must have before it trains: the images, and the place where checkpoints are kept."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from featherbone.atomic import UNFINISHED
from featherbone.errors import FeatherboneError
from featherbone.job.search.storage import Storage
from featherbone.job.search.trial_work import Images
from featherbone.run_file import TRIALS

MARK = ".node-check"  # in the run's folder while the search goes on


@dataclass(frozen=True, kw_only=True)
class NodeCheck:
    """Called on a node, it opens the images, which also fills the node's cache, and finds the driver's mark.

    The mark is in the storage, or where there is none in the run's folder, which all nodes must share then.
    """

    images: Images
    folder: Path  # of the run
    storage: Storage | None
    mark: str

    def __call__(self) -> None:
        """Raises `FeatherboneError` with what is missing."""
        self.images.open()
        if self.storage is None:
            self._require_shared_folder()
        else:
            self.storage.require_marked(self.mark)

    def _require_shared_folder(self) -> None:
        try:
            found = (self.folder / MARK).read_text(encoding="utf-8")
        except FileNotFoundError:
            found = ""
        except OSError as error:
            raise FeatherboneError(f"the run's folder {self.folder} can't be read there: {error}") from error
        if found != self.mark:
            raise FeatherboneError(
                f"the run's folder {self.folder} is not shared with it",
                hint="give --out a folder on a disk that all nodes share, or --storage",
            )
        tried = self.folder / TRIALS / f".{uuid.uuid4().hex}{UNFINISHED}"
        try:
            tried.parent.mkdir(exist_ok=True)
            tried.write_text(self.mark, encoding="utf-8")
            tried.unlink()
        except OSError as error:
            raise FeatherboneError(f"the run's folder {self.folder} can't be written there: {error}") from error


@contextmanager
def marked(images: Images, folder: Path, storage: Storage | None) -> Iterator[NodeCheck]:
    """The check of a search's nodes; the mark that they must find is there until the block ends.

    Raises:
        FeatherboneError: the storage cannot be used.
    """
    mark, path = uuid.uuid4().hex, folder.resolve() / MARK
    try:
        if storage is None:
            path.write_text(mark, encoding="utf-8")
        else:
            storage.put_mark(mark)
        yield NodeCheck(images=images, folder=folder.resolve(), storage=storage, mark=mark)
    finally:
        path.unlink(missing_ok=True)
        if storage is not None:
            with suppress(FeatherboneError):  # the search's own end says more than this
                storage.remove_mark()
