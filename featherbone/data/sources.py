"""Where files come from: a folder, or a .zip / .tar / .tar.gz that is read in place and never unpacked.

A `Source` lists files and reads one by its path. What must not be followed (links inside archives, paths that lead
out, encrypted or oversized members) is listed in `refused` with the reason, so that nothing is skipped in silence.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from featherbone.data.archives import tar_listing, zip_listing
from featherbone.data.decode import BadImage, check_file_size, read_bounded
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


def signature(path: Path) -> str:
    """A cheap answer to "is this the content that was indexed before?", as sha256 hex.

    Files are not opened. A folder is known by its path and each file's path, size and modification time; a zip by each
    member's path, size and CRC-32, so it may be moved or touched; a tar by its own path, size and modification time.
    A change that keeps all of these is not seen.
    """
    _require(path)
    digest = hashlib.sha256()

    def add(*fields: object) -> None:
        digest.update("\0".join(map(str, fields)).encode("utf-8", "surrogateescape") + b"\n")

    if path.is_dir():
        add("folder", path.resolve())
        for relative, entry in _walk(path):
            state = entry.stat() if entry and entry.is_file() else None
            add(relative, *(() if state is None else (state.st_size, state.st_mtime_ns)))
    elif zipfile.is_zipfile(path):
        add("zip")
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                add(member.filename, member.file_size, member.CRC, member.flag_bits, member.external_attr)
    else:
        state = path.stat()
        add("tar", path.resolve(), state.st_size, state.st_mtime_ns)
    return digest.hexdigest()


@contextmanager
def opened(path: Path, *, scratch: Path) -> Iterator[Source]:
    """The files of a folder or archive, readable while the context lasts.

    A compressed tar can't be read at random, so it is decompressed once into a nameless file in `scratch`.
    """
    _require(path)
    if path.is_dir():
        yield _folder(path)
        return
    listing = zip_listing(path) if zipfile.is_zipfile(path) else tar_listing(path, scratch=scratch)
    with listing as (paths, refused, read):
        kept = tuple(name for name in paths if not _is_ignored(name))
        yield Source(
            where=str(path),
            paths=kept,
            refused=tuple((name, reason) for name, reason in refused if not _is_ignored(name)),
            read=read,
        )


def _require(path: Path) -> None:
    if not path.exists():
        raise FeatherboneError(
            f"there is no file or folder {str(path)!r}",
            hint="give a folder of images by class, or a .zip or .tar(.gz) of one",
        )
    if not path.is_dir() and not path.is_file():
        raise FeatherboneError(f"{str(path)!r} is neither a folder nor a regular file")


def _folder(root: Path) -> Source:
    paths: list[str] = []
    refused: list[tuple[str, str]] = []
    for relative, entry in _walk(root):
        if entry is None:
            paths.append(relative)
        elif not entry.is_file():
            refused.append((relative, "is a broken link" if entry.is_symlink() else "is not a regular file"))
        else:
            try:
                check_file_size(entry.stat().st_size)
                paths.append(relative)
            except BadImage as error:
                refused.append((relative, str(error)))
    return Source(
        where=str(root), paths=tuple(paths), refused=tuple(refused), read=lambda name: read_bounded(root / name)
    )


def _walk(root: Path) -> Iterator[tuple[str, os.DirEntry[str] | None]]:
    """Every file with its entry and every folder with None, sorted. Links to folders are followed, loops are not."""

    def visit(folder: str, prefix: str, above: frozenset[str]) -> Iterator[tuple[str, os.DirEntry[str] | None]]:
        here = os.path.realpath(folder)
        if here in above:
            return
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise FeatherboneError(f"the folder {folder!r} can't be read: {error.strerror or error}") from error
        for entry in found:
            if _is_ignored(entry.name):
                continue
            if entry.is_dir():
                yield f"{prefix}{entry.name}/", None
                yield from visit(entry.path, f"{prefix}{entry.name}/", above | {here})
            else:
                yield prefix + entry.name, entry

    return visit(str(root), "", frozenset())


def _is_ignored(path: str) -> bool:
    """Hidden files and what desktops leave behind. A part such as ".." is no hidden file; archives refuse it."""
    parts: Iterable[str] = path.split("/")
    return any(part.lower() in _IGNORED or (part.startswith(".") and part not in (".", "..")) for part in parts)
