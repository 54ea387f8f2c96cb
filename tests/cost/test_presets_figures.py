"""Every figure that the real tools gave (benchmarks/peers/figures.json) against our network of that architecture."""

import json
from pathlib import Path

import pytest

from featherbone.cost import CONVENTIONS, count
from featherbone.networks import network

FIGURES = json.loads((Path(__file__).parents[2] / "benchmarks/peers/figures.json").read_text(encoding="utf-8"))[
    "models"
]

NETWORKS = {
    "alexnet": "alexnet_single_column",
    "vgg16": "vgg16",
    "squeezenet1_0": "squeezenet",
    "squeezenet1_1": "squeezenet1_1",
    "resnet18": "resnet18",
    "resnet50": "resnet50",
    "resnext50_32x4d": "resnext50_32x4d",
    "inception_v3": "inception_v3",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "mobilenet_v3_small": "mobilenet_v3_small",
    "mnasnet1_0": "mnasnet_b1",
    "shufflenet_v2_x1_0": "shufflenet_v2",
    "efficientnet_b0": "efficientnet_b0",
    "regnet_x_800mf": "regnetx_800mf",
    "regnet_y_400mf": "regnety_400mf",
}

# Theirs minus ours, where torchvision's code is not ours: (elements of the pooled map, its channels) times a rate.
ALEXNET, VGG = 256 * 6 * 6, 512 * 7 * 7  # averaged to the size that they have, which is no operator of ours
LAST, SHUFFLED = 1280 * 7 * 7, 1024 * 7 * 7  # averaged by a function, or by the tensor's own mean
RECTIFIED, AVERAGED, POOLED = 8_967_488, 2_002_400, 574_752  # Inception's functions, once instead of twice
DIFFERENCES = {
    ("alexnet", "fvcore"): ALEXNET,
    ("alexnet", "ptflops"): 2 * ALEXNET,
    ("alexnet", "thop"): 2 * ALEXNET,
    ("vgg16", "fvcore"): VGG,
    ("vgg16", "ptflops"): 2 * VGG,
    ("vgg16", "thop"): 2 * VGG,
    ("mobilenet_v2", "ptflops"): -LAST,
    ("mobilenet_v2", "thop"): -LAST - 1280,
    ("mnasnet1_0", "fvcore"): -LAST,
    ("mnasnet1_0", "ptflops"): -2 * LAST,
    ("mnasnet1_0", "thop"): -LAST - 1280,
    ("shufflenet_v2_x1_0", "fvcore"): -SHUFFLED,
    ("shufflenet_v2_x1_0", "ptflops"): -2 * SHUFFLED,
    ("shufflenet_v2_x1_0", "thop"): -SHUFFLED - 1024,
    ("inception_v3", "ptflops"): -RECTIFIED - AVERAGED - POOLED,
    ("inception_v3", "thop"): -AVERAGED,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_tools_figure(name: str) -> None:
    graph = network(NETWORKS[name])
    ours = {tool: count(graph, CONVENTIONS[tool]).macs for tool in FIGURES[name]}
    assert {tool: ours[tool] + DIFFERENCES.get((name, tool), 0) for tool in ours} == FIGURES[name]
    assert len(ours) == 8
