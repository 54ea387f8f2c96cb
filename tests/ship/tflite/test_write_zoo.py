"""Networks of the zoo as TensorFlow Lite files: a few here, all of them in ``make test-long``."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lite_cases import answers, float_difference, steps_off
from quantizing import grids_of, noise
from settling import settled
from small_forms import small_form

from featherbone.networks import NETWORKS
from featherbone.nn import module_with
from featherbone.quantize import nearest_network, prepared, reference

FEW = ["alexnet", "mobilenet_v3_small", "shufflenet_v2", "cifar_resnet20"]
EVERY = [pytest.param(name, marks=[] if name in FEW else pytest.mark.long) for name in NETWORKS]


def rounding(graph, weights):
    """How far PyTorch in float32 lies from itself in float64: no runtime can be held to less."""
    net, images = module_with(graph, weights).eval(), noise(graph, 2, seed=1)
    with torch.inference_mode():
        single, exact = net(images).double(), net.double()(images.double())
    return float((single - exact).abs().max() / exact.abs().max())


@pytest.mark.parametrize("name", EVERY)
def test_the_file_computes_what_pytorch_computes(name):
    graph = small_form(name)
    weights = settled(graph)
    found = float_difference(graph, weights, noise(graph, 2, seed=1))
    assert found < 1e-5 or found < 2 * rounding(graph, weights)


def integers_of(graph):
    network = prepared(graph, settled(graph))
    return nearest_network(network, grids_of(network, noise(graph, 4)))


@pytest.mark.parametrize("name", EVERY)
def test_every_map_in_integers_is_a_step_off_at_most(name):
    """Of what the reference makes of the maps before it; end to end the class is the same, unless logits are near."""
    graph = small_form(name)
    network = integers_of(graph)
    off = steps_off(network, noise(graph, 1, seed=2).numpy())
    assert max(each.max() for each in off.values()) <= 1
    images = noise(graph, 4, seed=3)
    alike = answers(network, images).argmax(1) == reference(network, images.numpy()).argmax(1)
    assert alike.mean() >= 0.75
    assert np.mean(np.concatenate([each.ravel() for each in off.values()])) < 0.02
