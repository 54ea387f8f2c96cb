"""How long one image takes: ONNX Runtime at batch 1, after a warm-up, with the machine that it was measured on."""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from featherbone.ship.session import open_session

SECONDS, FEWEST, LONGEST, MOST = 2.0, 100, 10.0, 20_000
STEADY = 0.05  # the warm-up ends when two medians in a row differ by less than this share


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Milliseconds for one image, and what they were measured on."""

    p50_ms: float
    p90_ms: float
    min_ms: float
    runs: int
    warmup_runs: int
    threads: int
    cpu: str
    runtime: str


def time_onnx(path: Path | str, threads: int = 1) -> Timing:
    """Latency of an ONNX file at batch 1 on ``threads`` threads of this machine's CPU.

        print(time_onnx("model.onnx").p50_ms)

    Runs are timed for 2 seconds and at least 100 times, but for at most 10 seconds; the input is noise, since the time
    of these networks does not depend on the values.

    Raises:
        FeatherboneError: no such file, not an ONNX model, or threads below 1.
    """
    session = open_session(path, threads=threads)
    wanted = session.get_inputs()[0]
    shape = [1, *(size if isinstance(size, int) else 1 for size in wanted.shape[1:])]
    feed = {wanted.name: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
    warmup_runs = _warm_up(session, feed)
    times: list[float] = []
    elapsed = 0.0
    while len(times) < MOST and (elapsed < SECONDS or (len(times) < FEWEST and elapsed < LONGEST)):
        times.append(_one(session, feed))
        elapsed += times[-1]
    ordered = sorted(times)
    return Timing(
        p50_ms=1e3 * statistics.median(ordered),
        p90_ms=1e3 * ordered[(9 * len(ordered)) // 10],
        min_ms=1e3 * ordered[0],
        runs=len(ordered),
        warmup_runs=warmup_runs,
        threads=threads,
        cpu=cpu_name(),
        runtime=f"onnxruntime {onnxruntime.__version__}",
    )


def cpu_name() -> str:
    """The processor's own name where the system tells it, with the number of cores."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        lines = information.read_text(errors="replace").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores"


def _one(session: Any, feed: dict[str, np.ndarray]) -> float:
    start = time.perf_counter()
    session.run(None, feed)
    return time.perf_counter() - start


def _warm_up(session: Any, feed: dict[str, np.ndarray]) -> int:
    """Run until two medians of ten runs in a row agree, for at most a second; the number of runs."""
    runs, before, start = 0, 0.0, time.perf_counter()
    while time.perf_counter() - start < 1.0:
        now = statistics.median(_one(session, feed) for _ in range(10))
        runs += 10
        if abs(now - before) < STEADY * now:
            break
        before = now
    return runs
