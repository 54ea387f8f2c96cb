"""ONNX Runtime: its CPU provider with its default optimisations."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.measure.onnx_session import open_session
from featherbone.measure.runtimes.workload import Workload

TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}
"""What an input may be, and NumPy's name for it."""


def load(job: Workload) -> Callable[[], object]:
    """A function that runs the network once on noise."""
    session = open_session(job.file, threads=job.threads)
    feed = feed_noise(session, job)
    return lambda: session.run(None, feed)


def profile(job: Workload, runs: int, folder: Path) -> dict[str, float]:
    """Median seconds by operator of ``runs`` runs after as many to warm up, from ONNX Runtime's profile.

    What it fuses is named after the last node that it fused, which is how the graph's names come back.
    """
    session = open_session(job.file, threads=job.threads, profile=folder / "profile")
    feed = feed_noise(session, job)
    for _ in range(2 * runs):
        session.run(None, feed)
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    by_name: defaultdict[str, list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            by_name[event["name"].removesuffix("_kernel_time")].append(1e-6 * event["dur"])
    totals: defaultdict[str, float] = defaultdict(float)
    for name, seconds in by_name.items():
        timed = seconds[len(seconds) // 2 :]
        totals[_plain(name)] += statistics.median(timed)
    return dict(totals)


def feed_noise(session: Any, job: Workload) -> dict[str, np.ndarray]:
    """Noise for the inputs of a session, zeros where they are whole numbers, with the job's batch and sizes.

    Raises:
        FeatherboneError: inputs of another type, sides that are not known, or another batch.
    """
    return {entry.name: _noise(entry.name, entry.type, list(entry.shape or []), job) for entry in session.get_inputs()}


def _noise(name: str, kind: str, stated: list[Any], job: Workload) -> np.ndarray:
    if kind not in TYPES:
        raise FeatherboneError(
            f"the network reads {name}: {kind}; timing makes up {', '.join(TYPES)}", hint="export it with such inputs"
        )
    shape = list(job.sizes.get(name, stated))
    if shape and isinstance(stated[0], int):
        if stated[0] != job.batch and (job.batch > 1 or len(stated) > 1) and name not in job.sizes:
            raise FeatherboneError(
                f"the network was exported for a batch of {stated[0]}, not {job.batch}",
                hint=f"time it with --batch {stated[0]}",
            )
    elif shape and (job.batch > 1 or not isinstance(shape[0], int)):
        shape[0] = job.batch
    if not all(isinstance(side, int) for side in shape):
        sides = "x".join(str(side) if isinstance(side, int) else "224" for side in shape[1:])
        raise FeatherboneError(
            f"the network leaves sizes of {name} open: {kind} of shape {shape}; timing makes up inputs of fixed sides",
            hint=f"say them: --input {name}:{sides or 'scalar'}",
        )
    if np.dtype(TYPES[kind]).kind == "f":
        return np.random.default_rng(0).standard_normal(shape).astype(TYPES[kind])
    return np.zeros(shape, dtype=TYPES[kind])


def _plain(name: str) -> str:
    """A node's name without what ONNX Runtime adds to it for its blocked layout and its fusions."""
    for change in ("ReorderInput", "ReorderOutput"):
        if name.startswith(change):
            return change
    return name.removeprefix("fused ").removesuffix("_nchwc")
