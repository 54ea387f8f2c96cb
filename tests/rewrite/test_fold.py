"""Folding norms changes nothing that a network computes: on every network of the zoo, and where layers are odd."""

import pytest
import torch
from narrowing import difference, lively_weights, outputs, smallest

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, concat, image
from featherbone.graph.folding import without_norms
from featherbone.networks import NETWORKS, network
from featherbone.nn import check_weights
from featherbone.rewrite import fold

CLOSE = 1e-5  # relative
SMALL = {"width": 0.5, "small": True}  # where a network has the setting
# Of each table of a paper the first network computes: its siblings have more of the same blocks. Left out are two that
# have no norms, and the larger kin of se_resnet50.
FIRST = {entry.function: name for name, entry in reversed(NETWORKS.items())}
LEFT = {"vgg11", "alexnet", "resnext50_32x4d", "se_resnext50_32x4d", "senet154"}


def norms(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes if node.operator.kind == "batch_norm"]


def folded(graph: Graph, seed: int = 0) -> Graph:
    """The folded graph, after a look at what it computes."""
    weights = lively_weights(graph, seed)
    there = fold(graph, weights)
    check_weights(there.graph, there.weights)
    assert difference(outputs(graph, weights), outputs(there.graph, there.weights)) < CLOSE
    return there.graph


def beside_adds(name: str) -> bool:
    """Whether a network has norms that are a branch of their own."""
    return NETWORKS[name].function in ("repghostnet", "mobileone")


@pytest.mark.parametrize("name", sorted(set(FIRST.values()) - LEFT))
def test_a_folded_network_of_the_zoo_computes_the_same(name):
    settings: dict[str, object] = {key: value for key, value in SMALL.items() if key in NETWORKS[name].settings}
    graph = smallest(name, **settings)
    there = folded(graph, seed=len(name))
    assert there == without_norms(graph)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_zoo_loses_its_norms_and_nothing_else(name):
    graph = network(name)
    there = without_norms(graph)
    assert not norms(there) or beside_adds(name)
    assert count(there).macs == count(graph).macs
    assert [node.name for node in there.nodes] == [n.name for n in graph.nodes if n.name in there]


def layers(x: Wire) -> dict[str, Wire]:
    """A norm after each kind of layer, with a bias and without, grouped and not."""
    vector = x.flatten()
    return {
        "conv": x.conv(6, 3, stride=2, dilation=2, padding=2).norm(epsilon=0.1),
        "biased": x.conv(6, 3, bias=True).norm(),
        "grouped": x.conv(8, 3, groups=2, bias=True).norm(affine=False),
        "depthwise": x.depthwise(3, multiplier=2).norm(),
        "transposed": x.conv_transpose(6, 2, stride=2).norm(),
        "transposed in groups": x.conv_transpose(6, 3, stride=2, groups=2, bias=True).norm(),
        "linear": vector.linear(5).norm(),
        "unbiased linear": vector.linear(5, bias=False).norm(),
        "twice": x.conv(6, 1).norm().norm(),
        "before a pointwise convolution": (x + x).norm(name="odd").pointwise(6),
        "before a grouped convolution": concat(x, x).norm(name="odd").conv(6, 3, groups=2, padding="valid", bias=True),
        "before two layers": _both((x + x).norm(name="odd")),
        "before a linear layer": (vector + vector).norm(name="odd").linear(4),
    }


def _both(x: Wire) -> Wire:
    return x.pointwise(6, name="left") + x.pointwise(6, bias=True, name="right")


@pytest.mark.parametrize("kind", layers(image(4, 6)))
def test_a_norm_beside_any_layer_is_folded(kind):
    assert norms(folded(layers(image(4, 6))[kind].graph("tiny"))) == []


def stays(x: Wire) -> dict[str, Graph]:
    y = x.conv(4, 1, name="shared")
    return {
        "after an add, before padding": (x + x).norm(name="odd").conv(6, 3).graph("tiny"),
        "before an activation": (x + x).norm(name="odd").act("relu").pointwise(4).graph("tiny"),
        "an output": (odd := x.norm(name="odd")).pointwise(4).graph("tiny", odd),
        "the layer is read elsewhere": (y.norm(name="odd") + y).graph("tiny"),
        "the layer is an output": y.norm(name="odd").graph("tiny", y),
        "read by a shortcut": _with(odd := (x + x).norm(name="odd"), odd),
        "one of two readers is padded": _with(odd := (x + x).norm(name="odd"), odd.conv(4, 3, name="padded")),
    }


def _with(x: Wire, other: Wire) -> Graph:
    return (other + x.pointwise(4)).graph("tiny")


@pytest.mark.parametrize("kind", stays(image(4, 6)))
def test_a_norm_that_cannot_be_folded_exactly_stays(kind):
    assert "odd" in norms(folded(stays(image(4, 6))[kind]))


def test_shared_weights_keep_their_norms():
    x = image(4, 6)
    graph = x.conv(4, 3, name="a").norm(name="n").conv(4, 3, name="b").norm(name="m").graph("tiny")
    entries = [(node.name, node.operator, node.inputs) for node in graph.nodes]
    layer = Graph.build("tiny", entries, graph.outputs, shares={"b": "a"})
    norm = Graph.build("tiny", entries, graph.outputs, shares={"m": "n"})
    assert norms(folded(layer)) == norms(folded(norm)) == ["n", "m"]


def test_weights_that_do_not_fit_are_refused_and_others_are_not_touched():
    graph = image(4, 6).conv(4, 3, name="a").norm().graph("tiny")
    weights = lively_weights(graph)
    before = {name: tensor.clone() for name, tensor in weights.items()}
    fold(graph, weights)
    assert all(torch.equal(before[name], tensor) for name, tensor in weights.items())
    weights["a.weight"][0] = float("nan")
    with pytest.raises(FeatherboneError, match=r"a\.weight holds numbers that are not finite"):
        fold(graph, weights)
