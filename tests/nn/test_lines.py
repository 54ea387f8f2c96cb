"""Every operator has its line in the generated source, which is what joins a trace of PyTorch to the graph."""

from __future__ import annotations

import pytest

from featherbone.networks import network
from featherbone.nn.lines import operator_lines


@pytest.mark.parametrize("spec", ["mobilenet_v2:resolution=32", "shufflenet_v1:resolution=64", "vgg11:resolution=32"])
def test_every_operator_has_its_line(spec: str) -> None:
    graph = network(spec)
    assert list(operator_lines(graph).values()) == [node.name for node in graph.nodes if node.operator.kind != "input"]
