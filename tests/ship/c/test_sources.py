"""C writes the integers of the reference, to the bit, for every operator and network, however it is laid out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from c_code import (
    STRICT,
    built,
    c_answers,
    every_operator,
    has_compiler,
    integers_in_and_out,
    other_sides,
    together,
    written,
)
from narrowing import lively_weights, smallest
from quantizing import noise, quantized

from featherbone.graph import Graph, image
from featherbone.networks.registry import NETWORKS
from featherbone.nn import module_with
from featherbone.quantize import prepared
from featherbone.ship.c import PROCESSORS, float_sources, integer_sources

pytestmark = pytest.mark.skipif(not has_compiler, reason="there is no gcc here")
X = image(6, 9)
BY_VECTORS = ("conv", "depthwise", "residual", "linear", "wide", "dilated")
ON_THIS_MACHINE = ("desktop", "plain")


def check_integers(graph: Graph, processor: str, folder: Path, *flags: str) -> None:
    network = quantized(graph, images=4)
    given, wanted = integers_in_and_out(network, noise(graph, 2, seed=1))
    found = c_answers(integer_sources(network, None, PROCESSORS[processor]), given, wanted.shape[1:], folder, *flags)
    assert np.array_equal(found, wanted)
    assert len(np.unique(wanted)) > 5, "what is compared says something"


def has_avx2() -> bool:
    processor = Path("/proc/cpuinfo")
    return processor.exists() and " avx2 " in processor.read_text()


def check_numbers(graph: Graph, folder: Path, *flags: str, scale: float = 1.0) -> None:
    network = prepared(graph, lively_weights(graph, 1))
    images = scale * noise(graph, 2)
    with torch.inference_mode():
        wanted = module_with(network.graph, network.weights).eval()(images).numpy()
    found = c_answers(float_sources(network), images.numpy(), wanted.shape[1:], folder, *flags)
    assert np.abs(found - wanted).max() < 2e-6 * np.abs(wanted).max()


@pytest.mark.parametrize("processor", ON_THIS_MACHINE)
def test_every_operator_in_integers(processor, tmp_path):
    check_integers(together(every_operator(X)), processor, tmp_path)


@pytest.mark.parametrize("instructions", ["-mavx2", "-march=native"])
def test_convolutions_by_vectors(instructions, tmp_path):
    """With those of AVX2, and with all that this machine has."""
    if instructions == "-mavx2" and not has_avx2():
        pytest.skip("this processor has no AVX2")
    graph = together({name: wire for name, wire in every_operator(X).items() if name in BY_VECTORS})
    check_integers(graph, "desktop", tmp_path / "integers", "-O1", instructions)
    check_numbers(graph, tmp_path / "numbers", "-O1", instructions)


@pytest.mark.parametrize("instructions", ["-O0", "-march=native"])
def test_vectors_of_numbers_are_clipped_at_both_ends(instructions, tmp_path):
    wide = X.pointwise(35, bias=True)
    wires = {
        "clipped": wide.act("relu6"),
        "low end": X.pointwise(33).act("relu"),
        "joined": (wide.act("relu6") + X.pointwise(35).act("relu6")).act("relu6"),
        "of each channel": wide.depthwise(3).act("relu6"),
    }
    check_numbers(together(wires), tmp_path, "-O1", instructions, scale=8.0)


@pytest.mark.parametrize("graph", other_sides(), ids=lambda graph: graph.name)
def test_maps_of_one_and_three_sides(graph, tmp_path):
    check_integers(graph, "desktop", tmp_path / "integers")
    check_numbers(graph, tmp_path / "numbers")


def test_every_operator_in_float32(tmp_path):
    check_numbers(together({**every_operator(X), "lrn": X.local_response_norm()}), tmp_path)


def test_a_network_of_a_paper(tmp_path):
    check_integers(smallest("mlperf_tiny_resnet8"), "plain", tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_zoo(name, tmp_path):
    graph = smallest(name)
    if any(node.operator.kind == "local_response_norm" for node in graph.nodes):
        pytest.skip("nothing says in integers what a local response norm is")
    for processor in ON_THIS_MACHINE:
        check_integers(graph, processor, tmp_path / processor, "-O1")


@pytest.mark.parametrize("processor", [pytest.param("desktop", marks=pytest.mark.long), "plain"])
def test_no_access_out_of_bounds_and_nothing_undefined(processor, tmp_path):
    """A program with sanitizers, as a library of this process can't have them."""
    graph = together(every_operator(X))
    network = quantized(graph, images=4)
    given, wanted = integers_in_and_out(network, noise(graph, 1, seed=1))
    sources = integer_sources(network, None, PROCESSORS[processor])
    numbers = ", ".join(map(str, np.moveaxis(given[0], 0, -1).ravel()))
    main = tmp_path / "main.c"
    main.write_text(
        f'#include <stdio.h>\n#include "{sources.name}.h"\n'
        f"static const int8_t image[] = {{{numbers}}};\nstatic int8_t answer[{wanted[0].size}];\n"
        f"int main(void) {{\n    {sources.name}_integers(image, answer);\n"
        f"    return fwrite(answer, 1, sizeof answer, stdout) != sizeof answer;\n}}\n"
    )
    checks = ["-O0", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    program = tmp_path / "program"
    built(["gcc", *STRICT, *checks, str(main), str(written(sources, tmp_path)), "-o", str(program), "-lm"])
    ran = subprocess.run([program], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()[:2000]
    assert np.array_equal(np.frombuffer(ran.stdout, np.int8), wanted[0])
