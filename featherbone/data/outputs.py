"""What featherbone itself wrote beside the images is no data: the folders of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from featherbone.run_file import FORMAT, LEDGER, LOCK, NAME

RUNS = "runs/"
_MARKS = {NAME: f'"format": "{FORMAT}"'.encode(), LEDGER: b"SQLite format 3\0"}
_HEAD = 200  # bytes of a file in which its mark stands


def without_runs(paths: Sequence[str], head: Callable[[str, int], bytes]) -> list[str]:
    """A listing without the folders of runs, and without those that hold nothing else; folders end with a slash.

    >>> files = ["cat/1.png", "runs/", "runs/pets/", "runs/pets/run.json", "runs/pets/trials/3/log.jsonl"]
    >>> without_runs(files, lambda path, most: b'{"format": "featherbone-run"')
    ['cat/1.png']

    `head` gives the first bytes of a file. A run is told by its record or its ledger, by content and not by name alone;
    a run that was killed before it had either holds a lock and nothing else.
    """
    marked = {path.rpartition("/")[0] for path in paths if _is_mark(path, head)}
    runs = marked | _only_locked(paths)
    runs.discard("")  # what is named as data is read as data
    if not runs:
        return _without_empty_runs(paths)
    above = {parent for run in runs for parent in _parents(run)}
    left = [path for path in paths if runs.isdisjoint(_parents(path))]
    filled = {parent for path in left if not path.endswith("/") for parent in _parents(path)}
    return _without_empty_runs(
        [path for path in left if not (path.endswith("/") and path[:-1] in above and path[:-1] not in filled)]
    )


def _without_empty_runs(paths: Iterable[str]) -> list[str]:
    """Where the runs were removed, their folder may be left."""
    found = list(paths)
    return found if sum(path.startswith(RUNS) for path in found) > 1 else [path for path in found if path != RUNS]


def _is_mark(path: str, head: Callable[[str, int], bytes]) -> bool:
    mark = _MARKS.get(path.rpartition("/")[2])
    return mark is not None and mark in head(path, _HEAD)


def _only_locked(paths: Iterable[str]) -> set[str]:
    """Folders that hold a lock and no other file."""
    held = {path.rpartition("/")[0] for path in paths if path.endswith(f"/{LOCK}")}
    if not held:
        return held
    others = {parent for path in paths if not path.endswith(("/", f"/{LOCK}")) for parent in _parents(path)}
    return held - others


def _parents(path: str) -> list[str]:
    """The folders that a path lies in; of a folder's, itself.

    >>> _parents("a/b/c.png"), _parents("a/b/")
    (['a', 'a/b'], ['a', 'a/b'])
    """
    parts = path.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
