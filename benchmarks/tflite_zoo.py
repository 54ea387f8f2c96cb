"""Does the TensorFlow Lite file compute what PyTorch and our integers compute? Every network of the zoo, in small form.

    python benchmarks/tflite_zoo.py > benchmarks/results/tflite_zoo.txt

The small forms and the weights are those of the tests (``tests/helpers``): every operator that the network has, few
channels, images of 32 × 32 where its settings allow. In float32 a difference is the largest of a logit, as a share of
the largest logit: of the file from PyTorch, and of PyTorch in float32 from itself in float64. In int8 ``off`` is how
many integers inside the network, in a million, are not what the reference makes of the maps before them, and ``worst``
by how many steps; ``near`` is the share of the logits that are within a step of the reference end to end, and ``class``
the share of images of one class.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from machine import describe

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "helpers"))

from lite_cases import answers, float_difference, steps_off
from quantizing import grids_of, noise
from settling import settled
from small_forms import small_form

from featherbone.graph import Graph
from featherbone.networks import NETWORKS
from featherbone.nn import module_with
from featherbone.quantize import nearest_network, prepared, reference
from featherbone.ship.tflite.write import in_float, network_bytes

LARGEST, ALIKE = 1e-5, 0.995
IMAGES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default=",".join(NETWORKS), help="names with commas; all by default")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(describe("ai-edge-litert", "torch"))
    columns = ("written in ms", "bytes", "bytes int8", "float32", "rounding", "off", "worst", "near", "class")
    print(f"{'network':24}" + "".join(f"{column:>14}" for column in columns))
    far, apart, alike = [], [], []
    for name in arguments.networks.split(","):
        found = row(small_form(name))
        print(f"{name:24}" + "".join(f"{cell:>14}" for cell in found.values()), flush=True)
        far += [name] if float(found["float32"]) > max(LARGEST, 2 * float(found["rounding"])) else []
        apart += [name] if int(found["worst"]) > 1 else []
        alike.append(float(found["class"]))
    print(f"\n{verdict(far)}: at most {LARGEST}, or twice PyTorch's own rounding where that is more")
    print(f"{verdict(apart)}: no map in integers is more than a step off")
    share = float(np.mean(alike))
    print(f"{'holds' if share >= ALIKE else 'MISSED'}: {share:.2%} of all images have the class of the reference")


def verdict(missed: list[str]) -> str:
    return f"MISSED by {', '.join(missed)}" if missed else "holds"


def row(graph: Graph) -> dict[str, str]:
    """The cells of a network."""
    weights = settled(graph)
    network = prepared(graph, weights)
    start = time.process_time()
    content = network_bytes(in_float(network))
    seconds = time.process_time() - start
    integers = nearest_network(network, grids_of(network, noise(graph, 8)))
    off = np.concatenate([each.ravel() for each in steps_off(integers, noise(graph, 1, seed=2).numpy()).values()])
    images = noise(graph, IMAGES, seed=3)
    expected, found = reference(integers, images.numpy()), answers(integers, images)
    step = integers.grids[graph.outputs[0]].step
    return {
        "written in ms": f"{1e3 * seconds:.0f}",
        "bytes": f"{len(content):,}",
        "bytes int8": f"{len(network_bytes(integers)):,}",
        "float32": f"{float_difference(graph, weights, noise(graph, 2, seed=1)):.1e}",
        "rounding": f"{rounding(graph, weights):.1e}",
        "off": f"{1e6 * float((off > 0).mean()):.1f}",
        "worst": f"{off.max()}",
        "near": f"{float((np.abs(found - expected) <= 1.01 * step).mean()):.3f}",
        "class": f"{float((found.argmax(1) == expected.argmax(1)).mean()):.3f}",
    }


def rounding(graph: Graph, weights: dict[str, torch.Tensor]) -> float:
    """How far PyTorch in float32 lies from itself in float64."""
    net, images = module_with(graph, weights).eval(), noise(graph, 2, seed=1)
    with torch.inference_mode():
        single, exact = net(images).double(), net.double()(images.double())
    return float((single - exact).abs().max() / exact.abs().max())


if __name__ == "__main__":
    main()
