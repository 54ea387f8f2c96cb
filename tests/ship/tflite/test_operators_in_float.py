"""Every operator of the vocabulary, written as TensorFlow Lite, computes what PyTorch computes: with every setting."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lite_cases import float_difference
from quantizing import noise
from settling import settled

from featherbone.graph import Graph, Wire, concat, image
from featherbone.graph.operators import ACTIVATIONS, VOCABULARY, Add, ConvTranspose, Input, Operator
from featherbone.ship.tflite.operators import write_lite

many = settings(max_examples=40, deadline=None)


def difference(wire: Wire | Graph) -> float:
    graph = wire if isinstance(wire, Graph) else wire.graph("one")
    return float_difference(graph, settled(graph), noise(graph, 2, seed=1))


def only(operator: Operator, *shape: int) -> Graph:
    return Graph.build("one", [("image", Input(shape=shape), ()), ("only", operator, ("image",))], ("only",))


def test_every_operator_has_its_writer():
    unwritten = {kind for kind, each in VOCABULARY.items() if write_lite.dispatch(each) is write_lite.dispatch(object)}
    assert unwritten == {"input", "dropout", "opaque"}, "these write nothing, or are refused"


@many
@given(data=st.data())
def test_pooling(data):
    kernel, stride = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    edge, sides = st.integers(0, kernel // 2), [data.draw(st.integers(kernel, 9)) for _ in range(2)]
    padding = tuple((data.draw(edge), data.draw(edge)) for _ in range(2))
    ceil, counted = data.draw(st.booleans()), data.draw(st.booleans())
    x = image(3, *sides)
    assert difference(x.max_pool(kernel, stride=stride, padding=padding, ceil=ceil)) < 1e-6
    assert difference(x.avg_pool(kernel, stride=stride, padding=padding, ceil=ceil, count_padding=counted)) < 1e-6


@many
@given(data=st.data())
def test_convolution_with_what_follows_it(data):
    """Uneven padding, dilation, groups and depthwise; with and without a norm, and a ReLU that clips."""
    groups = data.draw(st.sampled_from([1, 2, 4]))
    kernel, stride, dilation = [tuple(data.draw(st.integers(1, 3)) for _ in range(2)) for _ in range(3)]
    padding = tuple((data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))) for _ in range(2))
    x = image(4, 7).conv(
        8, kernel, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=data.draw(st.booleans())
    )
    norm, function = data.draw(st.sampled_from([None, True, False])), data.draw(st.sampled_from([None, *ACTIVATIONS]))
    x = x if norm is None else x.norm(affine=norm, epsilon=data.draw(st.sampled_from([1e-5, 1e-2])))
    assert difference(x if function is None else x.act(function)) < 1e-5


@pytest.mark.parametrize("size", [8, 9, 31, 32])
def test_tensorflows_padding(size):
    x = image(3, size).conv(8, 3, stride=2, padding="tf_same").norm().act("relu6")
    assert difference(x.max_pool(3, stride=2, padding="tf_same").depthwise(5, stride=2, padding="tf_same")) < 1e-5


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("padding", "more"), [((0, 0), (0, 0)), ((1, 0), (0, 0)), ((1, 0), (1, 2)), ((0, 1), (0, 2))])
def test_transposed_convolution(groups, padding, more):
    operator = ConvTranspose(
        out_channels=6,
        kernel=(3, 2),
        stride=(2, 3),
        padding=padding,
        output_padding=more,
        dilation=(2, 1),
        groups=groups,
        bias=True,
    )
    assert difference(only(operator, 4, 5, 4)) < 5e-6


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_activation(function):
    assert difference(image(40, 8).act(function)) < 2e-6


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 13])
def test_local_response_norm(size):
    x = image(12, 5, 4).local_response_norm(size=size, alpha=0.3, beta=0.6, k=1.5)
    assert difference(x) < 2e-6


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_resize(mode):
    for size in (1, 3, 4, 14, 20, 28):
        assert difference(image(2, 14, 5).resize((size, 10), mode=mode)) < 2e-6, size


def test_the_nearest_neighbour_is_exactly_pytorchs():
    for side in (1, 7, 14, 20, 21):
        x = image(1, side, 3)
        graph = concat(*(x.resize((wanted, 3)).flatten() for wanted in range(1, 45))).graph("all")
        assert difference(graph) == 0, side


@pytest.mark.parametrize("sides", [(), (4, 3)])
def test_arranging_and_combining(sides):
    x = image(12, 4, 3) if sides else image(12, 1).flatten()
    y = concat(x.shuffle(3).reorder((*range(5, 12), *range(5))).slice(1, 9), x.act("tanh").pad_channels(2, 1))
    wires = [y, y * y, x + x, concat(x), y.flatten(), concat(y.flatten(), y.flatten())]
    wires += [x * x.global_pool(), x.global_pool("max") * x] if sides else []
    for wire in wires:
        assert difference(wire) < 2e-6


def test_sums_of_more_than_two():
    x = image(4, 3)
    graph = concat(*(x.act(function) for function in ("relu", "tanh", "elu", "gelu"))).graph("parts")
    entries = [(node.name, node.operator, node.inputs) for node in graph.nodes[:-1]]
    assert difference(Graph.build("sum", [*entries, ("sum", Add(), graph.nodes[-1].inputs)], ("sum",))) < 1e-6


@pytest.mark.parametrize("bias", [False, True])
def test_linear_layers_and_norms_of_vectors(bias):
    x = image(3, 4).norm().flatten().norm(affine=False).linear(7, bias=bias).norm().act("relu").linear(5, bias=bias)
    assert difference(x) < 5e-6


def test_a_layer_behind_a_flattened_map_takes_its_channels_in_their_order():
    x = image(3, 4, 5).conv(6, 3)
    assert difference(x.flatten().dropout(0.5).linear(5)) < 1e-5
    assert difference(x.flatten().act("tanh").linear(5)) < 1e-5
