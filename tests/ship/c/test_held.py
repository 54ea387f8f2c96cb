"""What C can't hold is named before anything is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from quantizing import quantized

from featherbone import FeatherboneError
from featherbone.graph import concat, image
from featherbone.nn import Model, Preprocessing
from featherbone.quantize import QuantizedNetwork, grid_over
from featherbone.ship.c import integer_sources, to_c


def test_layers_in_float_are_named():
    graph = image(4, 6).conv(4, 3, name="first").local_response_norm(name="lrn").conv(4, 3).graph("partly")
    with pytest.raises(FeatherboneError, match=r"C does not hold lrn \(local response norm\) of partly in int8"):
        integer_sources(quantized(graph))


def test_layers_whose_maps_were_left_in_float_are_named():
    network = quantized(image(4, 6).conv(4, 3, name="first").conv(4, 3, name="second", bias=False).graph("partly"))
    grids = {name: grid for name, grid in network.grids.items() if name != "second"}
    with pytest.raises(FeatherboneError, match="second of partly in float"):
        integer_sources(replace(network, grids=grids))


def test_wide_maps_are_named():
    with pytest.raises(FeatherboneError, match="image, mix of wide with maps of 16 bits"):
        integer_sources(quantized(image(2, 4).conv(2, 1, name="mix").graph("wide"), maps=16))


def test_several_inputs_are_refused():
    graph = concat(image(2, 4), image(2, 4, name="other")).graph("two")
    with pytest.raises(FeatherboneError, match="two has 2 inputs"):
        integer_sources(quantized_inputs(graph))


def quantized_inputs(graph):
    grid = grid_over(-1.0, 1.0)
    return QuantizedNetwork(graph=graph, grids={node.name: grid for node in graph.nodes}, layers={})


def test_an_unknown_processor_is_refused_with_those_that_there_are():
    graph = image(1, 2).flatten().linear(2, bias=False).graph("tiny")
    seen = Preprocessing(resolution=2, channels=1, mean=(0.5,), std=(0.5,))
    model = Model(graph=graph, weights={"linear.weight": torch.ones(2, 4)}, classes=("a", "b"), preprocessing=seen)
    with pytest.raises(FeatherboneError, match="C is not written for 'z80'") as caught:
        to_c(model, "z80")
    assert "plain" in str(caught.value.hint)
