"""Narrowing equals masking on random wiring, and again on what was narrowed."""

from hypothesis import given, settings
from hypothesis import strategies as st
from narrowing import check_law, lively_weights, random_cut

from featherbone.graph import Graph, Wire, channel_sets, concat, image
from featherbone.rewrite import narrow

STEPS = (
    "conv",
    "grouped",
    "depthwise",
    "norm",
    "add",
    "concat",
    "gate",
    "shuffle",
    "slice",
    "pad",
    "transposed",
    "pool",
)


def further(draw: st.DrawFn, wire: Wire, step: str) -> Wire:
    """A wire after one more step; every number of channels stays a multiple of 6."""
    channels = int(wire.channels)
    some = 6 * draw(st.integers(1, 3))
    groups = draw(st.sampled_from([2, 3, 6]))
    match step:
        case "conv":
            return wire.conv(some, 3, bias=True).act("sigmoid")
        case "grouped":
            return wire.conv(some, 3, groups=groups, bias=True).act("tanh")
        case "depthwise":
            return wire.depthwise(3, multiplier=draw(st.integers(1, 2)))
        case "norm":
            return wire.norm().act("hard_swish")
        case "add":
            return wire + wire.conv(channels, 1, groups=groups)
        case "concat":
            return concat(wire, wire.pointwise(some))
        case "gate":
            return wire * wire.global_pool().pointwise(some).pointwise(channels, bias=True).act("sigmoid")
        case "shuffle":
            return wire.shuffle(groups)
        case "slice":
            return concat(wire.slice(6, channels), wire.slice(0, 6)) if channels > 6 else wire
        case "pad":
            return wire.pad_channels(2, 4)
        case "transposed":
            return wire.conv_transpose(some, 2, groups=groups, bias=True)
        case _:
            return wire.max_pool(2, stride=1)


@st.composite
def wired(draw: st.DrawFn) -> Graph:
    wire = image(2, 8).conv(12, 3, name="stem")
    for step in draw(st.lists(st.sampled_from(STEPS), min_size=2, max_size=7)):
        wire = further(draw, wire, step)
    wire = wire.flatten() if draw(st.booleans()) else wire.global_pool().flatten()
    return wire.linear(3, name="out").graph("random")


@given(wired(), st.integers(0, 99), st.sampled_from([0.2, 0.5, 0.8]))
@settings(max_examples=40, deadline=None)
def test_random_wiring_obeys_the_law_twice(graph, seed, share):
    weights = lively_weights(graph, seed)
    for _ in range(2):
        sets = channel_sets(graph)
        cut = random_cut(sets, share, seed)
        if not cut:
            return
        small = narrow(graph, weights, cut, sets=sets)
        assert check_law(graph, weights, sets, cut, small) < 1e-5
        graph, weights = small.graph, small.weights
