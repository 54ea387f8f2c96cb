"""The table of a bench: a row for each network, target, precision and number of threads, and what it advises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

FLOAT32 = "float32"
EAGER = "torch, eager"
A_POINT = 0.01  # of top-1 that the advised file may lose


@dataclass(frozen=True, kw_only=True)
class BenchRow:
    """What was measured of one file on so many threads; ``reason`` says why there is nothing, or is empty.

    >>> BenchRow(model="model.safetensors", target="onnx", precision="int8", threads=1, reason="no images").title
    'onnx int8'

    Fields:
        largest_difference, allowed, top1_agreement: beside the network that the file was written from.
        top1: on the images that were given, with its 95 % interval.
        size: bytes of its files.
        p50_ms, p90_ms: of one image; ``low_ms`` and ``high_ms`` are the 95 % interval of the first.
        memory: bytes by which loading and running it raised the peak of a process that had Python and PyTorch already.
        noise: why the times should not be trusted.
        notes: what else there is to know.
    """

    model: str
    target: str
    precision: str
    threads: int
    reason: str = ""
    largest_difference: float | None = None
    allowed: float | None = None
    top1_agreement: float | None = None
    top1: float | None = None
    top1_interval: tuple[float, float] | None = None
    size: int | None = None
    p50_ms: float | None = None
    p90_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None
    memory: int | None = None
    noise: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Target and precision."""
        return f"{self.target} {self.precision}"


def with_slower_said(rows: Sequence[BenchRow]) -> tuple[BenchRow, ...]:
    """The rows, where those that are slower than the same target in float32 say so, as far as the intervals tell.

    >>> whole = BenchRow(model="m", target="onnx", precision="float32", threads=1, p50_ms=1.0, low_ms=0.9, high_ms=1.1)
    >>> with_slower_said([whole, replace(whole, precision="int8", p50_ms=2.0, low_ms=1.9, high_ms=2.1)])[1].notes
    ('2.00 times as slow as float32',)
    """
    whole = {(row.model, row.target, row.threads): row for row in rows if row.precision == FLOAT32}
    found = []
    for row in rows:
        base = whole.get((row.model, row.target, row.threads))
        if base is not None and base is not row and _is_slower(row, base):
            times = (row.p50_ms or 0.0) / (base.p50_ms or 1.0)
            row = replace(row, notes=(*row.notes, f"{times:.2f} times as slow as float32"))
        found.append(row)
    return tuple(found)


def _is_slower(row: BenchRow, base: BenchRow) -> bool:
    return row.low_ms is not None and base.high_ms is not None and row.low_ms > base.high_ms


def advice(rows: Sequence[BenchRow]) -> tuple[str, ...]:
    """Which file should be shipped, in a sentence for the fastest and one for the smallest.

    >>> row = BenchRow(model="m", target="onnx", precision="int8", threads=1, top1=0.9, p50_ms=1.0, size=1000)
    >>> advice([row, replace(row, target="c", top1=0.8, p50_ms=0.5)])[0]
    'fastest: onnx int8 on 1 thread, 1 ms, within a point of the best accuracy'

    Where accuracy was measured, only files within a point of the best are advised.
    """
    useful = [row for row in rows if row.target != EAGER and row.p50_ms is not None]
    best = max((row.top1 for row in useful if row.top1 is not None), default=None)
    said = "" if best is None else ", within a point of the best accuracy"
    kept = [row for row in useful if best is None or (row.top1 is not None and row.top1 >= best - A_POINT)]
    if not kept:
        return ()
    several = len({row.model for row in rows}) > 1
    fastest = min(kept, key=lambda row: row.p50_ms or 0)
    smallest = min(kept, key=lambda row: row.size or 0)
    threads = f"{fastest.threads} thread{'s' * (fastest.threads != 1)}"
    noisy = " (its times are noisy)" if fastest.noise else ""
    return (
        f"fastest: {_named(fastest, several)} on {threads}, {fastest.p50_ms:.3g} ms{said}{noisy}",
        f"smallest: {_named(smallest, several)}, {smallest.size:,} bytes{said}",
    )


def _named(row: BenchRow, several: bool) -> str:
    return f"{row.title} of {row.model}" if several else row.title
