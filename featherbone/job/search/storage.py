"""Where the trials of a search keep their checkpoints when no folder is shared by all its machines: anything that
fsspec can reach, such as S3, another machine over SSH, or files.

A trial's worker fetches the checkpoint before it trains and puts it back whenever the training has saved one. A file is
first written under another name and then moved, so that nobody ever reads half of one. What the run no longer needs is
removed: of a trial that has failed at once, and the rest when there is a result.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.job.search.trial_work import TrialWork
from featherbone.progress import Event, Progress, TrialFailed, TrialScored
from featherbone.run_file import LOG, TRIALS
from featherbone.scratch import scratch
from featherbone.search.executors import Task, Tell
from featherbone.search.record.ledger import Ledger
from featherbone.search.record.rows import Score
from featherbone.train.run.checkpoint import NEWEST

KEY = "storage"
MARK = "node-check"
FILES = (NEWEST, LOG)  # of a trial; the checkpoint first: a log is cut to its checkpoint, never the other way round


@dataclass(frozen=True, kw_only=True)
class Storage:
    """A place for one run's trials; ``url`` as fsspec writes it, such as ``s3://bucket/searches``."""

    url: str
    run: str  # tells the runs in one place apart

    def fetch(self, trial: int, folder: Path, files: tuple[str, ...] = FILES) -> None:
        """Copy what is there of a trial into its folder; a file that is not there is left out."""
        system, place = self._reach(trial)
        with _explained(self.url, "read"):
            for name in files:
                source = f"{place}/{name}"
                if system.exists(source):
                    folder.mkdir(parents=True, exist_ok=True)
                    new = folder / f".{name}.{uuid.uuid4().hex}"
                    system.get_file(source, str(new))
                    os.replace(new, folder / name)

    def put(self, trial: int, folder: Path) -> None:
        """Copy the files of a trial out of its folder, each of them whole or not at all."""
        system, place = self._reach(trial)
        with _explained(self.url, "written"):
            system.makedirs(place, exist_ok=True)
            for name in FILES:
                if (folder / name).exists():
                    new = f"{place}/.{name}.{uuid.uuid4().hex}"
                    system.put_file(str(folder / name), new)
                    system.mv(new, f"{place}/{name}")

    def require_place(self) -> None:
        """Raise where the URL's bucket, or of a place with folders the one above it, is not there: none is made."""
        system, home = self._home()
        place = home.rpartition("/")[0]
        needed = place.rpartition("/")[0] or "/" if place.startswith("/") else place.split("/")[0]
        with _explained(self.url, "read"):
            there = system.exists(place) or system.exists(needed)
        if not there:
            what = "folder" if place.startswith("/") else "bucket"
            raise FeatherboneError(
                f"the storage {self.url} cannot be used: there is no {what} {needed}",
                hint=f"make the {what} first, or correct the URL",
            )

    def put_mark(self, mark: str) -> None:
        """Leave a mark that every process which reaches this place can find.

        Raises `FeatherboneError` where this process cannot write there.
        """
        system, home = self._home()
        with _explained(self.url, "written"):
            system.makedirs(home, exist_ok=True)
            system.pipe_file(f"{home}/{MARK}", mark.encode())
        self.require_marked(mark)

    def require_marked(self, mark: str) -> None:
        """Raise unless the mark is found, and this process can write and remove a file beside it."""
        system, home = self._home()
        with _explained(self.url, "read"):
            found = system.cat_file(f"{home}/{MARK}").decode() if system.exists(f"{home}/{MARK}") else ""
        if found != mark:
            raise FeatherboneError(
                f"the storage {self.url} is another place there than for the driver",
                hint="give a URL that means the same on every node",
            )
        with _explained(self.url, "written"):
            tried = f"{home}/.{uuid.uuid4().hex}"
            system.pipe_file(tried, mark.encode())
            system.rm_file(tried)

    def remove_mark(self) -> None:
        """Nobody is to find the mark any more."""
        system, home = self._home()
        self._remove((system, f"{home}/{MARK}"))

    def remove(self, trial: int) -> None:
        """Remove what is there of a trial."""
        self._remove(self._reach(trial))

    def empty(self) -> None:
        """Remove all that is there of the run."""
        self._remove(self._home())

    def _remove(self, found: tuple[Any, str]) -> None:
        system, place = found
        with _explained(self.url, "emptied"):
            if system.exists(place):
                system.rm(place, recursive=True)

    def _home(self) -> tuple[Any, str]:
        """The file system, and the run's place in it."""
        fsspec = _fsspec()
        with _explained(self.url, "reached"):
            system, place = fsspec.core.url_to_fs(self.url)
            system.invalidate_cache()  # others write there
        return system, f"{place.rstrip('/')}/{self.run}"

    def _reach(self, trial: int) -> tuple[Any, str]:
        system, home = self._home()
        return system, f"{home}/{TRIALS}/{trial}"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The work of a trial on a machine that shares no folder: in a folder of its own, with checkpoints in a storage."""

    work: TrialWork
    storage: Storage

    def __call__(self, task: Task, tell: Tell) -> Score:
        with scratch() as place:
            work = replace(self.work, folder=place)
            folder = work.folder_of(task.trial)
            self.storage.fetch(task.trial, folder)
            last = _written(folder)

            def put_and_tell(event: Event) -> None:
                nonlocal last
                if _written(folder) != last:
                    last = _written(folder)
                    self.storage.put(task.trial, folder)
                tell(event)

            score = work(task, put_and_tell)
            self.storage.put(task.trial, folder)
        return score


def storage_of(ledger: Ledger, url: str | None) -> Storage | None:
    """The storage of a run; its part of the place is named once, and goes with the ledger.

    Raises:
        FeatherboneError: fsspec is not installed or does not know the URL; its bucket is not there.
    """
    if url is None:
        return None
    if url.startswith("memory:"):
        raise FeatherboneError(f"--storage {url} ends with its process", hint="give a place that all nodes reach")
    run = ledger.recall(KEY)
    if run is None:
        run = uuid.uuid4().hex[:12]
        ledger.remember(KEY, run)
    storage = Storage(url=url, run=run)
    storage.require_place()
    return storage


def fetching(storage: Storage | None, work: TrialWork, progress: Progress) -> Progress:
    """Fetch a trial's log into the run's folder whenever it has a score, so that the report can draw it.

    What is kept of a trial that has failed for good is removed.
    """
    if storage is None:
        return progress

    def watch(event: Event) -> None:
        if isinstance(event, TrialScored):
            storage.fetch(event.trial, work.folder_of(event.trial), (LOG,))
        elif isinstance(event, TrialFailed) and event.final:
            storage.remove(event.trial)
        progress(event)

    return watch


def _written(folder: Path) -> int:
    path = folder / NEWEST
    return path.stat().st_mtime_ns if path.exists() else 0


def _fsspec() -> Any:
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise FeatherboneError("fsspec is not installed", hint="pip install 'featherbone[cluster]'") from error
    return fsspec


@contextmanager
def _explained(url: str, what: str) -> Iterator[None]:
    """Turn what a file system raises into a sentence."""
    try:
        yield
    except FeatherboneError:
        raise
    except ImportError as error:
        raise FeatherboneError(f"the storage {url} needs a package: {error}") from error
    except Exception as error:  # each file system has errors of its own
        raise FeatherboneError(
            f"the storage {url} cannot be {what}: {error}", hint="check the URL, the network and the permissions"
        ) from error
