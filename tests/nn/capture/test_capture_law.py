"""import(module(g)) is g, up to names, for every network; and the fast route agrees with the real one."""

from typing import Any

import pytest
import torch
from import_models import Attention, Detector, Reader, Squeezed, Unet
from torch.utils.flop_counter import FlopCounterMode

from featherbone.cost import count
from featherbone.graph import Graph, concat, from_json, image, to_json
from featherbone.graph.operators import Conv
from featherbone.networks import list_networks, network
from featherbone.nn import module, source
from featherbone.nn.capture import capture
from featherbone.nn.capture.capture import _run, census
from featherbone.nn.capture.finish import finish


def unnamed(graph: Graph) -> tuple[object, ...]:
    """A graph with places instead of names."""
    place = {node.name: number for number, node in enumerate(graph.nodes)}
    nodes = [
        (node.operator, tuple(place[name] for name in node.inputs), node.shape, place.get(node.shares))
        for node in graph.nodes
    ]
    return tuple(nodes), tuple(place[name] for name in graph.outputs)


def built(graph: Graph) -> torch.nn.Module:
    """The module of a graph without weights: its source, run on the meta device."""
    text = source(graph)
    found: dict[str, Any] = {}
    exec(text, found)
    with torch.device("meta"):
        return next(kind for kind in found.values() if isinstance(kind, type) and kind.__module__ == "builtins")()


@pytest.mark.parametrize("name", list_networks())
def test_every_network_comes_back(name):
    graph = network(name)
    again = capture(built(graph), graph.input_shape)
    assert unnamed(again) == unnamed(graph)
    ours, theirs = count(graph), count(again)
    assert (ours.params, ours.macs, ours.activations) == (theirs.params, theirs.macs, theirs.activations)
    assert set(again.parameters()) == set(graph.parameters())


def test_the_whole_vocabulary_comes_back():
    x = image(6, 16, 20)
    y = x.conv(12, (3, 5), stride=2, padding=((0, 1), (1, 3)), groups=2, bias=True).norm(epsilon=1e-3, momentum=0.2)
    y = y.act("hard_swish").local_response_norm(size=3, k=1.0)
    y = y.max_pool(3, stride=1, padding=((0, 1), (1, 0))).avg_pool(3, stride=1, padding=1, count_padding=False)
    y = (y * y.global_pool("max").pointwise(12, bias=True).act("sigmoid")).shuffle(3).reorder((*range(11, -1, -1),))
    left, right = y.split(2)
    y = concat(left, right.pad_channels(1, 2)).resize((9, 9), mode="bilinear").norm(affine=False)
    y = y.conv_transpose(6, 3, stride=2, padding=1, output_padding=1, groups=3, bias=True).max_pool(1, stride=2)
    graph = (y + y.act("gelu")).dropout(0.2).flatten().linear(10, bias=False).graph("everything", left)
    assert unnamed(capture(built(graph), (6, 16, 20))) == unnamed(graph)


MODELS = [
    (Attention, ((3, 32, 32),)),
    (Detector, ((3, 64, 64),)),
    (Unet, ((1, 32, 32),)),
    (Squeezed, ((3, 33, 33),)),
    (Reader, (torch.zeros(1, 7, dtype=torch.long),)),
]


@pytest.mark.parametrize(("kind", "inputs"), MODELS, ids=[kind.__name__ for kind, _ in MODELS])
def test_shapes_without_values_are_those_of_real_tensors(kind, inputs):
    model = kind()
    graph = capture(model, *inputs)
    found = census(model)
    examples = [i if isinstance(i, torch.Tensor) else torch.rand(1, *i) for i in inputs]
    tracer, outputs = _run(model, found, examples, {}, real=True)
    assert unnamed(finish(graph.name, tracer.entries, outputs, found.sizes)) == unnamed(graph)
    assert from_json(to_json(graph)) == graph


@pytest.mark.parametrize(("kind", "inputs"), MODELS[:4], ids=[kind.__name__ for kind, _ in MODELS[:4]])
def test_multiply_adds_are_torchs_own_and_parameters_are_the_models(kind, inputs):
    model = kind().eval()
    cost = count(capture(model, *inputs))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(*[torch.rand(1, *size) for size in inputs])
    assert cost.macs * 2 == counter.get_total_flops()
    assert cost.params == sum(weight.numel() for weight in model.parameters())
    assert cost.complete


def test_a_shared_layer_has_its_parameters_once_and_its_operations_each_time():
    graph = capture(Detector(), (3, 64, 64))
    assert [node.shares for node in graph.nodes if isinstance(node.operator, Conv)] == [
        "",
        "",
        "",
        "classes",
        "",
        "boxes",
    ]
    assert count(graph).macs == 16 * 16 * 27 * 16 + 8 * 8 * 144 * 16 + (256 + 64) * (144 * 6 + 16 * 4)
    twin = module(graph, seed=0)  # sharing survives the way back
    assert unnamed(capture(twin, (3, 64, 64))) == unnamed(graph)
    assert sum(weight.numel() for weight in twin.parameters()) == count(graph).params


def test_a_tied_decoder_and_a_recurrent_layer():
    graph = capture(Reader(), torch.zeros(1, 7, dtype=torch.long))
    cost = count(graph)
    steps = 7
    first = 2 * (4 * 8 * 16 + 4 * 8 * 8)  # two directions, four gates, from 16 inputs and 8 states
    second = 2 * (4 * 8 * 16 + 4 * 8 * 8)
    assert cost.macs == steps * (first + second) + steps * 16 * 50
    assert cost.params == sum(weight.numel() for weight in Reader().parameters())
    assert graph["decoder"].shares == "words"
