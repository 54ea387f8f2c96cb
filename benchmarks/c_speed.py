"""One image through networks in C beside ONNX Runtime and OpenVINO: one thread, batch 1, on this machine.

    python benchmarks/c_speed.py [--rounds 30]

Weights are random and maps are calibrated on noise: only time is compared, and that C writes the integers of the
reference. Rounds are interleaved: each runs every form of a network for a few milliseconds, and medians over the rounds
are printed. OpenVINO's hint is stated: where the processor has matrix instructions (AMX), its default computes float32
in bfloat16. Needs openvino.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
import torch
from machine import describe

from featherbone.compiled import compiled_c
from featherbone.cost import count
from featherbone.graph import Graph, image
from featherbone.networks import network
from featherbone.nn import to_onnx
from featherbone.quantize import QuantizedNetwork, nearest_network, prepared, reference, to_qdq
from featherbone.quantize.observe import observe
from featherbone.quantize.ranges import grids_by
from featherbone.quantize.sharing import shared_grids
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.ship.c import float_sources, integer_sources

ZOO = (
    "mlperf_tiny_resnet8",
    "mcunet_in0",
    "mobilenet_v1:width=0.25,resolution=96",
    "lcnet:width=0.5,resolution=96",
    "mobilenet_v2:width=0.35,resolution=96",
    "cifar_resnet20",
)
FORMS = ("ORT f32", "OV f32", "OV bf16", "ORT int8", "OV int8", "C f32", "C int8")
SECONDS = 0.005  # of a form in a round
Run = Callable[[], object]


def basic_blocks() -> Graph:
    """Three stages of basic blocks on 16 × 16 pixels."""
    x = image(3, 16).conv(8, 3).norm().act("relu")
    for channels, stride in ((8, 1), (16, 2), (32, 2)):
        y = x.conv(channels, 3, stride=stride).norm().act("relu").conv(channels, 3).norm()
        x = ((x if stride == 1 else x.pointwise(channels, stride=stride).norm()) + y).act("relu")
    return x.global_pool().flatten().linear(10).graph("basic_blocks_16")


def inverted_bottlenecks(width: int, side: int) -> Graph:
    """A stem of stride 2 and eight inverted bottlenecks."""
    x = image(3, side).conv(width, 3, stride=2).norm().act("relu")
    for channels, stride in ((1, 1), (2, 2), (2, 1), (3, 2), (3, 1), (4, 1), (6, 2), (6, 1)):
        y = x.pointwise(3 * x.channels).norm().act("relu").depthwise(3, stride=stride).norm().act("relu")
        y = y.pointwise(width * channels).norm()
        x = x + y if stride == 1 and x.channels == width * channels else y
    return x.global_pool().flatten().linear(10).graph(f"inverted_bottlenecks_{width}_{side}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", nargs="*", help="these networks, by the beginning of their names")
    arguments = parser.parse_args()
    rounds, only = arguments.rounds, tuple(arguments.only or ("",))
    torch.set_num_threads(1)
    print(describe("onnxruntime", "numpy"), f"openvino  {openvino.__version__}\n", sep="")
    print(
        f"{'ms, median of ' + str(rounds) + ' rounds':44}{'MACs':>8}",
        *(f"{form:>9}" for form in FORMS),
        "  best f32 / C",
    )
    graphs = [network(name) for name in ZOO]
    graphs += [inverted_bottlenecks(16, 32), inverted_bottlenecks(8, 32), basic_blocks()]
    for graph, name in zip(graphs, (*ZOO, *(graph.name for graph in graphs[len(ZOO) :])), strict=True):
        if not name.startswith(only):
            continue
        times = measured(forms_of(graph), rounds)
        row = "".join(f"{1000 * times[form]:10.3f}" for form in FORMS)
        best = min(times["ORT f32"], times["OV f32"])
        ratios = [best / times["C int8"], times["ORT int8"] / times["C int8"], times["OV int8"] / times["C int8"]]
        said = f"C int8 beside best f32 {ratios[0]:.2f}x, ORT int8 {ratios[1]:.2f}x, OV int8 {ratios[2]:.2f}x"
        print(f"{name:44}{count(graph).macs / 1e6:7.1f}M{row}   {said}", flush=True)


def measured(forms: dict[str, Run], rounds: int) -> dict[str, float]:
    """Seconds of a call of each form: the median over rounds of the mean of some calls."""
    calls = {}
    for form, run in forms.items():
        for _ in range(5):
            run()
        start = time.perf_counter()
        run()
        calls[form] = max(1, round(SECONDS / (time.perf_counter() - start)))
    found: dict[str, list[float]] = {form: [] for form in forms}
    for _ in range(rounds):
        for form, run in forms.items():
            start = time.perf_counter()
            for _ in range(calls[form]):
                run()
            found[form].append((time.perf_counter() - start) / calls[form])
    return {form: statistics.median(seconds) for form, seconds in found.items()}


def forms_of(graph: Graph) -> dict[str, Run]:
    """What runs each form once."""
    trained = prepared(graph, random_weights(graph))
    images = torch.randn(2, *graph.input_shape, generator=torch.Generator().manual_seed(1))
    shared = shared_grids(trained.graph)
    grids = grids_by("min-max", trained.graph, shared, observe(trained, shared, images))
    network = nearest_network(trained, grids)
    floats, integers = to_onnx(trained.graph, trained.weights), to_qdq(network)
    given = images[:1].numpy()
    return {
        "ORT f32": on_onnx_runtime(floats, given),
        "OV f32": on_openvino(floats, given, "f32"),
        "OV bf16": on_openvino(floats, given, "bf16"),
        "ORT int8": on_onnx_runtime(integers, given),
        "OV int8": on_openvino(integers, given, "f32"),
        "C f32": float_c(trained, given),
        "C int8": integer_c(network, given),
    }


def random_weights(graph: Graph) -> dict[str, torch.Tensor]:
    """Weights that keep maps of one size, and norms that do nothing."""
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for key, shape in {**graph.parameters(), **graph.buffers()}.items():
        drawn = torch.randn(shape, generator=generator)
        if key.endswith("running_var") or (key.endswith("weight") and len(shape) == 1):
            weights[key] = torch.ones(shape)
        elif len(shape) > 1:
            weights[key] = drawn * (1.5 / drawn[0].numel()) ** 0.5
        else:
            weights[key] = 0.1 * drawn
    return weights


def on_onnx_runtime(model: onnx.ModelProto, given: np.ndarray) -> Run:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: given})


def on_openvino(model: onnx.ModelProto, given: np.ndarray, hint: str) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        read = openvino.Core().read_model(path)
        read.reshape(list(given.shape))
        settings = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
        request = openvino.compile_model(read, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(given))
    return request.infer


def float_c(trained: TrainedGraph, given: np.ndarray) -> Run:
    sources = float_sources(trained)
    return _called(sources.name, "numbers", sources.source, sources.header, given)


def integer_c(network: QuantizedNetwork, given: np.ndarray) -> Run:
    sources = integer_sources(network)
    run = _called(sources.name, "numbers", sources.source, sources.header, given)
    wanted = reference(network, given)
    found = run()
    assert np.array_equal(found, wanted.ravel()), "C writes what the reference writes"  # type: ignore[arg-type]
    return run


def _called(name: str, door: str, source: str, header: str, given: np.ndarray) -> Run:
    library = compiled_c({f"{name}.c": source, f"{name}.h": header})
    run = library[f"{name}_{door}"]
    stored, answer = np.ascontiguousarray(np.moveaxis(given[0], 0, -1)), np.zeros(4096, np.float32)
    size = int(header.rpartition("_ANSWERS ")[2].split()[0])

    def call() -> np.ndarray:
        run(ctypes.c_void_p(stored.ctypes.data), ctypes.c_void_p(answer.ctypes.data))
        return answer[:size]

    return call


if __name__ == "__main__":
    main()
