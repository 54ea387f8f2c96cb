"""Branches that are merged compute what they computed, and the merged networks are the papers' own."""

import pytest
from narrowing import difference, lively_weights, outputs

from featherbone.blocks import branched
from featherbone.cost import count
from featherbone.graph import Graph, Wire, image
from featherbone.graph.parallel import merged_graph
from featherbone.networks import network
from featherbone.nn import check_weights
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import fold, inference_form, reparameterize

CLOSE = 1e-5  # relative


def merged(graph: Graph, seed: int = 0) -> Graph:
    """The merged graph, after a look at what it computes."""
    weights = lively_weights(graph, seed)
    there = reparameterize(graph, weights)
    check_weights(there.graph, there.weights)
    assert difference(outputs(graph, weights), outputs(there.graph, there.weights)) < CLOSE
    assert there.graph == merged_graph(graph)
    assert count(there.graph).macs <= count(graph).macs
    return there.graph


def repvgg() -> Graph:
    """RepVGG's plan, narrow."""
    x = image(3, 16)
    for number, (out, stride) in enumerate(((8, 2), (8, 1), (12, 2), (12, 1)), start=1):
        x = branched(x, out, stride=stride, name=f"stage{number}").act("relu")
    return x.global_pool().flatten().linear(4).graph("repvgg")


def test_repvgg_is_plain_convolutions_afterwards():
    kinds = [node.operator.kind for node in merged(repvgg()).nodes]
    assert kinds == ["input", *["conv", "activation"] * 4, "global_pool", "flatten", "linear"]


@pytest.mark.parametrize("name", ["mobileone_s0", "mobileone_s1", "mobileone_s4"])
def test_mobileone_is_its_form_for_inference(name):
    graph = network(f"{name}:width=0.25,small=true", classes=10)
    weights = lively_weights(graph)
    there = inference_form(graph, weights)
    assert difference(outputs(graph, weights), outputs(there.graph, there.weights)) < CLOSE
    assert there.graph == network(f"{name}:width=0.25,small=true,merged=true", classes=10)


def test_repghostnet_is_its_form_for_inference():
    assert merged(network("repghostnet:width=0.5,small=true", classes=10)) == network(
        "repghostnet:width=0.5,small=true,merged=true", classes=10
    )


PUBLISHED = {  # parameters in millions, as the papers print them, and their step
    "repghostnet:width=0.5": (2.3, 0.05),
    "repghostnet": (4.1, 0.05),
    "mobileone_s0": (2.1, 0.05),
    "mobileone_s1": (4.8, 0.05),
}


@pytest.mark.parametrize("spec", PUBLISHED)
def test_the_form_for_inference_has_the_published_parameters(spec):
    graph = network(spec)
    form = reparameterize if spec.startswith("repghost") else inference_form
    millions, step = PUBLISHED[spec]
    assert count(form(graph, initial_weights(graph, seed=0)).graph).params / 1e6 == pytest.approx(millions, abs=step)


def alike(x: Wire) -> dict[str, Wire]:
    """Sums that are one convolution, whatever they look like."""
    three = x.conv(6, 3, name="three")
    return {
        "two kernels": three.norm() + x.conv(6, 5, name="five").norm(),
        "rows and columns": three.norm()
        + x.conv(6, (3, 1), name="column").norm()
        + x.conv(6, (1, 3), bias=True, name="row"),
        "the map itself": x + three,
        "twice the map": (x + three) + x,
        "groups of two sizes": x.conv(6, 3, groups=2, name="a").norm() + x.depthwise(3, name="b").norm() + x.norm(),
        "dense and depthwise": three.norm() + x.depthwise(3, name="b").norm(),
        "strides": x.conv(8, 3, stride=2, name="a").norm() + x.conv(8, 1, stride=2, name="b").norm(),
        "as tensorflow pads": x.conv(8, 3, stride=2, padding="tf_same", name="a") + x.conv(8, 1, stride=2, name="b"),
        "dilated": x.conv(6, 3, dilation=2, name="a").norm() + x.norm(name="n"),
        "taps a step of the dilation apart": x.conv(6, 3, dilation=2, padding=((0, 4), (2, 2)), name="a")
        + x.conv(6, 3, dilation=2, name="b"),
        "one after the other": _again(_again(x, "first"), "second"),
    }


def _again(x: Wire, name: str) -> Wire:
    return x.conv(6, 3, name=f"{name}_three").norm() + x.conv(6, 1, name=f"{name}_one").norm()


@pytest.mark.parametrize("kind", alike(image(6, 9)))
def test_a_sum_of_any_branches_is_one_convolution(kind):
    graph = alike(image(6, 9))[kind].graph("tiny")
    convolutions = [node for node in merged(graph).nodes if node.operator.kind != "input"]
    assert {node.operator.kind for node in convolutions} == {"conv"}
    assert len(convolutions) == (2 if kind == "one after the other" else 1)


def test_what_else_is_added_stays():
    x = image(6, 9)
    y = x.conv(6, 3, name="far").act("relu")
    for total in (
        (y + x.conv(6, 3, name="three").norm()) + x.conv(6, 1, name="one").norm(),
        (x.conv(6, 3, name="three").norm() + x.conv(6, 1, name="one").norm()) + y,
    ):
        graph = merged(total.graph("tiny"))
        assert [node.operator.kind for node in graph.nodes].count("conv") == 2
        assert [node.operator.kind for node in graph.nodes].count("add") == 1


def apart(x: Wire) -> dict[str, Graph]:
    three, one = x.conv(6, 3, name="three"), x.conv(6, 1, name="one")
    return {
        "an activation between": (three.act("relu") + one).graph("tiny"),
        "another map": (three + x.act("relu").pointwise(6)).graph("tiny"),
        "a branch that is an output": (three + one).graph("tiny", one),
        "a branch that is read twice": ((three + one) + one.act("relu")).graph("tiny"),
        "dearer than its branches": (x.conv(6, (5, 1), name="a") + x.conv(6, (1, 5), name="b")).graph("tiny"),
        "strides that differ": (x.conv(6, 3, stride=2, name="a") + x.max_pool(2)).graph("tiny"),
        "dilations that differ": (x.conv(6, 3, dilation=2, name="a") + three).graph("tiny"),
        "taps between taps": (
            x.conv(6, 3, dilation=2, padding=((1, 3), (2, 2)), name="a") + x.conv(6, 3, dilation=2, name="b")
        ).graph("tiny"),
        "nothing to filter": (x + x.norm(name="n")).graph("tiny"),
    }


@pytest.mark.parametrize("kind", apart(image(6, 8)))
def test_what_is_no_such_sum_stays(kind):
    graph = apart(image(6, 8))[kind]
    assert merged(graph) == graph


def test_branches_that_share_weights_stay():
    x = image(6, 9)
    graph = (x.conv(6, 3, name="a") + x.conv(6, 3, name="b")).graph("tiny")
    entries = [(node.name, node.operator, node.inputs) for node in graph.nodes]
    shared = Graph.build("tiny", entries, graph.outputs, shares={"b": "a"})
    assert merged(shared) == shared


def test_fold_leaves_sums_and_reparameterize_lone_norms():
    graph = network("mobileone_s1:width=0.25,small=true", classes=10)
    weights = initial_weights(graph, seed=0)
    assert any(node.operator.kind == "add" for node in fold(graph, weights).graph.nodes)
    assert any(node.operator.kind == "batch_norm" for node in reparameterize(graph, weights).graph.nodes)
