"""Does the ONNX file compute what PyTorch computes, and how long does writing it take? Every network of the zoo.

    python benchmarks/onnx_writer.py > benchmarks/results/onnx_writer.txt

Each at its own size, with biases, scales, shifts and statistics of norms that are not 0 and 1, on two images of noise.
A difference is the largest of a logit, as a share of the largest logit: of ONNX Runtime from PyTorch, and of PyTorch in
float32 from itself in float64, which is what rounding alone does in so deep a network. With onnxscript installed,
``--torch NAMES`` also times ``torch.onnx.export(dynamo=True)`` of these.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from machine import describe

from featherbone.graph import Graph
from featherbone.networks import NETWORKS, network
from featherbone.nn import module, module_with, to_onnx, weights_of

LARGEST = 1e-5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default=",".join(NETWORKS), help="names with commas; all by default")
    parser.add_argument("--torch", default="", help="names of those that torch.onnx.export writes as well")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("onnx", "onnxruntime", "torch", *(["onnxscript"] if arguments.torch else [])))
    columns = ("parameters", "written in ms", *(["torch.onnx ms", "times"] if arguments.torch else []), "ONNX Runtime")
    print(f"{'network':24}" + "".join(f"{column:>15}" for column in (*columns, "rounding")))
    missed = []
    for name in arguments.networks.split(","):
        graph = network(name)
        weights = settled(graph)
        proto, seconds = timed(lambda graph=graph, weights=weights: to_onnx(graph, weights))  # type: ignore[misc]
        onnx.checker.check_model(proto, full_check=True)
        cells = [f"{sum(value.numel() for value in weights.values()):,}", f"{1e3 * seconds:.1f}"]
        if name in arguments.torch.split(","):
            theirs = by_torch(graph, weights)
            cells += [f"{1e3 * theirs:.0f}", f"{theirs / seconds:.0f}"]
        elif arguments.torch:
            cells += ["", ""]
        found, own = differences(graph, weights, proto)
        print(f"{name:24}" + "".join(f"{cell:>15}" for cell in (*cells, f"{found:.1e}", f"{own:.1e}")), flush=True)
        missed += [name] if found > max(LARGEST, 2 * own) else []
    verdict = f"MISSED by {', '.join(missed)}" if missed else "holds"
    print(f"\n{verdict}: at most {LARGEST}, or twice PyTorch's own rounding where that is more")


def timed(write: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, and the CPU seconds of the quickest of three: other programs may use the machine."""
    found = []
    for _ in range(3):
        start = time.process_time()
        result = write()
        found.append(time.process_time() - start)
    return result, min(found)


def by_torch(graph: Graph, weights: Mapping[str, torch.Tensor]) -> float:
    """CPU seconds of PyTorch's own export."""
    net, example = module_with(graph, weights).eval(), torch.zeros(2, *graph.input_shape)
    batch = ({0: torch.export.Dim("batch")},)
    start = time.process_time()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (example,), dynamo=True, opset_version=20, dynamic_shapes=batch, verbose=False)
    return time.process_time() - start


def differences(graph: Graph, weights: Mapping[str, torch.Tensor], proto: Any) -> tuple[float, float]:
    """ONNX Runtime from PyTorch, and PyTorch in float32 from itself in float64."""
    images = torch.randn(2, *graph.input_shape, generator=torch.Generator().manual_seed(1))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    net = module_with(graph, weights).eval()
    with torch.inference_mode():
        single = net(images).numpy()
        exact = net.double()(images.double()).numpy()
    size = np.abs(exact).max()
    return float(np.abs(found - single).max() / size), float(np.abs(single - exact).max() / size)


def settled(graph: Graph) -> dict[str, torch.Tensor]:
    """Initial weights, with what a training leaves: biases, scales, shifts, and statistics near those of the maps."""
    net, draw = module(graph, seed=0), torch.Generator().manual_seed(0)
    norms = [part for part in net.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.endswith("bias"):
                value.normal_(0, 0.2, generator=draw)
        for norm in norms:
            norm.momentum = 1.0
            norm.weight.uniform_(0.5, 1.5, generator=draw)
        net(torch.randn(2, *graph.input_shape, generator=draw))
        for norm in norms:
            spread = 0.8 + 0.4 * torch.rand(norm.running_var.shape, generator=draw)
            norm.running_var.copy_(spread * (norm.running_var.mean() + 1e-3))
    return weights_of(net)


if __name__ == "__main__":
    main()
