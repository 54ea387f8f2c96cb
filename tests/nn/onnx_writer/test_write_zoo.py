"""Every network of the zoo, written as ONNX, computes what its module computes and costs what its graph costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Shape
from featherbone.graph.folding import folded_norms
from featherbone.graph.graph import infer
from featherbone.graph.operators import Conv, Linear, Operator, Slice
from featherbone.networks import NETWORKS
from featherbone.nn.onnx_reader import read_onnx
from featherbone.nn.onnx_writer import untrained_onnx

Measure = Callable[[Graph], float]

SMALLEST = 32
HEAVY = 4_000_000  # parameters


def small_form(name: str) -> Graph:
    """A network with every operator that it has, as small as its settings allow; of a heavy one, a fourth."""
    network = NETWORKS[name]
    wanted = {"small": True, "width": 0.25, "classes": 10, "resolution": SMALLEST}
    settings = {key: value for key, value in wanted.items() if key in network.settings}
    try:
        graph = network(**settings)
    except FeatherboneError:  # its channels are to be a multiple of its groups
        graph = network(**{**settings, "width": 1.0})
    return quartered(graph) if count(graph).params > HEAVY else graph


def quartered(graph: Graph) -> Graph:
    """The same network with a fourth of the channels, and as many groups as these allow."""
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    shapes: dict[str, Shape] = {}
    for node in graph.nodes:
        operator = node.operator
        if isinstance(operator, Conv):
            reads, writes = shapes[node.inputs[0]][0], operator.out_channels // 4
            operator = replace(operator, out_channels=writes, groups=math.gcd(operator.groups, reads, writes))
        elif isinstance(operator, Linear) and node.name != graph.outputs[0]:
            operator = replace(operator, out_features=operator.out_features // 4)
        elif isinstance(operator, Slice):
            operator = replace(operator, start=operator.start // 4, stop=operator.stop // 4)
        entries.append((node.name, operator, node.inputs))
        shapes[node.name] = infer(node.name, operator, tuple(shapes[name] for name in node.inputs))
    return Graph.build(graph.name, entries, graph.outputs)


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
