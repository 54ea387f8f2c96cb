"""Every network of the zoo, written as ONNX, computes what its module computes and costs what its graph costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from small_forms import small_form

from featherbone.cost import count
from featherbone.graph import Graph
from featherbone.graph.folding import folded_norms
from featherbone.networks import NETWORKS
from featherbone.nn.onnx_reader import read_onnx
from featherbone.nn.onnx_writer import untrained_onnx

Measure = Callable[[Graph], float]


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_runtime_computes_what_pytorch_computes(name: str, difference: Measure, rounding: Measure) -> None:
    """To a hundred-thousandth; where a hundred layers magnify PyTorch's own rounding beyond that, to twice that."""
    graph = small_form(name)
    found = difference(graph)
    assert found < 1e-5 or found < 2 * rounding(graph)


@pytest.mark.parametrize("name", ["alexnet", "inception_v3", "mobilenet_v3_small", "shufflenet_v1", "squeezenet"])
def test_the_file_costs_what_the_graph_costs(name: str, tmp_path: Path) -> None:
    graph = small_form(name)
    path = tmp_path / "network.onnx"
    path.write_bytes(untrained_onnx(graph).SerializeToString())
    read, notes, _ = read_onnx(path)
    ours, theirs = count(graph), count(read)
    assert notes == ()
    assert (theirs.macs, theirs.complete) == (ours.macs, True)
    assert theirs.params == ours.params - folded_away(graph)


def folded_away(graph: Graph) -> int:
    """How many parameters fewer the file has: a folded norm's go, and its layer gets a bias where it has none."""
    gone = 0
    for layer, norm in folded_norms(graph).items():
        given = graph[layer].operator.parameters(*graph.input_shapes(graph[layer]))
        taken = norm.operator.parameters(*graph.input_shapes(norm)).values()
        gone += sum(math.prod(shape) for shape in taken) - (norm.shape[0] if "bias" not in given else 0)
    return gone
