"""OpenVINO on the CPU: float32, tuned for latency, compiled for the batch that is timed."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.measure.runtimes.job import Job


def load(job: Job) -> Callable[[], object]:
    """A function that runs the network once on noise."""
    request, feed = _request(job, profiled=False)
    return lambda: request.infer(feed)


def profile(job: Job, runs: int, folder: Path) -> dict[str, float]:
    """Median seconds by operator of ``runs`` runs after as many to warm up, from OpenVINO's performance counts."""
    request, feed = _request(job, profiled=True)
    for _ in range(runs):
        request.infer(feed)
    by_name: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        request.infer(feed)
        for entry in request.profiling_info:
            if entry.status.name == "EXECUTED":
                # a change of layout is the runtime's own; its name would hide that in a node's
                name = f"Reorder {entry.node_name}" if entry.node_type == "Reorder" else entry.node_name
                by_name[name].append(entry.real_time.total_seconds())
    totals: defaultdict[str, float] = defaultdict(float)
    for name, seconds in by_name.items():
        totals["Reorder" if name.startswith("Reorder ") else name] += statistics.median(seconds)
    return dict(totals)


def _request(job: Job, *, profiled: bool) -> tuple[Any, dict[int, np.ndarray]]:
    import openvino  # here, as it is optional and this file must be readable without it

    core = openvino.Core()
    try:
        model = core.read_model(job.file)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise FeatherboneError(f"{job.file} is not a model that OpenVINO can read: {reason}") from error
    if len(model.inputs) != 1:
        raise FeatherboneError(
            f"the network has {len(model.inputs)} inputs; timing makes up one",
            hint="export a network with one image input",
        )
    sides = list(model.inputs[0].partial_shape)[1:]
    if any(side.is_dynamic for side in sides):
        raise FeatherboneError(
            f"the network's input has free sides, {model.inputs[0].partial_shape}",
            hint="export it with a fixed resolution; only the batch may be free",
        )
    shape = [job.batch, *(side.get_length() for side in sides)]
    model.reshape({model.inputs[0]: shape})
    settings = {
        # Without this hint OpenVINO computes in bfloat16 or float16 where the processor can: another network.
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": job.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "PERF_COUNT": profiled,
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return request, {0: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
