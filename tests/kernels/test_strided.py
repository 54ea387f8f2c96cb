"""Strided 1×1 convolutions of few channels, on which oneDNN writes beyond its memory."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn
from train_cases import RECIPE, dataset

from featherbone.graph import image
from featherbone.kernels.strided import StridedPointwise, avoid_strided
from featherbone.train import Setting
from featherbone.train.optimize.objective import make_objective
from featherbone.train.run.begin import begin
from featherbone.train.run.plan import Plan

# Without the other convolution the process crashes here, by AVX2 and AVX-512.
CRASH = """
import torch
from torch import nn
from featherbone.kernels.strided import avoid_strided
network = nn.Sequential(nn.Conv2d(4, 8, 1, stride=2)).to(memory_format=torch.channels_last)
avoid_strided(network)
torch.set_num_threads(1)
for _ in range(4):
    images = torch.randn(32, 4, 80, 80).contiguous(memory_format=torch.channels_last)
    scores = network(images)
    scores.backward(torch.randn_like(scores))
"""


@pytest.mark.parametrize(("inputs", "outputs", "stride", "groups"), [(4, 8, 2, 1), (12, 6, 3, 1), (32, 32, (1, 2), 16)])
def test_it_computes_the_same(inputs: int, outputs: int, stride: int, groups: int) -> None:
    plain = nn.Conv2d(inputs, outputs, 1, stride=stride, groups=groups).double()
    other = nn.Conv2d(inputs, outputs, 1, stride=stride, groups=groups).double()
    other.load_state_dict(plain.state_dict())
    avoid_strided(nn.Sequential(other))
    assert type(other) is StridedPointwise
    images = torch.randn(3, inputs, 7, 10, dtype=torch.float64)
    found = []
    for layer in (plain, other):
        given = images.clone().requires_grad_()
        scores = layer(given)
        (scores * torch.arange(scores.numel()).view_as(scores)).sum().backward()
        found.append([scores, given.grad, layer.weight.grad, layer.bias.grad])
    torch.testing.assert_close(found[0], found[1])


def test_it_does_not_crash() -> None:
    ran = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_what_is_trained_has_it() -> None:
    graph = image(1, 6).conv(8, 3).conv(4, 1, stride=2).flatten().linear(3).graph("strided")
    plan = Plan(graph=graph, dataset=dataset(), recipe=RECIPE, seed=0, setting=Setting(), device="cpu")
    network = begin(plan, make_objective(RECIPE, dataset()), None).network
    assert sum(isinstance(layer, StridedPointwise) for layer in network.modules()) == 1
