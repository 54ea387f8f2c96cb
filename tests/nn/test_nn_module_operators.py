"""Every operator computes what it says: against its definition written out slowly, in the shape stated."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, concat, image, scope
from featherbone.graph.operators import ACTIVATIONS
from featherbone.nn import module


def run(wire: Wire, *inputs: Tensor) -> Tensor:
    with torch.no_grad():
        output: Tensor = module(wire.graph("one"), seed=0).eval()(*inputs)
    assert tuple(output.shape[1:]) == wire.shape
    return output


def pool(x: Tensor, wire: Wire, reduce: str) -> Tensor:
    """Pooling by its definition: for each window, the values that lie on the map (and the padding, where it counts)."""
    operator = wire.operator
    (kernel, _), (stride, _) = operator.kernel, operator.stride
    (top, bottom), (left, right) = operator.padding
    height, width = x.shape[2:]
    result = torch.empty(*x.shape[:2], *wire.shape[1:])
    for row in range(wire.shape[1]):
        for column in range(wire.shape[2]):
            first, start = row * stride - top, column * stride - left
            window = x[:, :, max(first, 0) : max(first + kernel, 0), max(start, 0) : max(start + kernel, 0)]
            if reduce == "max":
                result[:, :, row, column] = window.amax((2, 3))
                continue
            size = window.shape[2] * window.shape[3]
            if operator.count_padding:  # a window that reaches over the padded edge, as ceil allows, is cut there
                rows = min(first + kernel, height + bottom) - first
                size = rows * (min(start + kernel, width + right) - start)
            result[:, :, row, column] = window.sum((2, 3)) / size
    return result


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_pooling(data: st.DataObject) -> None:
    kernel, stride = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    edge = st.integers(0, kernel // 2)
    height, width = data.draw(st.integers(kernel, 9)), data.draw(st.integers(kernel, 9))
    padding = tuple((data.draw(edge), data.draw(edge)) for _ in range(2))
    ceil, count_padding = data.draw(st.booleans()), data.draw(st.booleans())
    x, wire = torch.randn(2, 3, height, width), image(3, height, width)
    largest = wire.max_pool(kernel, stride=stride, padding=padding, ceil=ceil)
    torch.testing.assert_close(run(largest, x), pool(x, largest, "max"))
    mean = wire.avg_pool(kernel, stride=stride, padding=padding, ceil=ceil, count_padding=count_padding)
    torch.testing.assert_close(run(mean, x), pool(x, mean, "avg"))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_convolution(data: st.DataObject) -> None:
    """Against the sum over kernel positions and channels, in one, two and three dimensions."""
    rank, groups = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    pick = [tuple(data.draw(st.integers(1, 3)) for _ in range(rank)) for _ in range(3)]
    kernel, stride, dilation = pick
    padding = tuple((data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))) for _ in range(rank))
    shape = (2 * groups, *(7 for _ in range(rank)))
    wire = _map(shape).conv(
        3 * groups, kernel, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=True, name="c"
    )
    net = module(wire.graph("one"), seed=1).eval()
    torch.nn.init.normal_(net.c.bias)
    x = torch.randn(2, *shape)
    with torch.no_grad():
        output, weight = net(x), net.c.weight
        padded = F.pad(x, [edge for pair in reversed(padding) for edge in pair])
        place = tuple(int(torch.randint(size, ())) for size in wire.shape[1:])
        steps = zip(place, stride, dilation, kernel, strict=True)
        reach = [slice(p * s, p * s + d * (k - 1) + 1, d) for p, s, d, k in steps]
        window = padded[(slice(None), slice(None), *reach)]
        each = torch.stack(
            [
                (window[:, None, out // 3 * 2 : out // 3 * 2 + 2] * weight[out]).flatten(1).sum(1) + net.c.bias[out]
                for out in range(3 * groups)
            ],
            dim=1,
        )
    assert tuple(output.shape[1:]) == wire.shape
    torch.testing.assert_close(output[(slice(None), slice(None), *place)], each, rtol=1e-4, atol=1e-5)


def _map(shape: tuple[int, ...]) -> Wire:
    """An input of any rank."""
    from featherbone.graph.operators import Input

    return Wire(Input(shape=shape), (), shape, "", "image", "")


DEFINITIONS = {
    "elu": lambda v: v if v > 0 else math.exp(v) - 1,
    "gelu": lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2,
    "hard_sigmoid": lambda v: min(max(v + 3, 0), 6) / 6,
    "hard_swish": lambda v: v * min(max(v + 3, 0), 6) / 6,
    "leaky_relu": lambda v: v if v > 0 else 0.01 * v,
    "mish": lambda v: v * math.tanh(math.log1p(math.exp(v))),
    "relu": lambda v: max(v, 0),
    "relu6": lambda v: min(max(v, 0), 6),
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
    "silu": lambda v: v / (1 + math.exp(-v)),
    "tanh": math.tanh,
}


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_activation(function: str) -> None:
    values = torch.linspace(-8, 8, 33)
    wanted = torch.tensor([DEFINITIONS[function](value) for value in values.tolist()])
    given = values.clone().reshape(1, 33, 1, 1)
    torch.testing.assert_close(run(image(33, 1).act(function), given).flatten(), wanted, rtol=1e-4, atol=1e-6)
    assert torch.equal(given.flatten(), values), "an input is never overwritten"


def test_arranging_channels() -> None:
    x = torch.arange(6.0).reshape(1, 6, 1, 1).expand(2, 6, 4, 5).contiguous()
    wire = image(6, 4, 5)
    assert run(wire.shuffle(2), x)[0, :, 0, 0].tolist() == [0, 3, 1, 4, 2, 5]
    assert run(wire.reorder((4, 0, 5, 1, 3, 2)), x)[0, :, 0, 0].tolist() == [4, 0, 5, 1, 3, 2]
    assert run(wire.slice(1, 3), x)[0, :, 0, 0].tolist() == [1, 2]
    assert run(wire.pad_channels(1, 2), x)[0, :, 0, 0].tolist() == [0, 0, 1, 2, 3, 4, 5, 0, 0]
    first, second = wire.split(2)
    assert run(concat(second, first), x)[0, :, 0, 0].tolist() == [3, 4, 5, 0, 1, 2]
    assert torch.equal(run(wire.flatten(), x), x.flatten(1))
    vector = torch.arange(6.0).reshape(1, 6)
    assert run(_map((6,)).shuffle(2).slice(0, 3).pad_channels(0, 1), vector).tolist() == [[0, 3, 1, 0]]


def test_local_response_norm() -> None:
    x = torch.randn(2, 7, 3, 3)
    energy = torch.stack([(x[:, max(c - 2, 0) : c + 3] ** 2).sum(1) for c in range(7)], dim=1)
    wanted = x / (2 + 0.1 / 5 * energy) ** 0.75
    torch.testing.assert_close(run(image(7, 3).local_response_norm(size=5, alpha=0.1), x), wanted)


def test_combining_and_global_pooling() -> None:
    x = torch.randn(2, 6, 4, 5)
    wire = image(6, 4, 5)
    torch.testing.assert_close(run(wire.global_pool(), x).flatten(1), x.mean((2, 3)))
    torch.testing.assert_close(run(wire.global_pool("max"), x).flatten(1), x.amax((2, 3)))
    torch.testing.assert_close(run(wire * wire.global_pool(), x), x * x.mean((2, 3), keepdim=True))
    torch.testing.assert_close(run(wire.global_pool() * wire, x), x * x.mean((2, 3), keepdim=True))
    assert torch.equal(run(wire + wire, x), x + x)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_maps_of_one_two_and_three_sides(rank: int) -> None:
    shape = (4, *(6 for _ in range(rank)))
    wire = _map(shape).conv(8, 3).norm().act("relu").max_pool(2).conv(8, 1).avg_pool(2, padding=1)
    wire = wire.resize(7).resize(5, mode="bilinear").global_pool().flatten().linear(3)
    every_node_has_its_shape(wire.graph("ranks"))


def test_more_than_three_sides_are_refused_with_the_node() -> None:
    with pytest.raises(FeatherboneError, match="deep: PyTorch has no conv for a map with 4 sides"):
        module(_map((4, 3, 3, 3, 3)).conv(8, 1, name="deep").graph("deep"))


def test_resize_repeats_and_interpolates() -> None:
    x = torch.tensor([[[[0.0, 1.0]]]])
    assert run(image(1, 1, 2).resize((1, 4)), x).flatten().tolist() == [0, 0, 1, 1]
    assert run(image(1, 1, 2).resize((1, 4), mode="bilinear"), x).flatten().tolist() == [0, 0.25, 0.75, 1]


def test_dropout_acts_in_training_only() -> None:
    net = module(image(1000, 1).dropout(0.25).graph("drop"))
    torch.manual_seed(0)
    output = net(torch.ones(1, 1000, 1, 1))
    assert sorted(set(output.flatten().tolist())) == [0, pytest.approx(4 / 3)]
    assert 200 < int((output == 0).sum()) < 300
    assert torch.equal(net.eval()(torch.ones(1, 1000, 1, 1)), torch.ones(1, 1000, 1, 1))


def test_batch_norm_settings_reach_torch() -> None:
    net = module(image(4, 2).norm(epsilon=0.001, momentum=0.01, affine=False, name="n").graph("norm"))
    assert (net.n.eps, net.n.momentum, net.n.affine) == (0.001, 0.01, False)


def every_node_has_its_shape(graph: Graph) -> None:
    """Run with every node as an output, and compare each with the shape that the graph states."""
    every = replace(graph, outputs=tuple(node.name for node in graph.nodes))
    inputs = [torch.randn(2, *node.shape) for node in graph.inputs]
    with torch.no_grad():
        outputs = module(every, seed=0).eval()(*inputs)
    for node, output in zip(graph.nodes, outputs, strict=True):
        assert tuple(output.shape) == (2, *node.shape), node.name
        assert output.isfinite().all(), node.name


def test_scopes_do_not_change_what_is_computed() -> None:
    x = torch.randn(1, 3, 8, 8)
    plain = image(3, 8).conv(4, 3).norm().act("relu")
    with scope("a"), scope("b"):
        scoped = image(3, 8).conv(4, 3).norm().act("relu")
    assert torch.equal(run(plain, x), run(scoped, x))
