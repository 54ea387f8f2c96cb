"""The limits of this machine: multiply-adds, by 1×1 convolutions; bandwidth, by copying more than caches hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from featherbone.measure.process import fresh_process
from featherbone.measure.roofline import Roofline

SHAPES = ((256, 28), (256, 56), (512, 28), (1024, 14))  # (channels in and out, side); the fastest counts
ELEMENTS = 32 * 2**20  # of an array: 128 MiB, beyond the caches of most machines
SECONDS = 0.5  # for each shape


@dataclass(frozen=True, kw_only=True)
class MachineLimits:
    """What a machine reached on ``threads`` threads; the roofline takes the best runtime.

    >>> speeds = {"torch": 3e9, "onnxruntime": 5e9}
    >>> MachineLimits(threads=1, macs_per_second=speeds, bytes_per_second=1e9).roofline.ridge
    5.0
    """

    threads: int
    macs_per_second: dict[str, float]
    bytes_per_second: float

    @property
    def roofline(self) -> Roofline:
        return Roofline(macs_per_second=max(self.macs_per_second.values()), bytes_per_second=self.bytes_per_second)


def measure_limits(threads: int = 1, *, progress: Callable[[str], None] | None = None) -> MachineLimits:
    """The limits of this machine on ``threads`` threads, each measured in a fresh process; takes some seconds.

        print(measure_limits().roofline.ridge)

    Raises:
        FeatherboneError: a measuring process ended.
    """
    found: dict[str, float] = {}
    for limit in MEASURES:
        if progress is not None:
            what = "bandwidth" if limit == "memory" else f"multiply-adds in {limit}"
            progress(f"measuring the limits of this machine on {threads} thread{'s' * (threads != 1)}: {what}")
        with fresh_process(threads) as process:
            found[limit] = float(process.ask(do="limit", limit=limit, threads=threads)["value"])
    bytes_per_second = found.pop("memory")
    return MachineLimits(threads=threads, macs_per_second=found, bytes_per_second=bytes_per_second)


def measure_limit(limit: str, threads: int) -> float:
    """One limit, in this process: a key of ``MEASURES``."""
    return MEASURES[limit](threads)


def _torch(threads: int) -> float:
    import torch

    torch.set_num_threads(threads)

    best = 0.0
    with torch.inference_mode():
        for channels, side in SHAPES:
            # channels last, so that oneDNN finds the map as it wants it and reorders nothing
            fed = torch.randn(1, channels, side, side).contiguous(memory_format=torch.channels_last)
            weights = torch.randn(channels, channels, 1, 1).contiguous(memory_format=torch.channels_last)
            best = max(best, channels**2 * side**2 / _fastest(partial(torch.nn.functional.conv2d, fed, weights)))
    return best


def _onnxruntime(threads: int) -> float:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    noise = np.random.default_rng(0)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    best = 0.0
    for channels, side in SHAPES:
        shape = [1, channels, side, side]
        weights = noise.standard_normal((channels, channels, 1, 1)).astype(np.float32)
        graph = helper.make_graph(
            [helper.make_node("Conv", ["x", "w"], ["y"])],
            "pointwise",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
            [numpy_helper.from_array(weights, "w")],
        )
        proto: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        feed = {"x": noise.standard_normal(shape).astype(np.float32)}
        best = max(best, channels**2 * side**2 / _fastest(partial(session.run, None, feed)))
    return best


def _memory(threads: int) -> float:
    """Bytes a second of the better of a copy (one read, one write) and a triad a = b + s·c (two reads, one write)."""
    import torch

    torch.set_num_threads(threads)
    first, second, third = (torch.full((ELEMENTS,), value) for value in (0.0, 1.0, 2.0))
    size = 4 * ELEMENTS
    copy = 2 * size / _fastest(lambda: first.copy_(second))
    triad = 3 * size / _fastest(lambda: torch.add(second, third, alpha=3.0, out=first))
    return max(copy, triad)


def _fastest(run: Callable[[], object]) -> float:
    """The least seconds of a run; a limit is what can be reached, so here the best counts."""
    run()
    best, end = float("inf"), time.perf_counter() + SECONDS
    while (start := time.perf_counter()) < end:
        run()
        best = min(best, time.perf_counter() - start)
    return best


MEASURES: dict[str, Callable[[int], float]] = {"torch": _torch, "onnxruntime": _onnxruntime, "memory": _memory}
