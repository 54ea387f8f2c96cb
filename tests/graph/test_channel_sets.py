"""Which channels belong together, by hand for each way in which an operator passes them on, and on the zoo."""

import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Wire, channel_sets, concat, image, narrow_graph, symbols
from featherbone.graph.operators import VOCABULARY, Operator
from featherbone.networks import network


def stem(channels: int = 4) -> Wire:
    return image(3, 8).conv(channels, 3, name="a")


def head(wire: Wire) -> Graph:
    return wire.global_pool(name="pool").flatten(name="flat").linear(2, name="out").graph("net")


def of(graph: Graph, name: str) -> tuple[int, ...]:
    return channel_sets(graph).of[name]


def fixed(graph: Graph) -> dict[str, str]:
    return {space.name: space.fixed for space in channel_sets(graph).spaces}


def test_every_operator_says_where_its_channels_come_from():
    assert [kind for kind, operator in VOCABULARY.items() if operator.channels is Operator.channels] == []


def test_what_passes_channels_through_keeps_them_apart():
    graph = head(stem().norm(name="n").act("relu").max_pool(2).dropout(0.1).resize(9).depthwise(3, name="d"))
    for name in ("n", "d", "pool", "flat"):
        assert of(graph, name) == of(graph, "a")
    assert len(set(of(graph, "a"))) == 4


def test_a_sum_joins_channels_and_a_mixing_layer_makes_new_ones():
    x = stem()
    graph = head(x + x.pointwise(6, name="b").pointwise(4, name="c"))
    assert of(graph, "c") == of(graph, "a")
    assert not set(of(graph, "b")) & set(of(graph, "a"))


def test_a_concat_keeps_its_parts_apart_and_a_slice_takes_some():
    x = stem()
    joined = concat(x, x.pointwise(2, name="b"))
    graph = head(joined.slice(3, 5, name="s"))
    assert of(graph, "concat") == of(graph, "a") + of(graph, "b")
    assert of(graph, "s") == (of(graph, "a")[3], of(graph, "b")[0])


def test_zeros_around_a_shortcut_are_cut_with_what_is_added_to_them():
    x = stem()
    graph = head(x.pad_channels(1, 2, name="p") + x.pointwise(7, name="b"))
    assert of(graph, "b") == of(graph, "p")
    assert of(graph, "p")[1:5] == of(graph, "a")


def test_a_gate_is_cut_with_its_channel_and_a_map_that_scales_all_stays():
    x = stem()
    gate = x.global_pool(name="squeeze").pointwise(2, name="r").act("relu").pointwise(4, name="e").act("sigmoid")
    graph = head(x * gate * x.pointwise(1, name="attention"))
    assert of(graph, "e") == of(graph, "a")
    assert fixed(graph)["attention"] == "it is multiplied into every channel of multiply_2"


def test_a_multiplied_depthwise_filter_is_cut_with_the_channel_that_it_reads():
    graph = head(stem(2).depthwise(3, multiplier=3, name="d"))
    first, second = of(graph, "a")
    assert of(graph, "d") == (first,) * 3 + (second,) * 3


def test_flattened_sides_follow_their_channel():
    graph = stem(2).flatten(name="flat").linear(5, name="b").act("relu").linear(2).graph("net")
    first, second = of(graph, "a")
    assert of(graph, "flat") == (first,) * 64 + (second,) * 64


def test_groups_are_kept_and_their_channels_at_one_place_belong_together():
    graph = head(stem(6).conv(4, 3, groups=2, name="g"))
    assert of(graph, "a")[:3] == of(graph, "a")[3:]
    assert of(graph, "g")[:2] == of(graph, "g")[2:]
    assert len(set(of(graph, "a"))) == 3


def test_small_groups_are_cut_whole():
    graph = head(stem(12).conv(12, 3, groups=6, name="g"))
    assert of(graph, "g") == of(graph, "a") == (3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8)


def test_two_uses_of_one_weight_keep_the_same_channels():
    graph = head(stem().pointwise(4, name="b").pointwise(4, name="c"))
    entries = [(node.name, node.operator, node.inputs) for node in graph.nodes]
    shared = Graph.build("net", entries, graph.outputs, shares={"c": "b"})
    assert len({of(shared, name) for name in ("a", "b", "c")}) == 1
    assert len({of(graph, name) for name in ("a", "b", "c")}) == 3


def test_what_is_outside_the_vocabulary_holds_on_to_what_it_touches():
    graph = head(stem().pointwise(3, name="b").opaque("fft", (5, 8, 8), name="x").pointwise(6, name="c"))
    why = "fft is outside the vocabulary (x)"
    assert fixed(graph) | {"a": "", "b": why, "x": why, "c": ""} == fixed(graph)


def test_a_number_that_has_no_channels_is_in_no_set():
    x = stem()
    graph = x.pointwise(5, name="b").graph("net", x.opaque("largest", (), name="x"))
    assert of(graph, "x") == ()
    assert (
        narrow_graph(image(3, 8).conv(4, 3).pointwise(2).opaque("sum", (), name="s").graph("net"), [3])["s"].shape == ()
    )


def test_the_neighbours_of_local_response_norm_stay():
    graph = head(stem().local_response_norm(name="lrn").pointwise(5, name="b"))
    assert fixed(graph)["a"] == "local response norm compares each channel with its neighbours (lrn)"
    assert fixed(graph)["b"] == ""


def test_ends_stay_and_so_does_the_only_channel_of_a_map():
    graph = head(stem().pointwise(1, name="b").pointwise(5, name="c"))
    assert fixed(graph) == {
        "image": "it is an input of the network",
        "a": "",
        "b": "nothing would be left of b",
        "c": "",
        "out": "it is an output of the network",
    }


def test_a_convolution_that_writes_the_classes_stays():
    """Public pruners cut SqueezeNet's classes, which a convolution writes."""
    sets = channel_sets(network("squeezenet"))
    classes = [space for space in sets.spaces if space.fixed == "it is an output of the network"]
    assert [(space.channels, len(space.sets)) for space in classes] == [(1000, 1000)]
    assert not set(sets.of[sets.graph.outputs[0]]) & set(sets.free)


def test_a_space_is_the_width_of_one_place():
    sets = channel_sets(network("mobilenet_v2"))
    spaces = {space.name: space for space in sets.spaces}
    block = spaces["stage3.block1.project"]
    assert (block.channels, len(block.sets)) == (32, 32)
    assert block.readers == ("stage3.block2.expand", "stage3.block3.expand", "stage4.block1.expand")


def test_symbols_have_no_channels_to_tell_apart():
    (width,) = symbols("M")
    with pytest.raises(FeatherboneError, match="symbolic sizes"):
        channel_sets(image(width, 8).pointwise(3).graph("net"))


def test_the_small_networks_of_the_zoo_can_be_narrowed_nearly_everywhere():
    for name in ("mobilenet_v3_small", "ghostnet", "regnety_200mf", "squeezenext", "alexnet", "mcunet_in1"):
        sets = channel_sets(network(name))
        assert [each.number for each in sets.sets] == list(range(len(sets.sets)))
        assert all(len(sets.of[node.name]) == node.shape[0] for node in sets.graph.nodes)
        stuck = {space.fixed for space in sets.spaces if space.fixed}
        assert all(why.startswith(("it is an", "local response norm compares")) for why in stuck)
