"""A named data set as a source: fetched where it is not in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from featherbone.data.named.table import Named
from featherbone.data.sources import Source, opened
from featherbone.download import cached


@contextmanager
def open_named(entry: Named, *, cache: Path, progress: Callable[[str, int, int], None]) -> Iterator[Source]:
    """The files of a named set, readable while the context lasts; downloads lie in the folder `datasets` of the cache.

    `progress` hears of a download in megabytes; the total is 0 where the server does not tell it.

    Raises `FeatherboneError` where the files can't be had: no connection, another hash, offline, a full disk.
    """
    if entry.archive is not None:
        with opened(entry.archive, scratch=cache) as source:
            yield source
        return
    paths = []
    for url, hashed in entry.files:
        path = cache / "datasets" / url.rpartition("/")[2]

        def tell(done: int, total: int | None, file: str = path.name) -> None:
            progress(f"downloading {file} of {entry.name}", done // 10**6, (total or 0) // 10**6)

        cached(url, path, hashed=hashed, name=f"{entry.name} ({path.name})", progress=tell)
        paths.append(path)
    assert entry.read is not None  # as it has files
    with entry.read(paths, cache) as source:
        yield source
