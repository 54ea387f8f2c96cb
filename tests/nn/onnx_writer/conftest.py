"""Shared by the tests of the ONNX writer: weights that leave nothing trivial, and both runtimes side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from settling import settled

from featherbone.graph import Graph
from featherbone.nn import module_with
from featherbone.nn.onnx_writer import to_onnx

Weights = Mapping[str, torch.Tensor]
Difference = Callable[[Graph], float]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


def run(graph: Graph, weights: Weights, inputs: list[torch.Tensor]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What PyTorch writes and what ONNX Runtime does, of a file that ONNX's own checker takes."""
    proto = to_onnx(graph, weights)
    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed = {entry.name: value.numpy() for entry, value in zip(session.get_inputs(), inputs, strict=True)}
    with torch.inference_mode():
        expected = module_with(graph, weights).eval()(*inputs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = session.run(None, feed)
    stated = [[side.dim_value for side in value.type.tensor_type.shape.dim[1:]] for value in proto.graph.output]
    assert stated == [list(values.shape[1:]) for values in found], "the file says what it writes"
    return [values.numpy() for values in expected], found


@pytest.fixture(scope="session")
def difference() -> Difference:
    """The largest difference of PyTorch and ONNX Runtime on a batch of three, as a share of what PyTorch writes."""

    def measured(graph: Graph) -> float:
        draw = torch.Generator().manual_seed(1)
        inputs = [torch.randn(3, *node.shape, generator=draw) for node in graph.inputs]
        expected, found = run(graph, settled(graph), inputs)
        worst = 0.0
        for ours, theirs in zip(expected, found, strict=True):
            assert ours.shape == theirs.shape
            size = float(np.abs(ours).max())
            assert math.isfinite(size)
            assert size > 0
            worst = max(worst, float(np.abs(ours - theirs).max()) / size)
        return worst

    return measured


@pytest.fixture(scope="session")
def rounding() -> Difference:
    """How far PyTorch in float32 lies from itself in float64, in the same measure: no runtime can be held to less."""

    def measured(graph: Graph) -> float:
        net = module_with(graph, settled(graph)).eval()
        image = torch.randn(3, *graph.input_shape, generator=torch.Generator().manual_seed(1))
        with torch.inference_mode():
            single, exact = net(image).double(), net.double()(image.double())
        return float((single - exact).abs().max() / exact.abs().max())

    return measured
