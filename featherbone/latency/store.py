"""Measured times on disk: one file for each processor, runtime version and number of threads, kept whole at any moment.

A line is the checksum of the rest, the seconds, and what was measured: a kernel's text, or a whole network's after the
word ``network``. A line that does not fit its checksum is left out and counted, so it is measured again.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from featherbone.atomic import write_atomically

FORMAT = "featherbone latencies 1"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What times belong to: another processor, runtime, version or number of threads has its own."""

    cpu: str
    runtime: str
    version: str
    threads: int
    block: int  # channels in a block of the runtime's layout

    def __str__(self) -> str:
        return f"{self.runtime} {self.version} with {self.threads} thread{'s' * (self.threads != 1)} on {self.cpu}"


class Store:
    """The times of one bench in a folder; ``damaged`` lines were found when it was opened."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        key = hashlib.sha256(json.dumps(asdict(bench), sort_keys=True).encode()).hexdigest()[:16]
        self.path = folder / f"{bench.runtime}-{key}.txt"
        self.bench = bench
        self._times, self.damaged = _read(self.path)

    def known(self) -> Mapping[str, float]:
        """Seconds by text."""
        return self._times

    def add(self, times: Mapping[str, float]) -> None:
        """Keep these too; what another process has kept meanwhile stays.

        Raises:
            FeatherboneError: the file can't be written; what it held is unchanged.
        """
        self._times = {**_read(self.path)[0], **self._times, **times}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"format": FORMAT, **asdict(self.bench)})]
        lines += [_line(text, seconds) for text, seconds in self._times.items()]
        with write_atomically(self.path) as file:
            file.write("\n".join([*lines, ""]).encode())


def _read(path: Path) -> tuple[dict[str, float], int]:
    """The times in a file, and how many of its lines are damaged."""
    if not path.is_file():
        return {}, 0
    times: dict[str, float] = {}
    damaged = 0
    head, *lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    if not head.startswith(json.dumps({"format": FORMAT})[:-1]):
        return {}, 0  # of another version: what is measured next replaces it
    for line in lines:
        _, _, rest = line.partition("\t")
        seconds, _, text = rest.partition("\t")
        try:
            value = float(seconds)
        except ValueError:
            value = -1.0
        if value >= 0 and text and line == _line(text, value):
            times[text] = value
        else:
            damaged += 1
    return times, damaged


def _line(text: str, seconds: float) -> str:
    rest = f"{seconds!r}\t{text}"
    return f"{zlib.crc32(rest.encode()):08x}\t{rest}"
