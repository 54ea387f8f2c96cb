"""Counting: exact, in rows that add up, under a convention that is data."""

from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from featherbone.cost import PAPERS, Charge, Convention, count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, image, scope, symbols


def small(width: int = 8, *, depth: int = 2, kernel: int = 3, bias: bool = False) -> Graph:
    x = image(3, 16).conv(width, kernel, stride=2, bias=bias, name="stem").norm().act("relu")
    for stage in range(1, depth + 1):
        with scope(f"stage{stage}"), scope("block1"):
            y = x.depthwise(3).norm().act("relu").pointwise(width, name="project").norm()
            x = x + y
    with scope("head"):
        return x.max_pool(2).global_pool().flatten().linear(10).graph("small")


def test_a_convolution_by_hand() -> None:
    graph = image(4, 10, 6).conv(8, (3, 1), stride=(2, 1), padding="valid", groups=2, bias=True).graph("g")
    cost = count(graph)
    assert graph.output_shape == (8, 4, 6)
    assert cost.macs == 8 * 4 * 6 * (4 // 2) * 3 * 1
    assert cost.flops == 2 * cost.macs
    assert cost.params == 8 * 2 * 3 * 1 + 8
    assert cost.activations == 8 * 4 * 6


def test_a_linear_layer_by_hand() -> None:
    cost = count(image(4, 2).flatten().linear(5).graph("g"))
    assert (cost.macs, cost.params, cost.activations) == (80, 85, 5)


@given(width=st.integers(1, 40), depth=st.integers(0, 4), kernel=st.sampled_from([1, 3, 5]), bias=st.booleans())
def test_totals_are_the_sums_of_the_rows_and_of_the_groups(width: int, depth: int, kernel: int, bias: bool) -> None:
    graph = small(width, depth=depth, kernel=kernel, bias=bias)
    cost = count(graph)
    parts = [cost.rows, cost.by_scope(1), cost.by_scope(2), cost.by_scope(9)]
    for rows in parts:
        assert sum(row.params for row in rows) == cost.params
        assert sum(row.macs for row in rows) == cost.macs
        assert sum(row.activations for row in rows) == cost.activations
    assert cost.params == sum(
        sympy.prod(shape) for shape in graph.parameters().values()
    )  # every tensor that the graph names, once


def test_groups_are_stages_then_blocks_and_norms_follow_their_convolution() -> None:
    cost = count(small())
    assert [group.name for group in cost.by_scope(1)] == ["image", "stem", "stage1", "stage2", "head"]
    assert [row.name for row in cost.by_scope(1)[1].rows] == ["stem", "stem_norm", "stem_act"]
    assert [group.name for group in cost.by_scope(2)][2:4] == ["stage1.block1", "stage2.block1"]
    assert cost.by_scope(1)[2].output == (8, 8, 8)
    with pytest.raises(FeatherboneError, match="depth is 0"):
        cost.by_scope(0)


def test_the_papers_charge_nothing_but_products() -> None:
    charged = {row.kind for row in count(small(bias=True)).rows if row.macs}
    assert charged == {"conv", "linear"}


@pytest.mark.parametrize(
    ("kind", "charge", "expected"),
    [
        ("batch_norm", Charge(written=2), 2 * 8 * 64),
        ("activation", Charge(written=1), 8 * 64),
        ("max_pool", Charge(window=1), 8 * 16 * 4),
        ("global_pool", Charge(read=1), 8 * 16),
        ("global_pool", Charge(window=1), 8 * 16),
        ("max_pool", Charge(written=Fraction(1, 2)), 64),
        ("add", Charge(read=1), 0),
    ],
)
def test_each_charge_by_hand(kind: str, charge: Charge, expected: int) -> None:
    graph = small(depth=0)
    convention = Convention(name="charged", charges={kind: charge})
    extra = count(graph, convention).macs - count(graph).macs
    assert extra == expected
    assert type(extra) is int


def test_biases_are_charged_and_counted_by_switch() -> None:
    graph = small(depth=0, bias=True)  # 8 biases of the convolution over 8×8, 10 of the classifier
    charged = Convention(name="biases", conv_bias=True, linear_bias=True)
    assert count(graph, charged).macs - count(graph).macs == 8 * 64 + 10
    assert count(small(depth=0), charged).macs - count(small(depth=0)).macs == 10
    assert count(graph).params - count(graph, Convention(name="none", biases=False)).params == 18
    assert count(graph).params - count(graph, Convention(name="none", norm_parameters=False)).params == 16


def test_activations_of_every_operator_leave_the_input_out() -> None:
    graph = small(depth=0)
    every = count(graph, Convention(name="every", activations=None)).activations
    assert every == sum(sympy.prod(row.output) for row in count(graph).rows[1:])


def test_what_is_not_counted_is_listed() -> None:
    graph = image(3, 8).opaque("fft", (3, 8, 8), weights=(("scale", (3,)),), name="mix").graph("g")
    cost = count(graph)
    assert cost.uncounted == (("mix", "fft"),)
    assert not cost.complete
    assert cost.params == 3
    assert cost.to_json()["uncounted"] == [{"name": "mix", "label": "fft"}]
    known = count(image(3, 8).opaque("fft", (3, 8, 8), macs=77).graph("g"))
    assert (known.macs, known.uncounted) == (77, ())


def test_a_symbolic_network_counts_to_an_expression() -> None:
    M, N, I = symbols("M N I")  # noqa: E741
    cost = count(image(M, I).conv(N, 3, stride=2).norm().graph("g"))
    assert sympy.expand(cost.macs - 9 * M * N * I**2 / 4) == 0
    assert cost.to_json()["totals"]["peak_memory"] is None
    half = Convention(name="half", charges={"batch_norm": Charge(written=Fraction(1, 2))})
    extra = count(image(M, I).conv(N, 3).norm().graph("g"), half).macs - 9 * M * N * I**2
    assert sympy.expand(extra - N * I**2 / 2) == 0


def test_json_holds_the_totals_and_a_row_an_operator() -> None:
    graph = small()
    report = count(graph).to_json()
    assert set(report["totals"]) == {"params", "unused_params", "macs", "flops", "activations", "peak_memory"}
    assert len(report["rows"]) == len(graph.nodes)
    assert report["convention"] == PAPERS.name
    assert report["rows"][1] == {
        "name": "stem",
        "kind": "conv",
        "description": "conv 3×3 /2",
        "inputs": [[3, 16, 16]],
        "output": [8, 8, 8],
        "params": 216,
        "macs": 216 * 64,
        "activations": 512,
    }


def wire_with_shared_input() -> Wire:
    x = image(4, 8)
    return x.conv(4, 3, name="left") + x.conv(4, 3, name="right")


def test_a_node_read_twice_is_counted_once() -> None:
    assert count(wire_with_shared_input().graph("g")).params == 2 * 4 * 4 * 9
