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
from featherbone.measure.runtimes.job import Job


def load(job: Job) -> Callable[[], object]:
    """A function that runs the network once on noise."""
    session = open_session(job.file, threads=job.threads)
    feed = feed_noise(session, job)
    return lambda: session.run(None, feed)


def profile(job: Job, runs: int, folder: Path) -> dict[str, float]:
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


def feed_noise(session: Any, job: Job) -> dict[str, np.ndarray]:
    """Noise for the only input of a session, with the job's batch.

    Raises:
        FeatherboneError: several inputs, inputs that are not float32, sides that are not fixed, or another batch.
    """
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(entry.name for entry in inputs)
        raise FeatherboneError(
            f"the network has {len(inputs)} inputs ({names}); timing makes up one",
            hint="export a network with one image input",
        )
    entry = inputs[0]
    batch, *sides = entry.shape or [None]
    if entry.type != "tensor(float)" or not all(isinstance(side, int) for side in sides):
        raise FeatherboneError(
            f"the network reads {entry.name}: {entry.type} of shape {entry.shape}; timing makes up float32 images of "
            "fixed sides",
            hint="export it with a fixed resolution; only the batch may be free",
        )
    if isinstance(batch, int) and batch != job.batch:
        raise FeatherboneError(
            f"the network was exported for a batch of {batch}, not {job.batch}", hint=f"time it with --batch {batch}"
        )
    return {entry.name: np.random.default_rng(0).standard_normal((job.batch, *sides)).astype(np.float32)}


def _plain(name: str) -> str:
    """A node's name without what ONNX Runtime adds to it for its blocked layout and its fusions."""
    for change in ("ReorderInput", "ReorderOutput"):
        if name.startswith(change):
            return change
    return name.removeprefix("fused ").removesuffix("_nchwc")
