"""Weights to begin with: a new classifier guesses, whatever kind of layer it is."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from featherbone.graph import image
from featherbone.networks import network
from featherbone.nn import module
from featherbone.nn.initialise import initial_weights

ENDS = {
    "convolution": lambda x: x.pointwise(10, bias=True, name="end").act("relu").global_pool().flatten(),
    "linear": lambda x: x.global_pool().flatten().linear(10, name="end"),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_loss_begins_near_guessing_on_large_features(end: str) -> None:
    """Features of networks without norms may be large; the new classifier must not be sure of anything."""
    net = module(ENDS[end](image(512, 4)).graph("head"), seed=0).eval()
    features = 5 * torch.rand((64, 512, 4, 4), generator=torch.Generator().manual_seed(0))
    loss = functional.cross_entropy(net(features), torch.arange(64) % 10).item()
    assert abs(loss - math.log(10)) < 0.5


def test_only_what_writes_the_classes_is_a_classifier() -> None:
    squeeze = initial_weights(network("squeezenet1_1"), seed=0)
    assert float(squeeze["head.classifier.weight"].std()) == pytest.approx(0.01, rel=0.02)
    assert float(squeeze["fire9.expand1.weight"].std()) == pytest.approx(math.sqrt(2 / 256), rel=0.05)
    with_a_map = replace(network("squeezenet1_1"), outputs=("head.flatten", "fire9.concat"))
    both = initial_weights(with_a_map, seed=0)
    assert torch.equal(both["head.classifier.weight"], squeeze["head.classifier.weight"]), "maps may be outputs too"
    body = initial_weights(image(16, 4).conv(64, 1, name="last").graph("body"), seed=0)
    assert float(body["last.weight"].std()) == pytest.approx(math.sqrt(2 / 64), rel=0.1), "it writes a map"
    normed = image(16, 4).conv(64, 1, name="last").norm().global_pool().flatten().graph("normed")
    assert float(initial_weights(normed, seed=0)["last.weight"].std()) == pytest.approx(math.sqrt(2 / 64), rel=0.1)
