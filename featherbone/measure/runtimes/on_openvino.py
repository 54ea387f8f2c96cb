"""OpenVINO on the CPU: float32, or bfloat16 where asked, tuned for latency, compiled for the batch that is timed."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.measure.runtimes.workload import Workload

HINTS = {"float32": "f32", "bfloat16": "bf16"}


def load(job: Workload) -> Callable[[], object]:
    """A function that runs the network once on noise."""
    request, feed = _request(job, profiled=False)
    return lambda: request.infer(feed)


def profile(job: Workload, runs: int, folder: Path) -> dict[str, float]:
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


def _request(job: Workload, *, profiled: bool) -> tuple[Any, dict[int, np.ndarray]]:
    import openvino  # here, as it is optional and this file must be readable without it

    core = openvino.Core()
    try:
        model = core.read_model(job.file)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise FeatherboneError(f"{job.file} is not a model that OpenVINO can read: {reason}") from error
    shapes = {place: _shape(entry, job) for place, entry in enumerate(model.inputs)}
    model.reshape({model.inputs[place]: shape for place, shape in shapes.items()})
    settings = {
        # Without this hint OpenVINO computes in bfloat16 or float16 where the processor can: another network.
        "INFERENCE_PRECISION_HINT": HINTS[job.precision],
        "INFERENCE_NUM_THREADS": job.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "PERF_COUNT": profiled,
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return request, {place: _noise(model.inputs[place], shape) for place, shape in shapes.items()}


def _shape(entry: Any, job: Workload) -> list[int]:
    """The whole shape of an input: what is given for it, else the file's own for the job's batch."""
    given, sides = job.sizes.get(entry.any_name), list(entry.partial_shape)
    shape: list[Any] = list(given) if given else [None if side.is_dynamic else side.get_length() for side in sides]
    if shape and (job.batch > 1 or shape[0] is None):
        shape[0] = job.batch
    if None in shape:
        raise FeatherboneError(
            f"the network leaves sizes of {entry.any_name} open, {entry.partial_shape}",
            hint=f"say them: --input {entry.any_name}:{'x'.join(str(side or 224) for side in shape[1:])}",
        )
    return shape


def _noise(entry: Any, shape: list[int]) -> np.ndarray:
    """Noise for floats, zeros for whole numbers."""
    kind = np.dtype(entry.get_element_type().to_dtype())
    if kind.kind == "f":
        return np.random.default_rng(0).standard_normal(shape).astype(kind)
    return np.zeros(shape, dtype=kind)
