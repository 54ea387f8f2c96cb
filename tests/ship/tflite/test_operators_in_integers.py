"""Every operator of a quantized network writes, in the file, the integers that the reference writes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integer_operators import OPERATORS
from lite_cases import answers, steps_off
from narrowing import lively_weights
from quantizing import grids_of, noise, quantized

from featherbone.graph import Graph, image
from featherbone.graph.operators import Add
from featherbone.quantize import Grid, nearest_network, prepared, reference

# TensorFlow Lite's own arithmetic has fewer digits there, so that a step is lost now and then.
ROUGH = {"bilinear": 0.04, "avg pool, padding not counted": 0.2, "hard_swish": 0.03, "leaky_relu": 0.06, "silu": 0.1}
ROUGH |= {"avg pool, over the padding": 0.2, "avg pool, over the edge": 0.2, "avg pool, ceil": 0.2}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_is_a_step_off_at_most_and_hardly_ever(name):
    network = quantized(OPERATORS[name].graph("one"), seed=1)
    off = steps_off(network, noise(network.graph, 4, seed=2).numpy())
    assert network.graph.outputs[0] in off
    assert max(each.max() for each in off.values()) <= 1
    assert np.mean(np.concatenate([each.ravel() for each in off.values()])) <= ROUGH.get(name, 1e-3)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_pooling_with_every_padding(data):
    kernel, stride = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    edge, sides = st.integers(0, kernel // 2), [data.draw(st.integers(kernel, 9)) for _ in range(2)]
    padding = tuple((data.draw(edge), data.draw(edge)) for _ in range(2))
    ceil, counted = data.draw(st.booleans()), data.draw(st.booleans())
    x = image(3, *sides)
    for wire in (
        x.max_pool(kernel, stride=stride, padding=padding, ceil=ceil),
        x.avg_pool(kernel, stride=stride, padding=padding, ceil=ceil, count_padding=counted),
    ):
        network = quantized(wire.graph("pool"))
        off = steps_off(network, noise(network.graph, 2, seed=2).numpy())
        assert max(each.max() for each in off.values()) <= 1


def test_a_silu_that_reaches_far_below_zero_is_a_step_off_at_most():
    x = image(6, 9)
    network = prepared(x.act("silu", name="act").graph("low"), {})
    grids = {"image": Grid(step=0.05, zero=100), "act": Grid(step=0.005, zero=-70)}
    off = steps_off(nearest_network(network, grids), 4 * noise(network.graph, 4).numpy() - 4)
    assert off["act"].max() <= 1


def test_a_sum_of_several_is_rounded_more_than_once():
    x = image(4, 6)
    graph = Graph.build("sum", [("image", x.operator, ()), ("sum", Add(), ("image",) * 4)], ("sum",))
    network = quantized(graph)
    assert max(each.max() for each in steps_off(network, noise(graph, 4).numpy()).values()) <= 3


def test_maps_that_are_moved_onto_another_grid():
    graph = image(6, 4).shuffle(2).slice(0, 4).graph("moved")
    network = prepared(graph, {})
    grids = grids_of(network, noise(graph, 4))
    last = graph.outputs[0]
    coarse = type(grids[last])(step=grids[last].step * 1.7, zero=11)
    moved = nearest_network(network, {**grids, last: coarse})
    assert max(each.max() for each in steps_off(moved, noise(graph, 4).numpy()).values()) == 0


def test_layers_left_in_float_between_layers_in_integers():
    x = image(4, 8).conv(6, 3, name="first").act("relu").local_response_norm(name="lrn").conv(4, 3, name="second")
    graph = x.act("relu").global_pool().flatten().linear(3, name="last").graph("mixed")
    network = prepared(graph, lively_weights(graph))
    grids = grids_of(network, noise(graph, 8))
    for left in ((), ("first",), ("second",), ("first", "last"), ("last",)):
        kept = {name: grid for name, grid in grids.items() if name not in left}
        mixed = nearest_network(network, kept, float_layers=left)
        images = noise(graph, 8, seed=3)
        step = grids[graph.outputs[0]].step
        assert np.abs(answers(mixed, images) - reference(mixed, images.numpy())).max() <= 2.01 * step, left
