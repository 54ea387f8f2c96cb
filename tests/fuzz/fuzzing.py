"""One format against many inputs: what was read, what was refused in a sentence, and what must never be."""

from __future__ import annotations

import random
import signal
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from featherbone.data.decode import BadImage
from featherbone.errors import FeatherboneError
from tests.fuzz.mutations import contents, texts

LIMIT = 10.0  # seconds of CPU time that one input may take


@dataclass(frozen=True, kw_only=True)
class Format:
    """Something that is read: good examples, and the reader, which gets a file's path or a text."""

    name: str
    seeds: Callable[[], list[str]] | Callable[[], list[bytes]]
    read: Callable[[str], object]
    file: str = ""  # its name; a text without one is given as it is
    binary: bool = False
    again: Callable[[bytes, random.Random], bytes] | None = None  # changes within what a checksum would refuse at once


@dataclass(kw_only=True)
class Tally:
    """What came of the inputs; ``foreign`` holds an example of each kind of exception that escaped."""

    read: int = 0
    refused: int = 0
    hangs: int = 0
    slowest: float = 0.0
    foreign: Counter[str] = field(default_factory=Counter)

    @property
    def inputs(self) -> int:
        return self.read + self.refused + self.hangs + self.foreign.total()


class Hang(BaseException):
    """An input took longer than it may; no reader catches this."""


def fuzz(kind: Format, count: int, folder: Path, *, seed: int) -> Tally:
    """Read so many changed inputs, each in a process that goes on."""
    tally, path = Tally(), folder / kind.file
    for content in _inputs(kind, count, seed):
        given = str(path)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif kind.file:
            path.write_text(content, encoding="utf-8", errors="surrogatepass")
        else:
            given = content
        _try(kind, given, tally)
    return tally


def _inputs(kind: Format, count: int, seed: int) -> Iterator[str] | Iterator[bytes]:
    if not kind.binary:
        return texts([str(text) for text in kind.seeds()], count, seed=seed)
    seeds, chance = [bytes(one) for one in kind.seeds() if isinstance(one, bytes)], random.Random(seed)
    again = kind.again
    deep = 0 if again is None else count // 2
    return iter(
        [
            *contents(seeds, count - deep, seed=seed),
            *(again(chance.choice(seeds), chance) for _ in range(deep) if again is not None),
        ]
    )


def _try(kind: Format, given: str, tally: Tally) -> None:
    began = time.process_time()
    try:
        with _limited(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.read(given)
        tally.read += 1
    except (FeatherboneError, BadImage):
        tally.refused += 1
    except Hang:
        tally.hangs += 1
    except Exception as error:
        tally.foreign[f"{type(error).__name__}: {str(error)[:120]}"] += 1
    tally.slowest = max(tally.slowest, time.process_time() - began)


@contextmanager
def _limited() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
