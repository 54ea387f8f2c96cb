"""Where files come from: a folder, a .zip / .tar / .tar.gz that is read in place, or a table of paths and labels.

A `Source` lists files and reads one by its path. What must not be followed (links inside archives, paths that lead
out, encrypted or oversized members) is listed in `refused` with the reason, so that nothing is skipped in silence.
Hidden files, what desktops leave behind and what featherbone itself wrote (runs, its cache) are no part of the data.
"""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from featherbone.data.archives import is_zip, tar_listing, zip_listing, zip_members
from featherbone.data.decode import BadImage, check_file_size, read_bounded
from featherbone.data.layout import Layout
from featherbone.data.outputs import without_runs
from featherbone.data.table import ENDINGS, read_table
from featherbone.errors import FeatherboneError

_IGNORED = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


@dataclass(frozen=True, kw_only=True)
class Source:
    """Paths use forward slashes and are relative to the folder or archive; those of folders end with a slash."""

    where: str
    paths: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    read: Callable[[str], bytes]
    classes: Mapping[str, str] = field(default_factory=dict)  # folder → class, in order, where they differ
    layout: Layout | None = None  # where a table states the classes, and not the folders


def signature(path: Path, *, cache: Path | None = None) -> str:
    """A cheap answer to "is this the content that was indexed before?", as sha256 hex.

    Images are not opened. A folder is known by its path and each file's path, size and modification time; a zip by each
    member's path, size and CRC-32, so it may be moved or touched; a tar by its own path, size and modification time.
    A change that keeps all of these is not seen. `cache` is a folder that is passed over.
    """
    _require(path)
    digest = hashlib.sha256()

    def add(*fields: object) -> None:
        digest.update("\0".join(map(str, fields)).encode("utf-8", "surrogateescape") + b"\n")

    if path.is_dir():
        add("folder", path.resolve())
        for relative, entry in _listed(path, cache):
            state = None if entry is None or not _is_file(entry) else entry.stat()
            add(relative, *(() if state is None else (state.st_size, state.st_mtime_ns)))
    elif path.suffix.lower() in ENDINGS:
        files = sorted(read_table(path).files())  # refuses what is too large to be read at once
        add("table", path.resolve(), hashlib.sha256(path.read_bytes()).hexdigest())
        for name in files:
            add(name, *_state(path.parent / name))
    elif is_zip(path):
        add("zip")
        for member in zip_members(path):
            add(member.filename, member.file_size, member.CRC, member.flag_bits, member.external_attr)
    else:
        state = path.stat()
        add("tar", path.resolve(), state.st_size, state.st_mtime_ns)
    return digest.hexdigest()


@contextmanager
def opened(path: Path, *, scratch: Path) -> Iterator[Source]:
    """The files of a folder or archive, readable while the context lasts.

    A compressed tar can't be read at random, so it is decompressed once into a nameless file in `scratch`, which is
    no part of the data where it lies in the folder.
    """
    _require(path)
    if path.is_dir():
        yield _folder(path, scratch)
        return
    if path.suffix.lower() in ENDINGS:
        yield _table(path)
        return
    listing = zip_listing(path) if is_zip(path) else tar_listing(path, scratch=scratch)
    with listing as (paths, refused, read):
        kept = without_runs(
            [name for name in paths if not _is_ignored(name)], lambda name, most: _head(read, name, most)
        )
        yield Source(
            where=str(path),
            paths=tuple(kept),
            refused=tuple((name, reason) for name, reason in refused if not _is_ignored(name)),
            read=read,
        )


def _require(path: Path) -> None:
    if not path.exists():
        raise FeatherboneError(
            f"there is no file or folder {str(path)!r}",
            hint="give a folder of images by class, a .zip or .tar(.gz) of one, or a .csv of paths and labels",
        )
    if not path.is_dir() and not path.is_file():
        raise FeatherboneError(f"{str(path)!r} is neither a folder nor a regular file")


def _folder(root: Path, cache: Path) -> Source:
    paths: list[str] = []
    refused: list[tuple[str, str]] = []
    for relative, entry in _listed(root, cache):
        if entry is None:
            paths.append(relative)
        elif not _is_file(entry):
            refused.append(
                (relative, "is a link that leads nowhere" if entry.is_symlink() else "is not a regular file")
            )
        else:
            try:
                check_file_size(entry.stat().st_size)
                paths.append(relative)
            except BadImage as error:
                refused.append((relative, str(error)))
    return Source(
        where=str(root), paths=tuple(paths), refused=tuple(refused), read=lambda name: read_bounded(root / name)
    )


def _table(path: Path) -> Source:
    layout = read_table(path)

    def read(name: str) -> bytes:
        file = path.parent / name
        if not _state(file):
            found = sorted(other.name for other in file.parent.glob(f"{glob.escape(file.name)}.*"))
            raise BadImage(f"is not there, beside {path.name}{f'; {found[0]} is' if found else ''}")
        return read_bounded(file)

    return Source(where=str(path), paths=tuple(layout.files()), refused=(), read=read, layout=layout)


def _state(path: Path) -> tuple[int, int] | tuple[()]:
    """Size and modification time of a file, nothing of one that is not there."""
    try:
        state = path.stat()
    except (OSError, ValueError):  # a null byte is no part of a path
        return ()
    return state.st_size, state.st_mtime_ns


Entry = os.DirEntry[str]


def _listed(root: Path, cache: Path | None) -> list[tuple[str, Entry | None]]:
    """Every file with its entry and every folder with None, sorted, without runs and the cache."""
    found = dict(_walk(root, None if cache is None else os.path.realpath(cache)))
    kept = without_runs(list(found), lambda name, most: _head(lambda path: read_bounded(root / path), name, most))
    return [(name, found[name]) for name in kept]


def _walk(root: Path, passed_over: str | None) -> Iterator[tuple[str, Entry | None]]:
    """What `_listed` has, but for the runs. Links to folders are followed, loops are not."""

    def visit(folder: str, prefix: str, above: frozenset[str]) -> Iterator[tuple[str, Entry | None]]:
        here = os.path.realpath(folder)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise FeatherboneError(f"the folder {folder!r} can't be read: {error.strerror or error}") from error
        for entry in found:
            if _is_ignored(entry.name):
                continue
            if not _is_folder(entry):
                yield prefix + entry.name, entry
            elif os.path.realpath(entry.path) != passed_over:
                yield f"{prefix}{entry.name}/", None
                if os.path.realpath(entry.path) not in above | {here}:
                    yield from visit(entry.path, f"{prefix}{entry.name}/", above | {here})

    return visit(str(root), "", frozenset())


def _is_folder(entry: Entry) -> bool:
    with suppress(OSError):  # a link to itself
        return entry.is_dir()
    return False


def _is_file(entry: Entry) -> bool:
    with suppress(OSError):
        return entry.is_file()
    return False


def _head(read: Callable[[str], bytes], name: str, most: int) -> bytes:
    """The first bytes of a file, none where it can't be read."""
    with suppress(BadImage):
        return read(name)[:most]
    return b""


def _is_ignored(path: str) -> bool:
    """Hidden files and what desktops leave behind. A part such as ".." is no hidden file; archives refuse it."""
    parts: Iterable[str] = path.split("/")
    return any(part.lower() in _IGNORED or (part.startswith(".") and part not in (".", "..")) for part in parts)
