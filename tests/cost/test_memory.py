"""Peak memory against a simulation that keeps a set of live tensors, and by hand where the answer is known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featherbone.cost import peak_memory
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, concat, image, symbols

NOTHING_SHARED = {"in_place": False, "fused": False}


def elements(graph: Graph, name: str) -> int:
    return math.prod(graph[name].shape)


def simulated(graph: Graph) -> int:
    """The peak without any sharing: run the graph, keep what somebody still needs."""
    alive: set[str] = {node.name for node in graph.inputs}
    peak = 0
    for step, node in enumerate(graph.nodes):
        alive.add(node.name)
        peak = max(peak, sum(elements(graph, name) for name in alive))
        needed = set(graph.outputs) | {name for later in graph.nodes[step + 1 :] for name in later.inputs}
        alive &= needed
    return 4 * peak


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Random graphs of branches, joins, strides and element-wise operators, without views."""
    wires: list[Wire] = [image(draw(st.integers(1, 4)), 8)]
    for step in range(draw(st.integers(1, 10))):
        x = draw(st.sampled_from(wires))
        match draw(st.sampled_from(["conv", "act", "norm", "dropout", "add", "concat", "pool"])):
            case "conv":
                y = x.conv(draw(st.integers(1, 6)), 3, name=f"conv{step}")
            case "act":
                y = x.act("relu", name=f"act{step}")
            case "norm":
                y = x.norm(name=f"norm{step}")
            case "dropout":
                y = x.dropout(0.5, name=f"dropout{step}")
            case "add":
                same = [wire for wire in wires if wire.shape == x.shape]
                y = x.add(draw(st.sampled_from(same)), name=f"add{step}")
            case "concat":
                same = [wire for wire in wires if wire.sides == x.sides]
                y = concat(x, draw(st.sampled_from(same)), name=f"concat{step}")
            case _:
                y = x.max_pool(2, name=f"pool{step}") if x.sides[0] > 1 else x
        wires.append(y)
    return wires[-1].graph("random", *draw(st.lists(st.sampled_from(wires), max_size=1)))


@given(networks())
def test_without_sharing_it_is_the_simulation(graph: Graph) -> None:
    assert peak_memory(graph, **NOTHING_SHARED).bytes == simulated(graph)


@given(networks(), st.booleans(), st.booleans(), st.booleans())
def test_bounds_and_order(graph: Graph, in_place: bool, fused: bool, add_in_place: bool) -> None:
    sizes = [4 * elements(graph, node.name) for node in graph.nodes]
    peak = peak_memory(graph, in_place=in_place, fused=fused, add_in_place=add_in_place)
    assert max(sizes) <= peak.bytes <= sum(sizes)
    assert peak.bytes <= peak_memory(graph, **NOTHING_SHARED).bytes
    assert peak_memory(graph, add_in_place=True).bytes <= peak.bytes
    assert sum(tensor.bytes for tensor in peak.live) == peak.bytes
    assert max(amount for _, amount in peak.timeline) == peak.bytes
    assert dict(peak.timeline)[peak.node] == peak.bytes


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_a_chain_peaks_at_its_largest_pair(widths: list[int]) -> None:
    x = image(3, 4)
    for width in widths:
        x = x.conv(width, 1).norm().act("relu")
    pairs = zip([3, *widths[:-1]], widths, strict=True)
    assert peak_memory(x.graph("chain"), "int8").bytes == 16 * max(before + after for before, after in pairs)


def test_a_residual_keeps_its_shortcut_alive() -> None:
    x = image(4, 8)
    y = x.conv(16, 1, name="expand").act("relu").conv(4, 1, name="project")
    peak = peak_memory((x + y).graph("block"), "int8")
    assert peak.node == "project"
    assert {tensor.name: tensor.bytes for tensor in peak.live} == {"expand": 1024, "image": 256, "project": 256}


def test_add_writes_over_an_input_only_where_asked() -> None:
    x = image(4, 8).conv(4, 1, name="a")
    block = (x + x.conv(4, 1, name="b")).graph("block")
    assert dict(peak_memory(block, "int8").timeline)["add"] == 3 * 256
    assert dict(peak_memory(block, "int8", add_in_place=True).timeline)["add"] == 2 * 256


def test_an_activation_does_not_write_over_what_is_read_later() -> None:
    x = image(4, 8).conv(4, 1, name="a")
    graph = (x.act("relu") + x).graph("g")
    assert peak_memory(graph, "int8").bytes == 3 * 256


def test_a_view_costs_nothing_and_keeps_its_source_alive() -> None:
    x = image(4, 8).conv(4, 1, name="a")
    left, right = x.split(2)
    y = concat(left, right.conv(2, 3, name="b"))
    peak = peak_memory(y.graph("g"), "int8")
    assert {tensor.name: tensor.bytes for tensor in peak.live} == {"a": 256, "b": 128, "concat": 256}
    flat = image(4, 8).conv(4, 1).flatten().dropout(0.5).graph("flat")
    assert dict(peak_memory(flat, "int8").timeline)["dropout"] == 256


def test_an_activation_of_a_part_does_not_take_the_whole() -> None:
    x = image(4, 8).conv(4, 1, name="a").slice(0, 1).act("relu", name="act")
    assert dict(peak_memory(x.graph("g"), "int8").timeline)["act"] == 256 + 64


def test_every_input_is_there_from_the_start() -> None:
    graph = image(1, 4, name="left").conv(1, 1, name="first").add(image(1, 4, name="right")).graph("g")
    assert dict(peak_memory(graph, "int8").timeline)["first"] == 3 * 16


def test_an_output_lives_to_the_end() -> None:
    x = image(1, 4)
    early = x.conv(8, 1, name="early")
    late = early.conv(1, 1, name="late").conv(1, 1, name="last")
    assert "early" in {tensor.name for tensor in peak_memory(late.graph("g", early), "int8").live}
    assert dict(peak_memory(late.graph("g", early), "int8").timeline)["last"] == 16 * (8 + 1 + 1)
    assert dict(peak_memory(late.graph("g"), "int8").timeline)["last"] == 16 * 2


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float16", 2), ("bfloat16", 2), ("int8", 1)])
def test_dtypes(dtype: str, size: int) -> None:
    assert peak_memory(image(1, 4).conv(1, 1).graph("g"), dtype).bytes == 32 * size


def test_what_it_refuses() -> None:
    with pytest.raises(FeatherboneError, match="unknown dtype 'float12'"):
        peak_memory(image(1, 4).conv(1, 1).graph("g"), "float12")
    with pytest.raises(FeatherboneError, match="symbolic"):
        peak_memory(image(1, symbols("I")[0]).conv(1, 1).graph("g"))
