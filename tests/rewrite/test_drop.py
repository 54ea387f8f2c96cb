"""A network without some of its blocks computes what it computes where their branches end in zeros."""

import pytest
import torch
from narrowing import difference, lively_weights, outputs, smallest

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, image, scope
from featherbone.graph.branches import branches, drop_branches
from featherbone.graph.operators import Activation, BatchNorm, Conv
from featherbone.networks import network
from featherbone.nn import check_weights
from featherbone.rewrite import drop


def silenced(graph: Graph, weights: dict[str, torch.Tensor], names: list[str]) -> dict[str, torch.Tensor]:
    """The weights, with the last ones of these branches set to zero."""
    found = dict(weights)
    for branch in branches(graph):
        if branch.name in names:
            last = graph[branch.operand]
            while last.operator == Activation(function="relu"):  # of zero it is zero
                last = graph[last.inputs[0]]
            assert isinstance(last.operator, (BatchNorm, Conv))
            for key in last.operator.parameters(*graph.input_shapes(last)):
                full = f"{last.shares or last.name}.{key}"
                found[full] = torch.zeros_like(weights[full])
    return found


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("cifar_resnet20", 9),
        ("resnet50", 12),
        ("mobilenet_v2", 10),
        ("mobilenet_v3_small", 6),
        ("efficientnet_b0", 9),
        ("shufflenet_v1", 13),
        ("regnety_200mf", 9),
        ("squeezenext", 17),
    ],
)
def test_a_network_without_blocks_computes_what_silent_blocks_do(name, blocks):
    settings = {"width": 0.5} if name in ("resnet50", "mobilenet_v2", "squeezenext") else {}
    graph = smallest(name, **settings)
    names = [branch.name for branch in branches(graph)]
    assert len(names) == blocks
    weights, some = lively_weights(graph), names[1::2]
    small = drop(graph, weights, some)
    check_weights(small.graph, small.weights)
    assert difference(outputs(graph, silenced(graph, weights, some)), outputs(*small)) < 1e-5
    assert len(small.graph.nodes) < len(graph.nodes)
    assert [branch.name for branch in branches(small.graph)] == [name for name in names if name not in some]


def test_a_block_is_named_by_its_scope():
    found = {branch.name: branch for branch in branches(network("mobilenet_v2"))}
    block = found["stage3.block2"]
    assert (block.add, block.shortcut) == ("stage3.block2.add", "stage3.block1.project_norm")
    assert block.nodes[0] == "stage3.block2.expand"
    assert block.nodes[-1] == block.operand == "stage3.block2.project_norm"


def layer(x: Wire, name: str) -> Wire:
    return x.conv(4, 3, bias=True, name=name)


def test_sums_of_several_maps_lose_one_at_a_time():
    x = layer(image(3, 8), "stem")
    graph = ((x + layer(x, "a")) + layer(layer(x, "b"), "c")).act("relu").graph("sums")
    assert {branch.name: branch.nodes for branch in branches(graph)} == {"add": ("a",), "add_2": ("b", "c")}
    weights = lively_weights(graph)
    for names in (["add"], ["add_2"], ["add", "add_2"]):
        small = drop(graph, weights, names)
        assert difference(outputs(graph, silenced(graph, weights, names)), outputs(*small)) < 1e-6
    assert [node.name for node in drop_branches(graph, ["add", "add_2"]).nodes] == ["image", "stem", "add_2_act"]


def test_a_sum_of_branches_alone_goes_whole():
    x = layer(image(3, 8), "stem")
    graph = (x + (layer(x, "a") + layer(x, "b"))).act("relu").graph("sums")
    names = [branch.name for branch in branches(graph)]
    assert names == ["add:a", "add:b"]
    weights = lively_weights(graph)
    for some in (names[:1], names[1:], names):
        small = drop(graph, weights, some)
        assert difference(outputs(graph, silenced(graph, weights, some)), outputs(*small)) < 1e-6


def test_what_others_read_stays():
    x = layer(image(3, 8), "stem")
    y = layer(x, "a")
    graph = (x + y).graph("net", y)
    assert [node.name for node in drop_branches(graph, ["add"]).nodes] == ["image", "stem", "a"]
    assert drop_branches(graph, ["add"]).outputs == ("stem", "a")


def test_a_projection_is_no_shortcut_and_neither_is_a_gate():
    x = layer(image(3, 8), "stem")
    gate = x.global_pool().pointwise(4, name="gate").act("sigmoid")
    assert branches((layer(x, "a") + x.pointwise(4)).graph("projected")) == ()
    assert branches((layer(x, "a") + x * gate).graph("gated")) == ()


def test_the_heir_of_shared_weights_owns_them():
    x = layer(image(3, 8), "stem")
    with scope("block"):
        y = x + layer(x, "a")
    graph = layer(layer(y, "b"), "c").graph("net")
    entries = [(node.name, node.operator, node.inputs) for node in graph.nodes]
    shared = Graph.build("net", entries, graph.outputs, shares={"b": "block.a", "c": "block.a"})
    weights = lively_weights(shared)
    small = drop(shared, weights, ["block"])
    assert [(node.name, node.shares) for node in small.graph.nodes[2:]] == [("b", ""), ("c", "b")]
    assert torch.equal(small.weights["b.weight"], weights["block.a.weight"])


def test_an_unknown_block_is_refused_with_the_nearest():
    graph = network("mobilenet_v2")
    with pytest.raises(FeatherboneError, match=r"no branch 'stage3.block9' that can be dropped .did you mean"):
        drop_branches(graph, ["stage3.block9"])
    with pytest.raises(FeatherboneError, match="none of its sums has a shortcut"):
        drop_branches(network("vgg11"), ["stage1"])
