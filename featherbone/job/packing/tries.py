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
    """A price, the bytes of the file that it gives, and how that answers on the images held back."""

    price: float
    size: int
    verdict: AnswersKept


class Tries:
    """The tries of one packing, in a folder of the cache: a packing that was stopped goes on with them."""

    def __init__(self, identity: str) -> None:
        self.folder = cache_folder(None) / FOLDER / identity

    def find(self, price: float) -> Try | None:
        """The try at a price, if it was finished."""
        told = self._path(price, "json")
        if not told.exists() or not self._path(price, "fbone").exists():
            return None
        try:
            facts = read_json(told)
            load_packed(self._path(price, "fbone"))
            return Try(price=price, size=int(facts["size"]), verdict=AnswersKept(**facts["verdict"]))
        except (FeatherboneError, KeyError, TypeError, ValueError):  # damaged: it is tried again
            return None

    def keep(self, done: Try, content: bytes) -> None:
        """Keep the file of a try, then what is told of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with write_atomically(self._path(done.price, "fbone")) as file:
            file.write(content)
        with write_atomically(self._path(done.price, "json")) as file:
            file.write(json.dumps({"size": done.size, "verdict": asdict(done.verdict)}).encode())

    def content(self, done: Try) -> bytes:
        """The bytes of its file."""
        return read_bytes(self._path(done.price, "fbone"), most=LARGEST)

    def remove(self) -> None:
        """They are no longer needed."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, price: float, ending: str) -> Path:
        return self.folder / f"{price.hex()}.{ending}"
