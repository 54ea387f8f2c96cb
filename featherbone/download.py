"""One file over HTTP: whole and with the right hash, or not there; what arrived before an interruption is kept."""

from __future__ import annotations

import glob
import hashlib
import http.client
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from featherbone import __version__
from featherbone.errors import FeatherboneError
from featherbone.files import opened

Progress = Callable[[int, int | None], None]  # bytes so far, and of how many, where that is known

BLOCK = 2**18
LARGEST = 8 * 2**30
ATTEMPTS = 3
STALE = 24 * 3600  # seconds after which nobody still fetches a file
TIMEOUT = 30.0  # seconds without a byte
AGAIN = (408, 429, 500, 502, 503, 504)  # the server's own trouble


class _Interrupted(Exception):
    """The transfer stopped early; another attempt continues it."""


def cached(url: str, path: Path, *, hashed: str, name: str, progress: Progress | None = None) -> str:
    """``path`` if it is there and has its hash, else downloaded, unless ``FEATHERBONE_OFFLINE=1`` forbids that.

    Returns the hash in full, as ``download`` does; a file that is there is checked each time.

    Raises:
        FeatherboneError: what ``download`` refuses; not there while offline.
    """
    if path.exists():
        digest = file_hash(path, algorithm(hashed))
        if digest.startswith(hashed.partition(":")[2]):
            return digest
    if offline():
        state = "damaged in the cache" if path.exists() else "not in the cache"
        raise FeatherboneError(
            f"{name} is {state} {path.parent}, and FEATHERBONE_OFFLINE forbids to download it",
            hint=f"unset FEATHERBONE_OFFLINE once, or put {url} there by hand",
        )
    return download(url, path, hashed=hashed, progress=progress)


def download(
    url: str, path: Path, *, hashed: str, progress: Progress | None = None, pause: float = 1.0, timeout: float = TIMEOUT
) -> str:
    """Fetch ``url`` into ``path``; ``hashed`` names how its hash begins, as ``sha256:0a1b`` or ``md5:0a1b``.

        download("https://example.org/weights.pt", Path("weights.pt"), hashed="sha256:0a1b")

    Returns the hash of what came, in full. MD5 is for files whose publisher states nothing better: it tells a damaged
    file, not a forged one.

    An interrupted transfer is continued, up to three times ``pause`` seconds apart, and by the next call. The file
    appears under its name only when it is whole, has its hash and is on the disk; two processes may fetch it at once.

    Raises:
        FeatherboneError: no connection, no such file there, another hash, no room on the disk.
    """
    if not url.startswith(("https://", "http://")):
        raise FeatherboneError(f"{url[:80]!r} is not an address to download from", hint="it begins with https://")
    left = path.with_name(path.name + ".part")  # by an earlier call; whoever renames it has it
    mine = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for killed in path.parent.glob(f"{glob.escape(path.name)}.*.partial"):  # and so never renamed to `left`
            with suppress(OSError):
                if time.time() - killed.stat().st_mtime > STALE:
                    os.replace(killed, left)
        with suppress(FileNotFoundError):
            os.replace(left, mine)
        digest = _fetch(url, mine, hashed, progress, pause, timeout)
        os.replace(mine, path)
        return digest
    except OSError as error:
        raise FeatherboneError(
            f"{url} cannot be kept in {path.parent}: {error.strerror or error}",
            hint="free some space, or name another folder in FEATHERBONE_CACHE",
        ) from error
    finally:
        with suppress(OSError):
            os.replace(mine, left)


def offline() -> bool:
    """Whether ``FEATHERBONE_OFFLINE`` forbids downloads."""
    return os.environ.get("FEATHERBONE_OFFLINE", "").lower() not in ("", "0", "false", "no")


def algorithm(hashed: str) -> str:
    """The part before the colon.

    >>> algorithm("md5:c32a")
    'md5'
    """
    return hashed.partition(":")[0]


def file_hash(path: Path, algorithm: str = "sha256") -> str:
    """The hash of a regular file, in hexadecimal digits."""
    digest = hashlib.new(algorithm, usedforsecurity=algorithm != "md5")
    with opened(path) as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _fetch(url: str, part: Path, hashed: str, progress: Progress | None, pause: float, timeout: float) -> str:
    continued, failures = part.exists(), 0
    while True:
        try:
            _transfer(url, part, progress, timeout)
        except _Interrupted as error:
            continued, failures = True, failures + 1
            if failures < ATTEMPTS:
                time.sleep(pause)
                continue
            raise FeatherboneError(
                f"{url} could not be downloaded: {error}", hint="check the connection; the next try continues this one"
            ) from error
        digest = file_hash(part, algorithm(hashed))
        if digest.startswith(hashed.partition(":")[2]):
            return digest
        part.unlink()
        if not continued:
            raise FeatherboneError(
                f"{url} has the {algorithm(hashed).upper()} {digest[:16]}…; it should begin with "
                f"{hashed.partition(':')[2][:16]}, so the file was thrown away",
                hint="try again; if it stays so, the file was replaced or the connection is tampered with",
            )
        continued = False  # the pieces may be of two files: once more, from the start


def _transfer(url: str, part: Path, progress: Progress | None, timeout: float) -> None:
    """Fetch what ``part`` lacks; raise _Interrupted where it still lacks some."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": f"featherbone/{__version__}"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            if answer.status != 206 or not str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
                have = 0
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length and length.isdigit() else None
            done = _copy(answer, part, have, total, progress)
    except urllib.error.HTTPError as error:
        _refused(url, part, have, error)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, OSError) and error.errno is not None and not _of_the_network(error):
            raise
        raise _Interrupted(getattr(error, "reason", None) or error) from error
    else:
        if total is not None and done < total:
            raise _Interrupted(f"the connection ended after {done:,} of {total:,} bytes")


def _copy(answer: http.client.HTTPResponse, part: Path, have: int, total: int | None, progress: Progress | None) -> int:
    with open(part, "ab" if have else "wb") as file:
        if progress is not None:
            progress(have, total)
        while block := answer.read(BLOCK):
            file.write(block)
            have += len(block)
            if have > LARGEST:
                raise FeatherboneError(f"the file is larger than {LARGEST:,} bytes, which nothing is that is fetched")
            if progress is not None:
                progress(have, total)
        file.flush()
        os.fsync(file.fileno())
    return have


def _refused(url: str, part: Path, have: int, error: urllib.error.HTTPError) -> None:
    if error.code == 416 and have:  # what is there is no beginning of that file
        part.unlink()
        raise _Interrupted("the earlier part did not fit the file") from error
    if error.code in AGAIN:
        raise _Interrupted(f"the server answered {error.code} {error.reason}") from error
    raise FeatherboneError(
        f"{url} could not be downloaded: the server answered {error.code} {error.reason}",
        hint="the file may have moved: download it by hand and give its path",
    ) from error


def _of_the_network(error: OSError) -> bool:
    return isinstance(error, urllib.error.URLError | ConnectionError | TimeoutError)
