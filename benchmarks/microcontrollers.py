"""Networks as firmware of Cortex-M, built and run in an emulator: what they take, and that they write the same.

    python benchmarks/microcontrollers.py

Weights are random and maps are calibrated on noise: memory and instructions do not depend on them. Needs Debian's
qemu-system-arm, gcc-arm-none-eabi and libnewlib-arm-none-eabi.
"""

from __future__ import annotations

import subprocess

import numpy as np
import torch
from machine import describe

from featherbone.cost import count
from featherbone.graph import Graph
from featherbone.networks import network
from featherbone.quantize import QuantizedNetwork, integer_maps, nearest_network, prepared
from featherbone.quantize.observe import observe
from featherbone.quantize.ranges import grids_by
from featherbone.quantize.rescale import to_integers
from featherbone.quantize.sharing import shared_grids
from featherbone.ship.c import PROCESSORS, check_firmware, integer_sources

NETWORKS = ("mlperf_tiny_resnet8", "mcunet_in0")
CORES = ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m55")
IMAGES = 2


def main() -> None:
    torch.set_num_threads(1)
    print(describe("numpy"), *(first_line(tool) for tool in ("qemu-system-arm", "arm-none-eabi-gcc")), "", sep="\n")
    for name in NETWORKS:
        quantized, images = quantized_network(name)
        (answer,) = quantized.graph.outputs
        wanted = np.moveaxis(integer_maps(quantized, images, [answer])[answer], 1, -1).reshape(IMAGES, -1)
        given = to_integers(images, quantized.grids[quantized.graph.nodes[0].name])
        macs = count(network(name)).macs
        weights = sum(layer.levels.numel() for layer in quantized.layers.values())
        print(f"{name}: {macs:,} multiply-adds, {weights:,} weights of a byte")
        for core in CORES:
            sources = integer_sources(quantized, None, PROCESSORS[core])
            found = check_firmware(sources, quantized.graph, core, given)
            same = "the integers of the reference" if np.array_equal(found.answers, wanted) else "OTHER INTEGERS"
            print(
                f"  {core:11} flash {found.flash:8,} (weights + {found.flash - weights:,})  RAM {found.ram:7,} "
                f"(arena {sources.arena.bytes:,})  stack {found.stack:4}  instructions {found.instructions:12,} "
                f"({found.instructions / macs:.2f} a multiply-add)  {same}",
                flush=True,
            )


def quantized_network(name: str) -> tuple[QuantizedNetwork, np.ndarray]:
    graph = network(name)
    trained = prepared(graph, random_weights(graph))
    images = torch.randn(IMAGES, *graph.input_shape, generator=torch.Generator().manual_seed(1))
    shared = shared_grids(trained.graph)
    grids = grids_by("min-max", trained.graph, shared, observe(trained, shared, images))
    return nearest_network(trained, grids), images.numpy()


def random_weights(graph: Graph) -> dict[str, torch.Tensor]:
    """Weights that keep maps of one size, and norms that do nothing."""
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for key, shape in {**graph.parameters(), **graph.buffers()}.items():
        drawn = torch.randn(shape, generator=generator)
        if key.endswith("running_var") or (key.endswith("weight") and len(shape) == 1):
            weights[key] = torch.ones(shape)
        else:
            weights[key] = drawn * (1.5 / drawn[0].numel()) ** 0.5 if len(shape) > 1 else 0.1 * drawn
    return weights


def first_line(tool: str) -> str:
    return subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


if __name__ == "__main__":
    main()
