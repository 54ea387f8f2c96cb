"""Batches from a set that is larger than the memory: images a second, waiting in each step, resident memory.

    python benchmarks/larger_than_memory.py > benchmarks/results/larger_than_memory.txt

It writes an array of random bytes such as the cache holds, and trains on nothing: a process whose memory is bounded by
a control group (Linux; as root) goes through shuffled batches, once as fast as it can and once with so much computing
between two batches as a step of a small network takes. Before, all pages of the file are dropped. `read ahead` is what
training does: the next batches are asked for while one is computed; `when touched` is the memory map alone. For
comparison the same with an array that fits, after a pass has read it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from machine import describe

MIB = 2**20
SHAPES = {"224": (224, 16), "32": (32, 128)}  # side, batch
LONGEST = 40.0  # seconds beyond a pass's own that its last batch is waited for
STEP = {"224": 0.25, "32": 0.05}  # seconds of computing between two batches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=6.0, help="of the array")
    parser.add_argument("--memory", type=float, default=1.0, help="gigabytes that the process may have, with its pages")
    parser.add_argument("--seconds", type=float, default=15.0, help="for each pass")
    parser.add_argument("--folder", type=Path, help="where the array is written; default: a temporary one")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(*arguments.one, arguments.seconds)
        return
    print(describe("featherbone", "torch", "numpy"))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder, Bound(arguments.memory) as bound:
        print(f"the process may have {arguments.memory:g} GiB with the pages of its files: {bound.how}")
        for kind, (side, batch) in SHAPES.items():
            path = Path(folder) / "images.npy"
            for gigabytes, passes in ((arguments.gigabytes, (("cold", "1"), ("cold", "0"))), (0.25, (("warm", "1"),))):
                count = write(path, gigabytes, side)
                print(f"\n{count} images of {side}×{side}, {gigabytes:g} GiB, batches of {batch}")
                for state, ahead in passes:
                    for step in ("0", str(STEP[kind])):
                        found = bound.run(str(path), state, ahead, step, arguments)
                        tell(found, state, ahead, float(step), batch)


def tell(found: list[list[float]], state: str, ahead: str, step: float, batch: int) -> None:
    how = "read ahead" if ahead == "1" else "when touched"
    work = f"{step * 1000:3.0f} ms a step" if step else "no computing "
    if not found:
        print(f"{state}, {how:12} {work}  not one batch in {LONGEST:g} s", flush=True)
        return
    ends, waits, resident = zip(*found, strict=True)
    print(
        f"{state}, {how:12} {work}  {len(waits) * batch / ends[-1]:8.0f} images/s   waits for a batch, ms: "
        f"median {1000 * statistics.median(waits):7.2f}, mean {1000 * statistics.mean(waits):7.2f}, "
        f"longest {1000 * max(waits):6.0f} of {len(waits)}   own memory {max(resident):.0f} MiB",
        flush=True,
    )


def write(path: Path, gigabytes: float, side: int) -> int:
    """Random bytes, a block at a time; the number of images."""
    from featherbone.data.cache import write_array_header

    size = side * side * 3
    count = int(gigabytes * 2**30) // size
    random = np.random.default_rng(0)
    with path.open("wb") as file:
        write_array_header(file, (count, side, side, 3))
        for start in range(0, count, 4096):
            file.write(random.bytes(min(4096, count - start) * size))
        file.flush()
        os.fsync(file.fileno())
    return count


class Bound:
    """A memory control group of Linux, version 1 or 2, where one can be made."""

    def __init__(self, gigabytes: float) -> None:
        self._bytes, self._group, self.how = int(gigabytes * 2**30), None, "not bounded, no control group can be made"

    def __enter__(self) -> Bound:
        for root, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
            group = Path(root) / f"featherbone-{os.getpid()}"
            try:
                group.mkdir()
                (group / limit).write_text(str(self._bytes))
            except OSError:
                if group.exists():
                    group.rmdir()
                continue
            self._group, self.how = group, f"bounded by a control group ({limit})"
            break
        return self

    def __exit__(self, *_: object) -> None:
        if self._group is not None:
            self._group.rmdir()

    def run(self, path: str, state: str, ahead: str, step: str, arguments: argparse.Namespace) -> list[list[float]]:
        """Of each batch: seconds since the pass began, seconds that it was waited for, and MiB of memory."""
        command = [sys.executable, __file__, "--one", path, state, ahead, step, "--seconds", str(arguments.seconds)]
        group = self._group

        def enter() -> None:
            if group is not None:
                (group / "cgroup.procs").write_text(str(os.getpid()))

        try:
            ran = subprocess.run(
                command, stdout=subprocess.PIPE, check=True, preexec_fn=enter, timeout=LONGEST + arguments.seconds
            )
            said = ran.stdout
        except subprocess.TimeoutExpired as error:  # a batch of these may take minutes
            said = error.stdout or b""
        return [[float(word) for word in line.split()] for line in said.decode().splitlines()]


def measure(path: str, state: str, ahead: str, step: str, seconds: float) -> None:
    """In this process: one pass, or as much of it as fits the time. A line for each batch."""
    import torch

    from featherbone.data import Split
    from featherbone.data.augment import Augment
    from featherbone.data.batches import Batching, TensorFormat, batches

    torch.set_num_threads(1)
    torch.empty(2**20).fill_(0)
    before = _resident()
    images = np.load(path, mmap_mode="r")
    batch = dict(SHAPES.values())[images.shape[1]]
    split = Split(images=images, labels=np.zeros(len(images), dtype=np.int64), paths=())
    with open(path, "rb") as file:
        if state == "cold":
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        else:
            while file.read(MIB):
                pass
    made = batches(
        split,
        Batching(batch_size=batch, shuffle=True),
        TensorFormat(mean=(0.5,) * 3, std=(0.25,) * 3),
        generator=torch.Generator().manual_seed(0),
        augment=Augment(pad=4, flip=True),
    )
    with patch("featherbone.data.ahead.BATCHES", 2 if ahead == "1" else 0):
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds:  # looked at after each batch
            asked = time.perf_counter()
            if next(made, None) is None:
                break
            waited = time.perf_counter() - asked
            while time.perf_counter() - asked - waited < float(step):
                pass  # as a step does, it keeps the core busy
            print(time.perf_counter() - begun, waited, _resident() - before, flush=True)


def _resident() -> float:
    """MiB of this process in memory that are its own, without the pages of files, which the system may take back."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    main()
