"""The written file speaks the graph's names, which is what joins a runtime's profile to the graph; and what is refused.

Weights keep their names in the state dict, so that a file can be compared with a checkpoint.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, image, scope, symbols
from featherbone.graph.operators import Input, Opaque
from featherbone.networks import network
from featherbone.nn import module, weights_of
from featherbone.nn.onnx_writer import to_onnx, untrained_onnx


def residual() -> Graph:
    x = image(3, 16)
    with scope("stem"):
        x = x.conv(16, 3, stride=2).norm().act("relu")
    with scope("block"):
        y = x.pointwise(16, name="expand").norm().act("relu6")
        y = y.depthwise(3, name="filter").norm()
        x = (x + y).act("silu", name="act")
    with scope("head"):
        x = x.global_pool(name="pool").flatten().dropout(0.2).linear(4)
    return x.graph("residual")


def checked(graph: Graph) -> Any:
    proto = untrained_onnx(graph)
    onnx.checker.check_model(proto, full_check=True)
    return proto.graph


def test_each_onnx_node_is_named_after_what_it_computes() -> None:
    graph = residual()
    written = checked(graph)
    names = {node.name: node.op_type for node in written.node}
    assert len(names) == len(written.node), "names differ"
    assert names["stem.conv_norm"] == "Conv", "the folded norm is the convolution's last part"
    assert "stem.conv" not in names
    assert (names["block.act/gate"], names["block.act"]) == ("Sigmoid", "Mul")
    assert names["block.add"] == "Add"
    assert names["head.linear"] == "Gemm"
    assert {name.partition("/")[0] for name in names} <= {node.name for node in graph.nodes}
    values = [value for node in written.node for value in node.output]
    assert len(set(values)) == len(values)
    assert "block.act" in values
    assert [value.name for value in (*written.input, *written.output)] == ["image", "logits"]


def test_weights_have_their_names_in_the_state_dict() -> None:
    graph = image(3, 8).conv(4, 3, name="a").act("relu").conv(4, 3, bias=True, name="b").norm().norm().graph("g")
    weights = weights_of(module(graph, seed=0))
    written = {entry.name: numpy_helper.to_array(entry) for entry in to_onnx(graph, weights).graph.initializer}
    alone = [name for name in weights if name.startswith(("a.", "b_norm_2"))]
    assert set(written) == {"a.weight", "b.weight", "b.bias", *alone}, "of the first norm nothing remains"
    for name in alone:
        assert np.array_equal(written[name], weights[name].numpy()), name
    ratio = torch.rsqrt(torch.tensor(1 + 1e-5))
    assert np.allclose(written["b.weight"], (weights["b.weight"] * ratio).numpy(), rtol=3e-7)


def test_names_that_meet_are_told_apart() -> None:
    """Nodes that are named like the file's input and output, and a shuffle, which is several nodes."""
    x = Wire(Input(shape=(3, 8, 8)), (), (3, 8, 8), "", "photo", "")
    graph = x.conv(4, 3, name="logits").shuffle(2, name="image").conv(2, 3, name="end").graph("g")
    written = checked(graph)
    assert {node.name for node in written.node if node.op_type == "Conv"} == {"logits", "end"}
    assert [node.name for node in written.node if node.name.startswith("image")] == [
        "image/table",
        "image/turned",
        "image",
    ]
    assert [value.name for value in (*written.input, *written.output)] == ["image", "logits"]


def test_several_inputs_and_outputs_have_their_nodes_names() -> None:
    right = Wire(Input(shape=(3, 8, 8)), (), (3, 8, 8), "", "right", "")
    total = image(3, 8) + right
    written = checked(total.graph("g", total.act("relu", name="positive")))
    assert [value.name for value in written.input] == ["image", "right"]
    assert [value.name for value in written.output] == ["add", "positive"]


def test_shared_weights_are_written_once() -> None:
    x = image(4, 8).conv(4, 3, name="first").act("relu").conv(4, 3, name="second")
    plain = x.graph("twice")
    entries = [(node.name, node.operator, node.inputs) for node in plain.nodes]
    written = checked(Graph.build("twice", entries, plain.outputs, shares={"second": "first"}))
    assert [entry.name for entry in written.initializer] == ["first.weight"]
    assert [list(node.input)[1] for node in written.node if node.op_type == "Conv"] == ["first.weight"] * 2


def test_the_same_network_gives_the_same_bytes() -> None:
    graph = network("mobilenet_v3_small:small=true,width=0.25,classes=4")
    assert untrained_onnx(graph).SerializeToString() == untrained_onnx(graph).SerializeToString()


def test_what_is_outside_the_vocabulary_is_refused_by_name() -> None:
    entries = [("image", Input(shape=(3, 8, 8)), ()), ("block.mix", Opaque(label="fft", shape=(3, 8, 8)), ("image",))]
    graph = Graph.build("strange", entries, ("block.mix",))
    for write in (untrained_onnx, lambda graph: to_onnx(graph, {})):
        with pytest.raises(FeatherboneError, match=r"block\.mix: opaque fft is outside the vocabulary, so strange"):
            write(graph)


def test_symbols_are_refused() -> None:
    (channels,) = symbols("M")
    for write in (untrained_onnx, lambda graph: to_onnx(graph, {})):
        with pytest.raises(FeatherboneError, match="symbolic size M, so the network cannot be written as ONNX"):
            write(image(3, 8).conv(channels, 3).graph("open"))


def test_weights_that_do_not_fit_are_refused() -> None:
    graph = image(3, 8).conv(4, 3).norm().graph("tiny")
    weights = weights_of(module(graph, seed=0))
    with pytest.raises(FeatherboneError, match=r"conv_norm\.running_mean is missing"):
        to_onnx(graph, {name: value for name, value in weights.items() if name != "conv_norm.running_mean"})
    with pytest.raises(FeatherboneError, match="not finite"):
        to_onnx(graph, {**weights, "conv.weight": weights["conv.weight"] * torch.inf})


def test_more_weights_than_a_file_holds_are_refused_before_they_are_drawn() -> None:
    graph = image(3, 8).global_pool().flatten().linear(60_000).linear(9_000).graph("giant")
    for write in (untrained_onnx, lambda graph: to_onnx(graph, {})):
        with pytest.raises(
            FeatherboneError, match=r"giant has 2\.01 GiB of weights; one ONNX file holds at most 2 GiB"
        ):
            write(graph)


def test_maps_of_four_sides_are_refused() -> None:
    wire = Wire(Input(shape=(4, 3, 3, 3, 3)), (), (4, 3, 3, 3, 3), "", "image", "")
    with pytest.raises(FeatherboneError, match="deep: PyTorch has no conv for a map with 4 sides"):
        untrained_onnx(wire.conv(8, 1, name="deep").graph("deep"))


def test_branches_are_merged_in_the_file() -> None:
    graph = network("mobileone_s0:width=0.125,small=true", classes=4)
    proto = untrained_onnx(graph)
    assert "Add" not in {node.op_type for node in proto.graph.node}
    plain = untrained_onnx(network("mobileone_s0:width=0.125,small=true,merged=true", classes=4))
    assert [node.name for node in proto.graph.node] == [node.name for node in plain.graph.node]
