"""Files from anywhere, read with bounds: regular files only, no larger than their kind may be, and nothing that hangs.

A path that a person gives may be a pipe that nobody writes to, a device without an end, or a small file that says it is
large. Every reader of the package opens files here, and stands inside `damage`, the last net: whatever a library raises
out of a stranger's bytes becomes one sentence with the path.
"""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from featherbone.errors import FeatherboneError

MIB = 2**20
MOST_TEXT = 64 * MIB  # bytes of a file that is parsed as a whole
MOST_VALUES = 2_000_000  # of one JSON text: each takes up to some 70 bytes, however short it is written
COPY = "copy or download the file again; what it holds cannot be trusted"
LONGEST_TOML = 2**18  # characters
MOST_DOTS = 100  # of a line of TOML
LONGEST_REASON = 200
MODELS = (".safetensors", ".fbone")  # how the names of model files end: as they were trained, and packed
PACKED = b"\x89FBONE\r\n"  # how a packed model begins


@contextmanager
def opened(path: str | os.PathLike[str], *, most: int | None = None) -> Iterator[BinaryIO]:
    """A regular file, open for reading; one of more than ``most`` bytes is refused.

    >>> with opened("/dev/zero") as file:
    ...     pass
    Traceback (most recent call last):
    ...
    featherbone.errors.FeatherboneError: /dev/zero is a device, not a file that can be read (name a regular file)

    Raises:
        FeatherboneError: it is not there, cannot be read, is a folder, a pipe or a device, or is too large.
    """
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would be waited for; regular files know no waiting.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise unreadable(path, error) from error
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        raise _irregular(path, found.st_mode)
    with open(handle, "rb") as file:
        if most is not None and found.st_size > most:
            raise FeatherboneError(
                f"{path} has {found.st_size:,} bytes; at most {most:,} are read", hint="is it the file that was meant?"
            )
        yield file


def require_regular(path: str | os.PathLike[str], *, most: int | None = None) -> None:
    """Raise as ``opened`` does: for a library that opens the path by itself."""
    with opened(path, most=most):
        pass


def read_bytes(path: str | os.PathLike[str], *, most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes.

    Raises:
        FeatherboneError: as ``opened``; it grows while it is read.
    """
    with opened(path, most=most) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            content = file.read(size + 1)  # not most + 1, for which Python would first find room
            if len(content) > size:  # it has grown
                content += file.read(most - size)
        except OSError as error:
            raise unreadable(path, error) from error
    if len(content) > most:
        raise FeatherboneError(f"{path} grows beyond {most:,} bytes while it is read", hint="wait until it is written")
    return content


def read_text(path: str | os.PathLike[str], *, most: int = MOST_TEXT) -> str:
    """The text of a regular file in UTF-8.

    Raises:
        FeatherboneError: as ``read_bytes``; it is not UTF-8.
    """
    try:
        return read_bytes(path, most=most).decode()
    except UnicodeDecodeError as error:
        raise FeatherboneError(f"{path} is not text in UTF-8: byte {error.start} is no part of it", hint=COPY) from None


def read_json(path: str | os.PathLike[str], *, most: int = MOST_TEXT, values: int = MOST_VALUES) -> Any:
    """What a JSON file holds.

    Raises:
        FeatherboneError: as ``read_text`` and ``parse_json``.
    """
    return parse_json(read_text(path, most=most), str(path), values=values)


def parse_json(text: str, where: str, *, values: int = MOST_VALUES, **hooks: Any) -> Any:
    """What a JSON text holds; ``where`` names it in messages, and ``hooks`` are those of ``json.loads``.

    >>> parse_json('{"macs": 300}', "notes")
    {'macs': 300}
    >>> parse_json("[" * 100_000, "notes")
    Traceback (most recent call last):
    ...
    featherbone.errors.FeatherboneError: notes is nested too deeply

    Raises:
        FeatherboneError: no JSON; more than ``values`` values, counted before any is built; nested too deeply.
    """
    count = 1 + sum(text.count(sign) for sign in ",[{")
    if count > values:
        raise FeatherboneError(f"{where} holds up to {count:,} values; at most {values:,} are read")
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        raise FeatherboneError(
            f"{where} is not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise FeatherboneError(f"{where} is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise FeatherboneError(f"{where} is damaged: {shortened(error)}") from None


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """What a TOML text holds; ``where`` names it in messages.

    >>> parse_toml("epochs = 3", "the recipe")
    {'epochs': 3}

    Raises:
        FeatherboneError: no TOML; longer than ``LONGEST_TOML``; a line with very many dots, as the reader's time grows
            with more than the square of the parts of a key.
    """
    if len(text) > LONGEST_TOML:
        raise FeatherboneError(f"{where} has {len(text):,} characters; at most {LONGEST_TOML:,} are read")
    dots = max((line.count(".") for line in text.splitlines() if not line.lstrip().startswith("#")), default=0)
    if dots > MOST_DOTS:
        raise FeatherboneError(f"{where} has a line with {dots:,} dots; at most {MOST_DOTS} are read")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise FeatherboneError(f"{where} is nested too deeply") from None
    except ValueError as error:
        raise FeatherboneError(f"{where} is not TOML: {shortened(error)}") from None


@contextmanager
def damage(where: str | os.PathLike[str], *, hint: str = COPY) -> Iterator[None]:
    """Whatever the reader of a stranger's file raises in the block becomes one sentence; our own errors pass.

    >>> with damage("model.onnx"):
    ...     {}["weight"]
    Traceback (most recent call last):
    ...
    featherbone.errors.FeatherboneError: model.onnx is damaged, or holds what is not read here: KeyError: 'weight' \
(copy or download the file again; what it holds cannot be trusted)
    """
    try:
        yield
    except (FeatherboneError, ModuleNotFoundError):
        raise
    except MemoryError as error:
        raise FeatherboneError(f"{where} asks for more memory than there is", hint=hint) from error
    except Exception as error:
        raise FeatherboneError(
            f"{where} is damaged, or holds what is not read here: {type(error).__name__}: {shortened(error)}", hint=hint
        ) from error


def shortened(reason: object) -> str:
    """The first line of what a library says, and not too much of it."""
    line = (str(reason).strip().splitlines() or [""])[0]
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}…"


def unreadable(path: str | os.PathLike[str], error: Exception) -> FeatherboneError:
    """What is said of a file that the system does not open."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FeatherboneError(f"cannot read {path}: {reason}", hint="check the path and its permissions")


def _irregular(path: str | os.PathLike[str], mode: int) -> FeatherboneError:
    kinds = ((stat.S_ISDIR, "folder"), (stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))
    kind = next((name for test, name in kinds if test(mode)), "device")
    return FeatherboneError(f"{path} is a {kind}, not a file that can be read", hint="name a regular file")
