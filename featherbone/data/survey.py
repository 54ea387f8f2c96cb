"""Every file of a source opened once: its size, greyness and hash, or why it can't be used.

What is known is kept in the cache, a line a file in the order of the listing, so that a killed run goes on behind the
last line, and other resolutions and seeds of the same source read no file again.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from featherbone.cache import explained
from featherbone.data.decode import BadImage, read_header
from featherbone.data.ordered import Progress, in_order
from featherbone.data.sources import Source

_LINES_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Of each file, by its place in the listing; `bad` says by path why a file is no image."""

    place: dict[str, int]
    digests: np.ndarray  # uint8, (files, 32): SHA-256 of the content
    sides: np.ndarray  # int32, (files, 2): width and height
    grey: np.ndarray  # bool, (files,)
    bad: dict[str, str]

    def digest(self, path: str) -> str:
        """In hexadecimal digits."""
        return bytes(self.digests[self.place[path]]).hex()


def survey(source: Source, files: Sequence[str], kept: Path, progress: Progress) -> Survey:
    """Open all files of a source, but for those that `kept`, a file in the cache, knows already.

    Raises `FeatherboneError` where the cache can't be written.
    """
    found = Survey(
        place={path: number for number, path in enumerate(files)},
        digests=np.zeros((len(files), 32), dtype=np.uint8),
        sides=np.zeros((len(files), 2), dtype=np.int32),
        grey=np.zeros(len(files), dtype=bool),
        bad={},
    )
    lines, length = _read(kept, len(files))
    for path, line in zip(files, lines, strict=False):
        _note(found, path, line)
    if len(lines) == len(files):
        return found

    def look(path: str) -> list[object]:
        try:
            content = source.read(path)
            header = read_header(content)
        except BadImage as error:
            return [str(error)]
        return [hashlib.sha256(content).hexdigest(), header.width, header.height, int(header.grey)]

    left = files[len(lines) :]
    done = len(lines)
    tell = partial(progress, "reading")
    with explained(kept.parent), open(kept, "ab") as file:
        file.truncate(length)
        pending = []
        for path, line in in_order(look, left, lambda so_far, _: tell(done + so_far, len(files))):
            _note(found, path, line)
            pending.append(_write(line))
            if len(pending) == _LINES_AT_ONCE:
                file.write(b"".join(pending))
                file.flush()
                pending.clear()
        file.write(b"".join(pending))
    return found


def _note(found: Survey, path: str, line: list[object]) -> None:
    number = found.place[path]
    if len(line) == 1:
        found.bad[path] = str(line[0])
        return
    digest, width, height, grey = line
    found.digests[number] = np.frombuffer(bytes.fromhex(str(digest)), dtype=np.uint8)
    found.sides[number] = width, height
    found.grey[number] = bool(grey)


def _write(line: list[object]) -> bytes:
    body = json.dumps(line).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _read(kept: Path, most: int) -> tuple[list[list[object]], int]:
    """The lines up to the first that is cut short or damaged, and how many bytes they are."""
    lines: list[list[object]] = []
    length = 0
    if not kept.exists():
        return lines, length
    with open(kept, "rb") as file:
        for raw in file:
            check, _, body = raw.rstrip(b"\n").partition(b" ")
            if len(lines) == most or not raw.endswith(b"\n") or check != b"%08x" % zlib.crc32(body):
                break
            lines.append(json.loads(body))
            length += len(raw)
    return lines, length
