"""Every block: its published closed form, the same numbers from the built graph, and what it refuses."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from featherbone.blocks import (
    BLOCKS,
    asymmetric,
    basic,
    block,
    bottleneck,
    excited,
    fire,
    inverted_residual,
    shuffle_unit,
    shuffle_unit_v2,
    stacked,
    two_stage_squeeze,
    universal_bottleneck,
)
from featherbone.cost import count
from featherbone.cost.formula import formula
from featherbone.errors import FeatherboneError
from featherbone.graph import from_json, image, symbols, to_json

M, N, K, I, G, S, t, p = symbols("M N K I G S t p")  # noqa: E741

PUBLISHED = {
    "standard": K**2 * M * N,
    "grouped": K**2 * M * N / G,
    "stacked": K**2 * M * N + K**2 * N**2,
    "asymmetric": K * M * N + K * N**2,
    "fire": M * N / t + (N / t) * (1 - p) * N + K**2 * (N / t) * p * N,
    "basic": K**2 * M * N + K**2 * N**2,
    "bottleneck": M * N / t + K**2 * N**2 / t**2 + N**2 / t,
    "resnext": M * N / t + K**2 * N**2 / (G * t**2) + N**2 / t,
    "depthwise_separable": K**2 * M + M * N,
    "separable": M * N + K**2 * N,
    "shuffle_unit": M * N / (G * t) + K**2 * N / t + N**2 / (G * t),
    "shuffle_unit_v2": M**2 / 4 + K**2 * M / 2 + M**2 / 4,
    "inverted_residual": t * M**2 + K**2 * t * M + t * M * N,
    "universal_bottleneck": S**2 * M + t * M**2 + K**2 * t * M + t * M * N,
    "two_stage_squeeze": M * N / t + (1 + 3 * K) * N**2 / (2 * t**2) + N**2 / t,
    "ghost": M * N / t + K**2 * N * (t - 1) / t,
    "rep_ghost": M * N + K**2 * N,
    "branched": K**2 * M * N / G,
    "mobile_one": K**2 * M + M * N,
    "squeeze_excitation": 2 * M**2 / t / I**2,
}


@pytest.mark.parametrize("name", BLOCKS)
def test_closed_form_is_the_published_one(name):
    assert sympy.expand(formula(name).per_position - PUBLISHED[name]) == 0


@st.composite
def numbers(draw):
    """Values for every letter at which all divisions are whole and no block builds less (t = 1) or more (N = M)."""
    t, G = draw(st.sampled_from([2, 4])), draw(st.sampled_from([2, 4]))
    return {
        "M": 16 * draw(st.integers(1, 6)),
        "N": 16 * draw(st.integers(7, 12)),
        "K": draw(st.sampled_from([1, 3, 5, 7])),
        "S": draw(st.sampled_from([3, 5])),
        "I": draw(st.integers(8, 20)),
        "t": t,
        "G": G,
        "p": draw(st.sampled_from([0.25, 0.5, 0.75])),
    }


@pytest.mark.parametrize("name", BLOCKS)
@given(values=numbers())
@settings(max_examples=15, deadline=None)
def test_formula_at_numbers_equals_count_of_the_graph(name, values):
    known = BLOCKS[name]
    chosen = {letter: values[letter] for letter in known.letters()}
    graph = known.build(**chosen).graph(name)
    cost = count(graph)
    substituted = {symbols(letter)[0]: sympy.Rational(str(value)) for letter, value in chosen.items()}
    form = formula(name)
    assert form.macs.subs(substituted) == cost.macs
    assert form.parameters.subs(substituted) == cost.params
    assert from_json(to_json(graph)) == graph


def test_symbols_and_ratio_to_the_standard_convolution():
    assert sympy.expand(formula("depthwise_separable").ratio - (1 / N + 1 / K**2)) == 0
    assert sympy.expand(formula("grouped").ratio - 1 / G) == 0


def test_asymmetric_orders_differ_only_in_order():
    x = image(16, 9)
    first, second = asymmetric(x, 8, kernel=7).graph("a"), asymmetric(x, 8, kernel=7, order="row_first").graph("b")
    kernels = [
        [node.operator.kernel for node in graph.nodes if node.operator.kind == "conv"] for graph in (first, second)
    ]
    assert kernels == [[(7, 1), (1, 7)], [(1, 7), (7, 1)]]
    strided = asymmetric(x, 8, kernel=3, stride=2)
    assert strided.shape == (8, 5, 5)
    parallel = asymmetric(x, 8, kernel=3, order="parallel")
    assert parallel.shape == (8, 9, 9)
    assert count(parallel.graph("p")).macs == 3 * 16 * 8 * 81


def test_fire_at_the_ends_of_its_share():
    for large in (0, 1):
        graph = fire(image(16, 8), 32, squeeze=4, large=large).graph("fire")
        assert "concat" not in {node.operator.kind for node in graph.nodes}
        assert graph.output_shape == (32, 8, 8)


def test_residual_shortcuts():
    x = image(16, 8)
    kinds = lambda wire: [node.operator.kind for node in wire.graph("net").nodes]  # noqa: E731
    assert kinds(basic(x, 16)).count("conv") == 2
    assert kinds(basic(x, 32, stride=2)).count("conv") == 3
    assert kinds(basic(x, 16, shortcut="projection")).count("conv") == 3
    padded = basic(x, 32, stride=2, shortcut="pad")
    assert kinds(padded).count("conv") == 2
    assert "pad_channels" in kinds(padded)
    assert "add" not in kinds(basic(x, 32, shortcut="none"))


def test_inverted_residual_adds_only_where_it_can():
    kinds = lambda wire: [node.operator.kind for node in wire.graph("net").nodes]  # noqa: E731
    assert "add" in kinds(inverted_residual(image(16, 8), 16))
    assert "add" not in kinds(inverted_residual(image(16, 8), 24))
    assert "add" not in kinds(inverted_residual(image(16, 8), 16, stride=2))
    assert kinds(inverted_residual(image(16, 8), 16, expand=1)).count("conv") == 2


def test_inverted_residual_with_its_width_inside():
    wide = inverted_residual(image(16, 8), 24, wide=40).graph("net")
    assert wide["expand"].operator.out_channels == wide["depthwise"].operator.groups == 40
    assert "expand" not in inverted_residual(image(16, 8), 24, wide=16).graph("net")


def test_universal_bottleneck_with_either_kernel_both_or_none():
    def strides(**settings):
        graph = universal_bottleneck(image(16, 8), 16, **settings).graph("net")
        return {node.name: node.operator.stride[0] for node in graph.nodes if node.operator.kind == "conv"}

    assert strides(start=5, kernel=3, stride=2) == {"start": 1, "expand": 1, "depthwise": 2, "project": 1}
    assert strides(start=5, kernel=None, stride=2) == {"start": 2, "expand": 1, "project": 1}
    assert strides(start=None, kernel=3, stride=2) == {"expand": 1, "depthwise": 2, "project": 1}
    assert strides(start=None, kernel=None) == {"expand": 1, "project": 1}


def test_two_stage_squeeze_activates_its_projection_and_turns_its_kernels():
    graph = two_stage_squeeze(image(16, 8), 32, stride=2, order="row_first").graph("net")
    names = [node.name for node in graph.nodes]
    assert names.index("row") < names.index("column")
    assert "shortcut_act" in names
    assert graph.output_shape == (32, 4, 4)


def test_bottleneck_strides_where_it_is_told():
    for where, striding in (("kernel", "conv"), ("reduce", "reduce")):
        graph = bottleneck(image(64, 8), 64, stride=2, stride_at=where).graph("net")
        strided = {node.name for node in graph.nodes if node.operator.kind == "conv" and node.operator.stride == (2, 2)}
        assert strided == {striding, "shortcut"}


def test_excitation_stands_before_the_add_and_wraps_any_block():
    nodes = [node.operator.kind for node in excited(basic)(image(32, 8), 32).graph("net").nodes]
    assert nodes.index("multiply") < nodes.index("add")
    assert excited(stacked)(image(32, 8), 32).graph("net").nodes[-1].operator.kind == "multiply"
    for name, known in BLOCKS.items():
        if name != "squeeze_excitation":
            assert excited(known.function)(image(192, 4), 192).shape == (192, 4, 4)


def test_shuffle_units_keep_or_double():
    assert shuffle_unit(image(24, 8), 24, groups=3).shape == (24, 8, 8)
    assert shuffle_unit(image(24, 8), 48, groups=3, stride=2).shape == (48, 4, 4)
    assert shuffle_unit_v2(image(24, 8), 24).shape == (24, 8, 8)
    assert shuffle_unit_v2(image(24, 8), 48, stride=2).shape == (48, 4, 4)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda x: bottleneck(x, 30), r"reduction of 4 does not divide 30 channels"),
        (lambda x: bottleneck(x, 32, reduction=0), r"reduction of 0 does not divide"),
        (lambda x: fire(x, 32, large=1.5), r"share of 1.5"),
        (lambda x: basic(x, 16, shortcut="identity"), r"shortcut is 'identity'; it must be one of auto, projection"),
        (lambda x: asymmetric(x, 16, order="both"), r"order is 'both'; it must be one of column_first"),
        (lambda x: shuffle_unit(x, 24), r"16 channels in cannot become 24"),
        (lambda x: shuffle_unit_v2(x, 24), r"16 cannot become 24"),
        (lambda x: universal_bottleneck(x, 16, start=None, kernel=None, stride=2), r"no place for a stride of 2"),
        (lambda x: bottleneck(x, 32, stride_at="first"), r"stride_at is 'first'"),
        (lambda x: block("inverted_residul"), r"unknown block 'inverted_residul' \(did you mean inverted_residual\?\)"),
    ],
)
def test_bad_settings_are_refused(build, said):
    with pytest.raises(FeatherboneError, match=said):
        build(image(16, 8))
