"""Times of kernels and of whole networks, taken in a measuring process (``featherbone.measure.worker``).

A kernel takes a few microseconds, far less than a call from Python. So many copies of it make one run, and the time of
a run without any is taken off. What is measured together is measured in turns, and of a kernel's turns the least median
counts: whatever else the machine did in the others is no part of the kernel.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from featherbone.latency.copies import BLOCKS, Copies
from featherbone.latency.kernel import DEPTHWISE, Kernel
from featherbone.measure.onnx_session import ONLY_FATAL
from featherbone.onnx_dialect import FORMAT, OPSET
from featherbone.scratch import scratch

TURNS = 5
KERNEL_SECONDS = 0.004  # of a turn
NETWORK_SECONDS = 0.03
RUN_SECONDS = 0.0004  # that a run of copies should take
MOST_COPIES, FEWEST_COPIES = 64, 4
MOST_BYTES = 8 * 2**20  # of all copies' weights: more would leave the caches that a network's weights stay in


def time_kernels(texts: Sequence[str], *, threads: int, block: int) -> list[float]:
    """Seconds of each kernel."""
    runs, copies = [_empty(threads)], [1]
    for text in texts:
        kernel = Kernel.parse(text)
        room = max(1, min(MOST_COPIES, MOST_BYTES // max(1, _bytes(kernel))))
        few = min(FEWEST_COPIES, room)
        run = _copies(kernel, few, threads=threads, block=block)
        run()
        once = min(run() for _ in range(3)) / few
        number = int(np.clip(RUN_SECONDS / once, few, room))
        runs.append(run if number <= 2 * few else _copies(kernel, number, threads=threads, block=block))
        copies.append(few if number <= 2 * few else number)
    empty, *times = _in_turns(runs, KERNEL_SECONDS)
    return [max(seconds - empty, 0.0) / number for seconds, number in zip(times, copies[1:], strict=True)]


def time_networks(files: Sequence[str], *, threads: int) -> list[float]:
    """Seconds of each network, for one image."""
    runs = []
    for file in files:
        session = _session(Path(file).read_bytes(), threads)
        (entry,) = session.get_inputs()
        shape = [1, *entry.shape[1:]]
        feed = {entry.name: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
        runs.append(_timed(session, feed))
    for run in runs:
        for _ in range(10):
            run()
    return _in_turns(runs, NETWORK_SECONDS)


def block_size() -> int:
    """The channels in a block of ONNX Runtime's layout on this processor; 0 where it uses none."""
    weight = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "weight")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "weight"], ["y"], pads=[1, 1, 1, 1])],
        "probe",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 8, 8])],
        [weight],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT)
    with scratch() as folder:
        written = folder / "optimised.onnx"
        options = _options(1)
        options.optimized_model_filepath = str(written)
        onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        optimised = onnx.load(written)
    weights = {entry.name: entry.dims[0] for entry in optimised.graph.initializer}
    for node in optimised.graph.node:
        if node.domain == BLOCKS and node.op_type == "Conv":
            return int(weights[node.input[1]])
    return 0


def _in_turns(runs: Sequence[Callable[[], float]], seconds: float) -> list[float]:
    """For each the least of its turns' medians."""
    medians: list[list[float]] = [[] for _ in runs]
    for _ in range(TURNS):
        for run, found in zip(runs, medians, strict=True):
            run()
            times: list[float] = []
            end = time.perf_counter() + seconds
            while len(times) < 3 or time.perf_counter() < end:
                times.append(run())
            found.append(statistics.median(times))
    return [min(found) for found in medians]


def _copies(kernel: Kernel, number: int, *, threads: int, block: int) -> Callable[[], float]:
    file = Copies(kernel, copies=number, block=block)
    return _timed(_session(file.model(), threads, optimise=False), file.feed())


def _empty(threads: int) -> Callable[[], float]:
    return _copies(Kernel.parse("add plain k1x1 s1x1 g1 in1x1x1 out1x1x1"), 0, threads=threads, block=0)


def _timed(session: Any, feed: dict[str, np.ndarray]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        session.run(None, feed)
        return time.perf_counter() - start

    return run


def _session(model: bytes, threads: int, *, optimise: bool = True) -> Any:
    options = _options(threads)
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _options(threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ONLY_FATAL
    return options


def _bytes(kernel: Kernel) -> int:
    """Of the weights, about."""
    family = kernel.family
    if family.op not in ("conv", "linear"):
        return 0
    fan = 1 if family.groups == DEPTHWISE else kernel.channels_in // family.groups
    return 4 * kernel.channels_out * fan * family.kernel[0] * family.kernel[1]
