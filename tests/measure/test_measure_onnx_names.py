"""The exported file speaks the graph's names, which is what joins a runtime's profile to the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from featherbone.graph import Graph, image
from featherbone.measure.onnx_session import open_session
from featherbone.networks import network
from featherbone.nn import module, weights_of
from featherbone.nn.lines import operator_lines
from featherbone.nn.onnx_graph import to_onnx


@pytest.mark.parametrize("spec", ["mobilenet_v2:resolution=32", "shufflenet_v1:resolution=64", "vgg11:resolution=32"])
def test_every_operator_has_its_line(spec: str) -> None:
    graph = network(spec)
    assert list(operator_lines(graph).values()) == [node.name for node in graph.nodes if node.operator.kind != "input"]


def test_each_onnx_node_is_named_after_what_it_computes(residual: Graph) -> None:
    proto = to_onnx(residual, weights_of(module(residual, seed=0)))
    onnx.checker.check_model(proto, full_check=True)
    names = {node.name: node.op_type for node in proto.graph.node}
    assert len(names) == len(proto.graph.node), "names differ"
    assert names["stem.conv_norm"] == "Conv", "the folded norm is the convolution's last node"
    assert names["block.act"] == "Relu"
    assert names["block.add"] == "Add"
    assert names["head.linear"] == "Gemm"
    assert {name.partition("/")[0] for name in names} <= {node.name for node in residual.nodes}
    values = [value for node in proto.graph.node for value in node.output]
    assert len(set(values)) == len(values)
    assert "block.act" in values


def test_names_that_meet_are_told_apart() -> None:
    """A node named like the file's output, and one like a value of the exporter's."""
    graph = image(3, 8).conv(4, 3, name="logits").shuffle(2, name="getitem").conv(2, 3, name="end").graph("g")
    proto = to_onnx(graph, weights_of(module(graph, seed=0)))
    onnx.checker.check_model(proto, full_check=True)
    assert {node.name for node in proto.graph.node if node.op_type == "Conv"} == {"logits", "end"}
    assert any(node.name == "getitem/2" for node in proto.graph.node), "a shuffle is several nodes"
    assert [value.name for value in proto.graph.output] == ["logits"]


def test_shared_weights_are_exported_once(tmp_path: Path) -> None:
    x = image(4, 8).conv(4, 3, name="first").act("relu").conv(4, 3, name="second").global_pool().flatten()
    plain = x.graph("twice")
    entries = [(node.name, node.operator, node.inputs) for node in plain.nodes]
    graph = Graph.build("twice", entries, plain.outputs, shares={"second": "first"})
    weights = weights_of(module(graph, seed=0))
    proto = to_onnx(graph, weights)
    path = tmp_path / "twice.onnx"
    onnx.save(proto, path)
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    session = open_session(path)
    found = session.run(None, {"image": noise.numpy()})[0]
    with torch.inference_mode():
        net = module(graph)
        net.load_state_dict(weights)
        assert np.allclose(net.eval()(noise).numpy(), found, atol=1e-5)
