"""Every operator of the vocabulary, written as ONNX, computes what PyTorch computes: with every setting it has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featherbone.graph import Graph, Wire, concat, image
from featherbone.graph.operators import ACTIVATIONS, VOCABULARY, Add, ConvTranspose, Input, Operator
from featherbone.nn.onnx_writer.operators import write

Difference = Callable[[Graph], float]

many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tensor(*shape: int) -> Wire:
    """An input of any rank."""
    return Wire(Input(shape=shape), (), shape, "", "image", "")


def only(operator: Operator, *shape: int) -> Graph:
    entries = [("image", Input(shape=shape), ()), ("only", operator, ("image",))]
    return Graph.build("one", entries, ("only",))


def test_every_operator_has_its_writer() -> None:
    unwritten = {kind for kind, each in VOCABULARY.items() if write.dispatch(each) is write.dispatch(object)}
    assert unwritten == {"input", "dropout", "opaque"}, "these write nothing, or are refused"


@many
@given(data=st.data())
def test_pooling(difference: Difference, data: st.DataObject) -> None:
    rank, kernel = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    stride, edge = data.draw(st.integers(1, 4)), st.integers(0, kernel // 2)
    sides = [data.draw(st.integers(kernel, 9)) for _ in range(rank)]
    padding = tuple((data.draw(edge), data.draw(edge)) for _ in range(rank))
    ceil, counted = data.draw(st.booleans()), data.draw(st.booleans())
    x = tensor(3, *sides)
    largest = x.max_pool(kernel, stride=stride, padding=padding, ceil=ceil)
    mean = x.avg_pool(kernel, stride=stride, padding=padding, ceil=ceil, count_padding=counted)
    assert difference(largest.graph("pools", mean)) < 1e-6


@many
@given(data=st.data())
def test_convolution_with_what_follows_it(difference: Difference, data: st.DataObject) -> None:
    """One, two and three sides; uneven padding, dilation and groups; with and without a norm to be folded."""
    rank, groups = data.draw(st.integers(1, 3)), data.draw(st.sampled_from([1, 2, 4]))
    kernel, stride, dilation = [tuple(data.draw(st.integers(1, 3)) for _ in range(rank)) for _ in range(3)]
    padding = tuple((data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))) for _ in range(rank))
    x = tensor(4, *(7 for _ in range(rank))).conv(
        8,
        kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=data.draw(st.booleans()),
    )
    norm = data.draw(st.sampled_from([None, True, False]))
    x = x if norm is None else x.norm(affine=norm, epsilon=data.draw(st.sampled_from([1e-5, 1e-2])))
    assert difference(x.graph("conv")) < 5e-6


@pytest.mark.parametrize("size", [8, 9, 31, 32])
def test_tensorflows_padding(difference: Difference, size: int) -> None:
    x = image(3, size).conv(8, 3, stride=2, padding="tf_same").norm().act("relu6")
    x = x.max_pool(3, stride=2, padding="tf_same").depthwise(5, stride=2, padding="tf_same").norm()
    assert difference(x.graph("tf")) < 1e-5


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("norm", [False, True])
def test_transposed_convolution(difference: Difference, rank: int, groups: int, norm: bool) -> None:
    operator = ConvTranspose(
        out_channels=6,
        kernel=(3, 2, 3)[:rank],
        stride=(2, 3, 1)[:rank],
        padding=(1, 0, 1)[:rank],
        output_padding=(1, 2, 0)[:rank],
        dilation=(2, 1, 1)[:rank],
        groups=groups,
        bias=not norm,
    )
    graph = only(operator, 4, *(5, 4, 3)[:rank])
    if norm:
        after = Wire(operator, (), graph["only"].shape, "", "only", "").norm().operator
        entries = [(node.name, node.operator, node.inputs) for node in graph.nodes]
        graph = Graph.build("one", [*entries, ("norm", after, ("only",))], ("norm",))
    assert difference(graph) < 5e-6


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_activation(difference: Difference, function: str) -> None:
    assert difference(image(40, 8).act(function).graph("act")) < 2e-6


@pytest.mark.parametrize("shape", [(12, 5), (12, 5, 4), (12, 3, 2, 4)])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 13])
def test_local_response_norm(difference: Difference, shape: tuple[int, ...], size: int) -> None:
    x = tensor(*shape).local_response_norm(size=size, alpha=0.3, beta=0.6, k=1.5)
    assert difference(x.graph("lrn")) < 2e-6


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_resize(difference: Difference, mode: str, rank: int) -> None:
    for size in (1, 3, 4, 14, 20, 28):
        sides = (14, 5, 2)[:rank]
        x = tensor(2, *sides).resize((size, 10, 7)[:rank], mode=mode)
        assert difference(x.graph("resize")) < 2e-6, size


def test_the_nearest_neighbour_is_exactly_pytorchs(difference: Difference) -> None:
    """ONNX Runtime's own arithmetic takes another one for 14 → 4 and 21 → 6."""
    for side in (1, 7, 14, 20, 21):
        wires = [tensor(1, side).resize(wanted) for wanted in range(1, 45)]
        graph = concat(*(wire.flatten() for wire in wires)).graph("all")
        assert difference(graph) == 0, side


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_arranging_and_combining(difference: Difference, rank: int) -> None:
    x = tensor(12, *(4, 3, 2)[:rank])
    y = concat(x.shuffle(3).reorder((*range(5, 12), *range(5))).slice(1, 9), x.act("tanh").pad_channels(2, 1))
    wires = [y, y * y, x + x, concat(x)]
    if rank:
        wires += [x * x.global_pool(), x.global_pool("max") * x, y.flatten()]
    assert difference(wires[0].graph("arranged", *wires[1:])) < 2e-6


def test_sums_of_more_than_two(difference: Difference) -> None:
    x = image(4, 3)
    parts = [x.act(function) for function in ("relu", "tanh", "elu", "gelu")]
    graph = concat(*parts).graph("parts")
    entries = [(node.name, node.operator, node.inputs) for node in graph.nodes[:-1]]
    several = Graph.build("sum", [*entries, ("sum", Add(), graph.nodes[-1].inputs)], ("sum",))
    assert difference(several) < 1e-6


@pytest.mark.parametrize("bias", [False, True])
def test_linear_layers_and_norms_of_vectors(difference: Difference, bias: bool) -> None:
    x = image(3, 4).norm().flatten().norm(affine=False).linear(7, bias=bias).norm().act("relu").linear(5, bias=bias)
    assert difference(x.graph("vectors")) < 5e-6


def test_a_norm_stays_where_others_read_what_it_reads(difference: Difference) -> None:
    """Folded, the convolution's own result would be gone, which an addition, another norm or the reader needs."""
    x = image(3, 6).conv(8, 3, name="read")
    first = (x.norm(name="one") + x).graph("added")
    second = (x.norm(name="one") + x.norm(name="two")).graph("twice")
    third = x.norm(name="one").graph("both", x)
    for graph in (first, second, third):
        assert difference(graph) < 5e-6, graph.name


def test_shared_weights_with_norms_of_their_own(difference: Difference) -> None:
    x = image(4, 8).conv(4, 3, name="first").norm(name="one").conv(4, 3, name="second").norm(name="two")
    x = x.conv(4, 3, name="third").act("relu").conv(4, 3, name="fourth").norm(name="four")
    plain = x.graph("shared")
    entries = [(node.name, node.operator, node.inputs) for node in plain.nodes]
    shares = {"second": "first", "third": "first", "fourth": "first", "four": "one"}
    assert difference(Graph.build("shared", entries, plain.outputs, shares=shares)) < 1e-5


def test_networks_that_compute_nothing(difference: Difference) -> None:
    x = image(3, 4)
    for graph in (x.graph("input"), x.dropout(0.5).graph("dropout"), x.act("relu").dropout(0.5).graph("end")):
        assert difference(graph) == 0


def test_several_inputs_and_outputs(difference: Difference) -> None:
    """Also one output that is an input, two that are one, and one that the next layers read."""
    left, right = image(3, 6), Wire(Input(shape=(5, 6, 6)), (), (5, 6, 6), "", "right", "")
    joined = concat(left, right).conv(4, 3, name="joined").norm()
    entries = [(node.name, node.operator, node.inputs) for node in joined.act("relu").graph("two").nodes]
    names = [entry[0] for entry in entries]
    outputs = ("joined_norm", "right", names[-1], names[-1])
    assert difference(Graph.build("two", entries, outputs)) < 5e-6
