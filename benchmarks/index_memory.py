"""Memory of a data set's index: how much the process grows while so many files are read, divided, decoded and indexed.

    python benchmarks/index_memory.py 100000 > benchmarks/results/index_memory.txt

The files are images of 2×2 pixels that are made when they are read, in 1,000 classes under paths like ImageNet's, so
that what is measured is the bookkeeping and not the pixels. Each count runs in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLASSES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="+", help="files")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(arguments.counts[0])
        return
    from machine import describe

    print(describe("featherbone", "numpy", "pillow"))
    print("peak resident memory, MiB: after imports, with the list of paths, at the end; seconds for all, and to load")
    for count in arguments.counts:
        subprocess.run([sys.executable, __file__, str(count), "--one"], check=True)


def measure(count: int) -> None:
    from featherbone.data.cache import load_index, save_index
    from featherbone.data.index import Request, build_index
    from featherbone.data.sources import Source

    imported = peak()
    paths = [
        f"train/n{folder:08}/n{folder:08}_{number:06}.JPEG"
        for folder in range(CLASSES)
        for number in range(count // CLASSES)
    ]
    paths += [f"val/n{folder:08}/n{folder:08}_{count:06}.JPEG" for folder in range(CLASSES)]
    listed = peak()

    @contextmanager
    def opening() -> Iterator[Source]:
        yield Source(where="benchmark", paths=tuple(paths), refused=(), read=pixels)

    request = Request(resolution=None, channels=None, seed=0, skip_bad=False)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        kept = Path(folder) / "a.survey"
        save_index(Path(folder), "key", build_index(opening(), request, kept=kept, progress=lambda *news: None))
        built = time.perf_counter()
        assert load_index(Path(folder), "key") is not None
        loaded = time.perf_counter()
    print(
        f"{len(paths):9,} files  {imported:4.0f}  {listed:4.0f}  {peak():4.0f} MiB  {built - began:6.0f} s"
        f"  {loaded - built:5.2f} s",
        flush=True,
    )


def pixels(name: str) -> bytes:
    return b"P6 2 2 255 " + (hash(name) & 0xFFFFFFFF).to_bytes(4, "little") * 3


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
