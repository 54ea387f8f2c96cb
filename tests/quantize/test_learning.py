"""A network that learns begins as it is, and comes nearer to its teacher."""

import pytest
import torch
from narrowing import lively_weights, smallest
from quantizing import grids_of, noise

from featherbone.graph import image
from featherbone.nn import module_with
from featherbone.quantize import FakeQuantized, learning, nearest_network, prepared, reference
from featherbone.quantize.agreement import answers, divergence
from featherbone.quantize.learning import LearningIntegers, learn


def case(bits):
    x = image(3, 8).conv(8, 3, name="a", bias=True).act("relu").conv_transpose(6, 2, stride=2, name="up", bias=True)
    y = x.act("hard_swish").conv(8, 3, stride=2, name="b", bias=True)
    graph = (y * y.global_pool().act("sigmoid", name="gate")).max_pool(2).flatten().linear(4).graph("some")
    network = prepared(graph, lively_weights(graph))
    images = noise(graph, 48)
    return network, nearest_network(network, grids_of(network, images), bits), images


@pytest.mark.parametrize("bits", [8, 3])
def test_it_begins_as_the_integers_are(bits):
    """But for a step where float32 and integers round a number that is nearly in the middle."""
    _, quantized, images = case(bits)
    module = LearningIntegers(quantized)
    expected = answers(FakeQuantized(quantized), images)
    step = quantized.grids[quantized.graph.outputs[0]].step
    apart = (answers(module, images) - expected).abs()
    assert float((apart > 0.5 * step).double().mean()) < 0.05
    again = module.learned()
    assert all(torch.equal(again.layers[name].levels, layer.levels) for name, layer in quantized.layers.items())


def test_it_comes_nearer_to_its_teacher(monkeypatch):
    network, quantized, images = case(2)
    monkeypatch.setattr(learning, "TIMED", 50)  # so many steps, whatever the clock says
    found = learn(quantized, network, lambda step: images[step % 3 * 16 :][:16], seconds=0.0)
    expected = answers(module_with(*network).eval(), images)
    before, after = (divergence(expected, answers(FakeQuantized(each), images)) for each in (quantized, found))
    assert after < 0.8 * before
    assert {layer.bits for layer in found.layers.values()} == {2}
    assert reference(found, images[:2].numpy()).shape == (2, 4)
    assert found.grids["gate"].step == 1 / 256


def test_what_is_left_in_float_stays_as_it_is():
    graph = smallest("mlperf_tiny_resnet8")
    network = prepared(graph, lively_weights(graph))
    first = next(name for name in nearest_network(network, {}, 2).layers)
    quantized = nearest_network(network, {}, 2, float_layers=[first])
    found = learn(quantized, network, lambda step: noise(graph, 4, seed=step), seconds=0.0)
    assert torch.equal(found.weights[f"{first}.weight"], network.weights[f"{first}.weight"])
