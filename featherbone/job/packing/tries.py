"""What was tried: for each price of a bit, the file and how it answers, kept until the packing is done."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from featherbone.atomic import write_atomically
from featherbone.cache import cache_folder
from featherbone.errors import FeatherboneError
from featherbone.files import read_bytes, read_json
from featherbone.job.packing.judge import AnswersKept
from featherbone.nn.packed.file import LARGEST, load_packed

FOLDER = "packing"


@dataclass(frozen=True, kw_only=True)
class Try:
    """A price, the bytes of the file that it gives, and how that answers on the images held back.

    ``learned`` are the rounds of training that were spent on it.
    """

    price: float
    size: int
    verdict: AnswersKept
    learned: int = 0


class Tries:
    """The tries of one packing, in a folder of the cache: a packing that was stopped goes on with them.

    ``course`` tells one training from another; ``lessons`` is the file in which it stands.
    """

    def __init__(self, identity: str, course: str) -> None:
        self.folder, self.course = cache_folder(None) / FOLDER / identity, course
        self.lessons = self.folder / f"lessons-{course}.safetensors"

    def find(self, price: float, learned: int = 0) -> Try | None:
        """The try at a price and after so many rounds, if it was finished."""
        told, packed = self._path(price, learned, "json"), self._path(price, learned, "fbone")
        if not told.exists() or not packed.exists():
            return None
        try:
            facts = read_json(told)
            load_packed(packed)
            verdict = AnswersKept(**facts["verdict"])
            return Try(price=price, size=int(facts["size"]), verdict=verdict, learned=learned)
        except (FeatherboneError, KeyError, TypeError, ValueError):  # damaged: it is tried again
            return None

    def keep(self, done: Try, content: bytes) -> None:
        """Keep the file of a try, then what is told of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with write_atomically(self._path(done.price, done.learned, "fbone")) as file:
            file.write(content)
        with write_atomically(self._path(done.price, done.learned, "json")) as file:
            file.write(json.dumps({"size": done.size, "verdict": asdict(done.verdict)}).encode())

    def content(self, done: Try) -> bytes:
        """The bytes of its file."""
        return read_bytes(self._path(done.price, done.learned, "fbone"), most=LARGEST)

    def remove(self) -> None:
        """They are no longer needed."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, price: float, learned: int, ending: str) -> Path:
        after = f"-{self.course}-{learned}" if learned else ""
        return self.folder / f"{price.hex()}{after}.{ending}"
