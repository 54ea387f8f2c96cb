"""Deep Compression of a whole network: what each layer keeps, and what is told of it."""

from __future__ import annotations

import pytest
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.nn.initialise import initial_weights
from featherbone.pack.deep_compression.network import deep_compressed
from featherbone.rewrite import fold
from featherbone.rewrite.trained_graph import TrainedGraph

X = image(3, 8).conv(12, 3, name="stem").norm().act("relu").depthwise(3, name="filter").norm(name="late")
GRAPH = X.global_pool().flatten().linear(30, name="scores").graph("tiny")


def network() -> TrainedGraph:
    return fold(GRAPH, initial_weights(GRAPH, seed=1))


def test_layers_have_the_bits_of_their_kind_unless_asked() -> None:
    found = deep_compressed(network(), keep=0.5)
    assert [(layer.name, layer.bits, layer.gap_bits) for layer in found.layers] == [
        ("stem", 8, 8),
        ("filter", 8, 8),
        ("scores", 5, 5),
    ]
    assert {layer.bits for layer in deep_compressed(network(), keep=0.5, bits=6).layers} == {6}
    for layer in found.layers:
        weight = found.network.weights[f"{layer.name}.weight"]
        assert layer.kept == int((weight != 0).sum()) == round(0.5 * layer.weights)
        assert layer.float_bytes > layer.pruned
    assert found.size("float_bytes") == 4 * sum(tensor.numel() for tensor in network().weights.values())
    assert found.plain == 4 * (12 + 12 + 30)


def test_biases_stay_and_weights_are_those_that_were_or_near() -> None:
    before, found = network(), deep_compressed(network(), keep=1.0, bits=8)
    for name, tensor in found.network.weights.items():
        near = float((tensor - before.weights[name]).norm() / (before.weights[name].norm() + 1e-9))
        assert near == 0 if tensor.ndim == 1 else near < 0.02, name


def test_a_threshold_is_of_the_deviation_of_each_layer() -> None:
    found = deep_compressed(network(), threshold=1.0)
    for layer in found.layers:
        weight = network().weights[f"{layer.name}.weight"]
        assert layer.kept == int((weight.abs() > weight.std(correction=0)).sum()) > 0


def test_what_can_not_be_compressed_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="no weight of stem is beyond 100 standard deviations"):
        deep_compressed(network(), threshold=100)
    graph, weights = network()
    with pytest.raises(FeatherboneError, match=r"scores.weight has weights that are no numbers"):
        deep_compressed(TrainedGraph(graph, {**weights, "scores.weight": torch.full((30, 12), float("nan"))}))
    pooled = image(3, 8).global_pool().flatten().graph("empty")
    with pytest.raises(FeatherboneError, match="empty has no layer with weights"):
        deep_compressed(TrainedGraph(pooled, {}))
