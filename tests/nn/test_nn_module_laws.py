"""What holds for the module of every graph: names, shapes, counts, seeds, memory formats, export."""

from __future__ import annotations

import copy
import math
import traceback
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from featherbone.blocks import (
    basic,
    bottleneck,
    fire,
    ghost,
    inverted_residual,
    resnext,
    shuffle_unit,
    shuffle_unit_v2,
    two_stage_squeeze,
    universal_bottleneck,
)
from featherbone.graph import Graph, Wire, concat, image, scope
from featherbone.graph.operators import BatchNorm, Conv, Linear
from featherbone.networks import network
from featherbone.nn import module, weights_of


def _stack(block: Callable[[Wire], Wire]) -> Graph:
    x = image(3, 17).conv(24, 3, stride=2, name="stem").norm().act("relu")
    for number in (1, 2):
        with scope("stage1"), scope(str(number)):
            x = block(x)
    return x.global_pool().flatten().dropout(0.2).linear(5, name="classifier").graph("stack")


GRAPHS = {
    "basic": _stack(lambda x: basic(x, 32, stride=2)),
    "bottleneck": _stack(lambda x: bottleneck(x, 48)),
    "fire": _stack(lambda x: fire(x, 32)),
    "inverted_residual": _stack(lambda x: inverted_residual(x, 24, expand=4)),
    "resnext": _stack(lambda x: resnext(x, 48, groups=4)),
    "shuffle_unit": _stack(lambda x: shuffle_unit(x, 24, groups=3)),
    "shuffle_unit_v2": _stack(lambda x: shuffle_unit_v2(x, 48, stride=2)),
    "ghost": _stack(lambda x: ghost(x, 32)),
    "two_stage_squeeze": _stack(lambda x: two_stage_squeeze(x, 32, stride=2)),
    "universal_bottleneck": _stack(lambda x: universal_bottleneck(x, 24, start=5)),
    "mobilenet_v2": network("mobilenet_v2:width=0.5,resolution=64"),
}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Random networks: a growing set of maps, each new one read from any of the others."""
    wires = [image(draw(st.integers(1, 4)), draw(st.integers(6, 9)))]
    for _ in range(draw(st.integers(1, 12))):
        wire = draw(st.sampled_from(wires))
        alike = [other for other in wires if other.shape[1:] == wire.shape[1:]]
        same = [other for other in wires if other.shape == wire.shape]
        kind = draw(st.sampled_from(["conv", "norm", "act", "add", "concat", "pool", "depthwise", "scale", "slice"]))
        with scope(draw(st.sampled_from(["a", "b.0", "train"]))):
            if kind == "conv":
                wire = wire.conv(draw(st.integers(1, 6)), draw(st.integers(1, 3)), name="conv")
            elif kind == "norm":
                wire = wire.norm()
            elif kind == "act":
                wire = wire.act(draw(st.sampled_from(["relu", "hard_swish", "sigmoid"])))
            elif kind == "add":
                wire = wire + draw(st.sampled_from(same))
            elif kind == "concat":
                wire = concat(wire, draw(st.sampled_from(alike)))
            elif kind == "pool" and wire.shape[1] > 2:
                wire = wire.max_pool(2, stride=1, padding=draw(st.sampled_from([0, 1])))
            elif kind == "scale":
                wire = wire * wire.global_pool().act("sigmoid")
            elif kind == "slice":
                wire = wire.slice(0, draw(st.integers(1, wire.channels)))
            else:
                wire = wire.depthwise(3, multiplier=2, bias=True)
        wires.append(wire)
    outputs = draw(st.lists(st.sampled_from(wires), min_size=1, max_size=3))
    return outputs[0].graph("random", *outputs[1:])


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_random_graphs(graph: Graph) -> None:
    every_law(graph)


@pytest.mark.parametrize("name", GRAPHS)
def test_blocks_and_networks(name: str) -> None:
    every_law(GRAPHS[name])


def every_law(graph: Graph) -> None:
    net = module(graph, seed=0)
    assert {name: tuple(p.shape) for name, p in net.named_parameters()} == graph.parameters()
    assert {name: tuple(t.shape) for name, t in weights_of(net).items()} == {**graph.parameters(), **graph.buffers()}
    assert sum(p.numel() for p in net.parameters()) == sum(math.prod(shape) for shape in graph.parameters().values())
    for statistics in (m for m in net.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)):
        torch.nn.init.uniform_(statistics.running_var, 0.5, 2)
        torch.nn.init.normal_(statistics.running_mean)
    shapes_and_reused_variables(graph, net)
    multiply_adds(graph, net)


def shapes_and_reused_variables(graph: Graph, net: torch.nn.Module) -> None:
    """With every node as an output no variable is reused and nothing is overwritten; the outputs must be the same."""
    every = module(replace(graph, outputs=tuple(node.name for node in graph.nodes)))
    every.load_state_dict(net.state_dict())
    x = torch.randn(2, *graph.input_shape)
    before = x.clone()
    with torch.no_grad():
        outputs, seen = net.eval()(x), every.eval()(x)
    assert torch.equal(x, before)
    values = dict(zip((node.name for node in graph.nodes), seen if len(graph.nodes) > 1 else (seen,), strict=True))
    for node in graph.nodes:
        assert tuple(values[node.name].shape) == (2, *node.shape), node.name
    for name, output in zip(graph.outputs, outputs if len(graph.outputs) > 1 else (outputs,), strict=True):
        assert torch.equal(output, values[name]), name


def multiply_adds(graph: Graph, net: torch.nn.Module) -> None:
    counted = 0
    for node in graph.nodes:
        if isinstance(node.operator, Conv):
            weights = node.operator.parameters(*graph.input_shapes(node))["weight"]
            counted += math.prod(weights) * math.prod(node.shape[1:])
        elif isinstance(node.operator, Linear):
            counted += math.prod(node.operator.parameters(*graph.input_shapes(node))["weight"])
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        net.eval()(torch.randn(1, *graph.input_shape))
    assert flops.get_total_flops() == 2 * counted


@pytest.mark.parametrize("name", GRAPHS)
def test_training_reaches_every_parameter(name: str) -> None:
    """In-place activations overwrite nothing that a gradient needs: autograd would refuse."""
    net = module(GRAPHS[name], seed=0)
    net(torch.randn(4, *GRAPHS[name].input_shape)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in net.parameters())


@pytest.mark.parametrize("name", GRAPHS)
def test_memory_formats_agree(name: str) -> None:
    graph = GRAPHS[name]
    net, x = module(graph, seed=0).eval(), torch.randn(2, *graph.input_shape)
    with torch.no_grad():
        plain = net(x)
        last = net.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    torch.testing.assert_close(last, plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", GRAPHS)
def test_export(name: str) -> None:
    graph = GRAPHS[name]
    net, x = module(graph, seed=0).eval(), torch.randn(3, *graph.input_shape)
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(net, (x,), dynamic_shapes=({0: batch},))
    with torch.no_grad():
        torch.testing.assert_close(program.module()(x[:2]), net(x[:2]), rtol=1e-5, atol=1e-6)


def test_compiled_without_a_break() -> None:
    """With names that need the second form of access; tracing only, as generating C++ takes long."""
    with scope("layer1.0.train"):
        graph = inverted_residual(image(8, 8), 8, expand=2).graph("small")
    net, x = module(graph, seed=0).eval(), torch.randn(2, 8, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(net, backend="eager", fullgraph=True)(x), net(x))


def test_seeds() -> None:
    graph = GRAPHS["inverted_residual"]
    before = torch.random.get_rng_state()
    first, again, other = (weights_of(module(graph, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before), "the global generator was moved"
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["stem.weight"], other["stem.weight"])
    torch.manual_seed(5)
    one = weights_of(module(graph))
    torch.manual_seed(5)
    assert torch.equal(weights_of(module(graph))["stem.weight"], one["stem.weight"])


def test_initial_deviations() -> None:
    x = image(64, 8).conv(256, 3, name="conv").norm().depthwise(5, name="depthwise").norm()
    graph = x.conv(64, 3, groups=2, bias=True, name="grouped").flatten().linear(100, name="fc").graph("drawn")
    weights = weights_of(module(graph, seed=0))
    for name, deviation in {
        "conv": math.sqrt(2 / (9 * 256)),
        "depthwise": math.sqrt(2 / 25),
        "grouped": math.sqrt(2 / (9 * 32)),
        "fc": 0.01,
    }.items():
        assert weights[f"{name}.weight"].std().item() == pytest.approx(deviation, rel=0.05), name
        assert abs(weights[f"{name}.weight"].mean().item()) < deviation / 10, name
    assert not weights["fc.bias"].any()
    assert not weights["grouped.bias"].any()
    for node in graph.nodes:
        if isinstance(node.operator, BatchNorm):
            values = {key: set(weights[f"{node.name}.{key}"].tolist()) for key in ("weight", "bias", "running_var")}
            assert values == {"weight": {1.0}, "bias": {0.0}, "running_var": {1.0}}


def test_deep_copies_are_their_own() -> None:
    net = module(GRAPHS["basic"], seed=0)
    copied = copy.deepcopy(net)
    torch.nn.init.zeros_(copied.classifier.weight)
    assert net.classifier.weight.any()
    assert copied.graph is net.graph


def test_a_traceback_shows_the_generated_line() -> None:
    with pytest.raises(RuntimeError) as caught:
        module(GRAPHS["basic"])(torch.zeros(1, 4, 17, 17))
    assert "x = self.stem(x)" in "".join(traceback.format_tb(caught.value.__traceback__))


def test_a_state_dict_without_counters_loads_strictly() -> None:
    net, other = module(GRAPHS["basic"], seed=0), module(GRAPHS["basic"], seed=1)
    other.load_state_dict(dict(weights_of(net)), strict=True)
    assert torch.equal(other.stem.weight, net.stem.weight)
