"""What layers read is the same however many passes and batches it takes, and of wide layers only the diagonal."""

from __future__ import annotations

import pytest
import torch

from featherbone.graph import image
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import TrainedGraph
from featherbone.rewrite.mending import moments, read_moments

LAYERS = ["stem", "grouped", "last"]


@pytest.fixture
def network():
    x = image(3, 8).conv(8, 3, name="stem").act("relu").conv(8, 3, groups=4, name="grouped")
    graph = x.pointwise(2, name="last").graph("tiny")
    return TrainedGraph(graph, initial_weights(graph, seed=0))


@pytest.fixture
def images():
    return torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_several_passes_find_the_same(network, images, monkeypatch):
    (whole,) = read_moments.read_moments(network, images, LAYERS)
    monkeypatch.setattr(read_moments, "MEMORY", 1)
    monkeypatch.setattr(read_moments, "BATCH", 16)
    parts = list(read_moments.read_moments(network, images, LAYERS))
    assert [[*part] for part in parts] == [[name] for name in LAYERS]
    for part in parts:
        for name, found in part.items():
            assert found.rows == whole[name].rows == 40 * 8 * 8
            assert (whole[name].read - found.read).abs().max() < 1e-5 * whole[name].read.abs().max()


def test_of_wide_layers_the_diagonal_is_taken(network, images, monkeypatch):
    (whole,) = read_moments.read_moments(network, images, LAYERS)
    monkeypatch.setattr(moments, "WIDEST", 18)  # what one output of the grouped layer weighs
    (found,) = read_moments.read_moments(network, images, LAYERS)
    assert found["grouped"].read.shape == (4, 19, 19)
    assert found["stem"].read.shape == (1, 28)
    diagonal = whole["stem"].read.diagonal(dim1=1, dim2=2)
    assert (diagonal - found["stem"].read).abs().max() < 1e-5 * diagonal.max()
