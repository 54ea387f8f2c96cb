"""Every network of the zoo, written as ONNX, computes what its module computes and costs what its graph costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.merging import merged_norms
from featherbone.networks import NETWORKS
from featherbone.nn.onnx_reader import read_onnx
from featherbone.nn.onnx_writer import untrained_onnx

SMALLEST = 32


def small_form(name: str) -> Graph:
    """A network as small as its settings allow, with every operator that it has."""
    network = NETWORKS[name]
    wanted = {"small": True, "width": 0.25, "classes": 10, "resolution": SMALLEST}
    settings = {key: value for key, value in wanted.items() if key in network.settings}
    try:
        return network(**settings)
    except FeatherboneError:  # its channels are a multiple of its groups
        return network(**{**settings, "width": 1.0})


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_runtime_computes_what_pytorch_computes(name: str, difference: Callable[[Graph], float]) -> None:
    assert difference(small_form(name)) < 1e-5


@pytest.mark.parametrize("name", ["alexnet", "inception_v3", "mobilenet_v3_small", "shufflenet_v1", "squeezenet"])
def test_the_file_costs_what_the_graph_costs(name: str, tmp_path: Path) -> None:
    graph = small_form(name)
    path = tmp_path / "network.onnx"
    path.write_bytes(untrained_onnx(graph).SerializeToString())
    read, notes, _ = read_onnx(path)
    ours, theirs = count(graph), count(read)
    assert notes == ()
    assert (theirs.macs, theirs.complete) == (ours.macs, True)
    assert theirs.params == ours.params - merged_away(graph)


def merged_away(graph: Graph) -> int:
    """How many parameters fewer the file has: a merged norm's go, and its layer gets a bias where it has none."""
    gone = 0
    for layer, norm in merged_norms(graph).items():
        given = graph[layer].operator.parameters(*graph.input_shapes(graph[layer]))
        taken = norm.operator.parameters(*graph.input_shapes(norm)).values()
        gone += sum(math.prod(shape) for shape in taken) - (norm.shape[0] if "bias" not in given else 0)
    return gone
