"""Zip and tar files, read in place: nothing is unpacked, no link is followed, sizes are bounded before reading."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from featherbone.cache import explained
from featherbone.data.decode import BadImage, check_file_size
from featherbone.data.formats import what_else
from featherbone.errors import FeatherboneError

# (paths of files and folders, refused paths with reasons, reader)
Listing = tuple[list[str], list[tuple[str, str]], Callable[[str], bytes]]


Mode = Literal["r:gz", "r:bz2", "r:xz", "r:"]
COMPRESSED: dict[bytes, Mode] = {b"\x1f\x8b": "r:gz", b"BZh": "r:bz2", b"\xfd7zXZ": "r:xz"}  # by how they begin


def is_zip(path: Path) -> bool:
    """Whether a file is a zip, or the beginning of one."""
    with path.open("rb") as file:
        try:
            return file.read(4) == b"PK\x03\x04" or zipfile.is_zipfile(file)
        except zipfile.BadZipFile:  # Python reads more of the end that it finds than the answer needs
            return True


def unpacked_limit(packed: int) -> int:
    """How many bytes an archive of `packed` bytes may hold: images hardly compress, so more is a bomb.

    >>> unpacked_limit(0) == 2**30
    True
    """
    return 2**30 + 100 * packed


def zip_members(path: Path) -> list[zipfile.ZipInfo]:
    """What a zip says that it holds."""
    with _opened_zip(path) as archive:
        return archive.infolist()


@contextmanager
def zip_listing(path: Path) -> Iterator[Listing]:
    """The members of a zip. Reading checks each member's CRC-32."""
    with _opened_zip(path) as archive:
        members: dict[str, zipfile.ZipInfo] = {}
        paths: list[str] = []
        refused: list[tuple[str, str]] = []
        _check_total(path, sum(member.file_size for member in archive.infolist()))
        for member in archive.infolist():
            name = member.filename.replace("\\", "/")  # some Windows tools write backslashes
            link = stat.S_ISLNK(member.external_attr >> 16)
            reason = _refusal(name, seen=members, link=link, size=member.file_size)
            if reason is None and member.flag_bits & 1:
                reason = "is encrypted"
            if reason is not None:
                refused.append((name, reason))
                continue
            paths.append(name)
            if not name.endswith("/"):
                members[name] = member

        def read(name: str) -> bytes:
            try:
                return archive.read(members[name])
            except Exception as error:  # damaged members raise a dozen types
                raise BadImage(f"can't be read from the archive: {_words(error)}") from error

        yield paths, refused, read


@contextmanager
def tar_listing(path: Path, *, scratch: Path) -> Iterator[Listing]:
    """The members of a tar, of a compressed one through a nameless decompressed copy in `scratch`."""
    try:
        # Asked to find out by itself, tarfile tries them all, and xz takes gigabytes of zeros for padding.
        head = _head(path)
        mode: Mode = next((one for beginning, one in COMPRESSED.items() if head.startswith(beginning)), "r:")
        archive = tarfile.open(path, mode)  # noqa: SIM115 - closed below, once it is known whether a copy replaces it
    except Exception as error:  # what is damaged raises a dozen types
        raise _no_tar(path, error) from error
    with archive, tempfile.TemporaryFile(dir=scratch) as copy:
        stream: IO[bytes] = archive.fileobj  # type: ignore[assignment]
        try:
            if isinstance(stream, (gzip.GzipFile, bz2.BZ2File, lzma.LZMAFile)):
                _decompress(path, stream, copy, scratch)
                stream = copy
            stream.seek(0)  # the first header has been read
            with tarfile.open(fileobj=stream, mode="r:") as plain:
                members = plain.getmembers()
                _require_end(stream, plain.offset)
        except FeatherboneError:
            raise
        except Exception as error:
            raise _damaged(path, error) from error

        _check_total(path, sum(member.size for member in members))
        places: dict[str, tuple[int, int]] = {}
        paths: list[str] = []
        refused: list[tuple[str, str]] = []
        for member in members:
            name = member.name.removeprefix("./") + ("/" if member.isdir() else "")
            if name in ("./", "/"):
                continue
            link = member.issym() or member.islnk()
            reason = _refusal(name, seen=places, link=link, size=member.size)
            if reason is None and not member.isdir() and (not member.isreg() or member.issparse()):
                reason = "is not a regular file"
            if reason is not None:
                refused.append((name, reason))
                continue
            paths.append(name)
            if not member.isdir():
                places[name] = (member.offset_data, member.size)
        lock = threading.Lock()

        def read(name: str) -> bytes:
            start, size = places[name]
            with lock:
                stream.seek(start)
                return stream.read(size)

        yield paths, refused, read


def _require_end(stream: IO[bytes], offset: int) -> None:
    """Raise unless a tar ends where its members do: behind a damaged header tarfile lists nothing, without a word."""
    stream.seek(offset)
    if any(stream.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError(f"the header at byte {offset:,} is damaged")


def _decompress(path: Path, stream: IO[bytes], copy: IO[bytes], scratch: Path) -> None:
    limit = unpacked_limit(path.stat().st_size)
    stream.seek(0)
    written = 0
    while block := stream.read(2**20):
        written += len(block)
        _check_total(path, written, limit=limit)
        with explained(scratch):
            copy.write(block)
    copy.seek(0)


def _check_total(path: Path, size: int, *, limit: int | None = None) -> None:
    allowed = unpacked_limit(path.stat().st_size) if limit is None else limit
    if size > allowed:
        raise FeatherboneError(
            f"{str(path)!r} unpacks to at least {size:,} bytes, more than the limit of {allowed:,} for its size",
            hint="unpack it yourself if you trust it, and give the folder",
        )


def _refusal(
    name: str, *, seen: dict[str, zipfile.ZipInfo] | dict[str, tuple[int, int]], link: bool, size: int
) -> str | None:
    """Why a member must not be read, or None."""
    if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
        return "has a path that leads out of the archive"
    if link:
        return "is a link, which is not followed"
    if name in seen:
        return "is in the archive twice"
    try:
        check_file_size(size)
    except BadImage as error:
        return str(error)
    return None


@contextmanager
def _opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # a damaged directory raises a dozen types, struct.error and UnicodeDecodeError included
        raise _damaged(path, error) from error
    with archive:
        yield archive


def _no_tar(path: Path, error: Exception) -> FeatherboneError:
    """What a file is that can't be opened as a tar: a damaged one, or something else that says what it is."""
    head = _head(path)
    if head.startswith(tuple(COMPRESSED)):
        return _damaged(path, error)
    what = what_else(head)
    return FeatherboneError(
        f"{str(path)!r} {what}" if what else f"{str(path)!r} is neither a folder nor a readable archive",
        hint="give a folder of images by class, a .zip, .tar or .tar.gz of one, or a .csv of paths and labels",
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(2048)


def _damaged(path: Path, error: Exception) -> FeatherboneError:
    return FeatherboneError(
        f"the archive {str(path)!r} is damaged or cut short: {_words(error)}", hint="copy or download it again"
    )


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
