"""Weights that Keras, TensorFlow, Flax and Gluon name and lay out: each becomes what PyTorch has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from featherbone.graph import Graph, image
from featherbone.networks import network
from featherbone.nn import module, weights_of
from featherbone.nn.foreign import match
from featherbone.nn.foreign.dialect import in_torch

STATISTICS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def shuffled(graph: Graph) -> dict[str, torch.Tensor]:
    """Weights in which every number matters."""
    draw = torch.Generator().manual_seed(0)
    weights = weights_of(module(graph, seed=0))
    return {name: torch.rand(tensor.shape, generator=draw) + 0.1 for name, tensor in weights.items()}


def keras(
    graph: Graph, weights: Mapping[str, torch.Tensor], layers: Mapping[str, str], ending: str = ""
) -> dict[str, Any]:
    """Under Keras's names and in its layout, sorted as safetensors sorts them."""
    found = {}
    for name, tensor in weights.items():
        layer, _, key = name.rpartition(".")
        theirs = layers[layer]
        if layer.endswith("_norm"):
            found[f"{theirs}/{STATISTICS[key]}{ending}"] = tensor
        elif key == "bias":
            found[f"{theirs}/bias{ending}"] = tensor
        elif tensor.dim() == 2:
            found[f"{theirs}/kernel{ending}"] = tensor.t()
        elif tensor.shape[1] == 1 and "dw" in theirs:
            found[f"{theirs}/depthwise_kernel{ending}"] = tensor.permute(2, 3, 0, 1)
        else:
            found[f"{theirs}/kernel{ending}"] = tensor.permute(2, 3, 1, 0)
    return dict(sorted(found.items()))


def mobilenet_names(graph: Graph) -> dict[str, str]:
    blocks = list(dict.fromkeys(n.name.rpartition(".")[0] for n in graph.nodes if n.name.startswith("stage")))
    names = {"stem.conv": "conv1", "stem.conv_norm": "conv1_bn", "head.classifier": "conv_preds"}
    for number, block in enumerate(blocks, start=1):
        for ours, theirs in (("depthwise", "dw"), ("pointwise", "pw")):
            names[f"{block}.{ours}"] = f"conv_{theirs}_{number}"
            names[f"{block}.{ours}_norm"] = f"conv_{theirs}_{number}_bn"
    return names


@pytest.mark.parametrize("ending", ["", ":0"])
def test_keras_mobilenet_comes_with_what_keras_computes(ending: str) -> None:
    graph = network("mobilenet_v1:width=0.25,classes=10,resolution=64")
    weights = shuffled(graph)
    found = match(graph, keras(graph, weights, mobilenet_names(graph), ending))
    assert (found.naming, found.tensorflow) == ("keras mobilenet", True)
    assert all(torch.equal(found.weights[name], weights[name]) for name in weights)
    operators = [node.operator for node in found.graph.nodes]
    assert {o.function for o in operators if o.kind == "activation"} == {"relu6"}
    assert {o.epsilon for o in operators if o.kind == "batch_norm"} == {1e-3}


def test_keras_mobilenet_v2_by_its_names() -> None:
    graph = network("mobilenet_v2:width=0.35,classes=10,resolution=64")
    weights = shuffled(graph)
    names = {"stem.conv": "Conv1", "stem.conv_norm": "bn_Conv1", "last.conv": "Conv_1", "last.conv_norm": "Conv_1_bn"}
    names["head.classifier"] = "predictions"
    blocks = list(dict.fromkeys(n.name.rpartition(".")[0] for n in graph.nodes if n.name.startswith("stage")))
    for number, block in enumerate(blocks):
        before = "expanded_conv" if number == 0 else f"block_{number}"
        for layer in ("expand", "depthwise", "project"):
            names[f"{block}.{layer}"] = f"{before}_{layer}"
            names[f"{block}.{layer}_norm"] = f"{before}_{layer}_BN"
    found = match(graph, keras(graph, weights, names))
    assert found.naming == "keras mobilenet_v2"
    assert all(torch.equal(found.weights[name], weights[name]) for name in weights)


def test_gluon_counts_each_kind_of_layer_by_itself() -> None:
    graph = network("mobilenet_v1:width=0.25,classes=10,resolution=64")
    weights = shuffled(graph)
    gamma = {"weight": "gamma", "bias": "beta"}
    found, counts = {}, {"conv": 0, "batchnorm": 0}
    for node in graph.nodes:
        own = [name for name in weights if name.rpartition(".")[0] == node.name]
        if not own:
            continue
        kind = {"conv": "conv", "batch_norm": "batchnorm"}.get(node.operator.kind, "dense")
        for name in own:
            key = name.rpartition(".")[2]
            key = gamma.get(key, key) if kind == "batchnorm" else key
            found[f"mobilenet0_{kind}{counts.get(kind, 0)}_{key}"] = weights[name]
        if kind in counts:
            counts[kind] += 1
    sorted_by_number = dict(sorted(found.items(), key=lambda item: [int(p) if p.isdigit() else 0 for p in item[0]]))
    for given in (found, dict(sorted(sorted_by_number.items(), key=lambda item: natural(item[0])))):
        matched = match(graph, given)
        assert matched.naming == "order and shape"
        assert all(torch.equal(matched.weights[name], weights[name]) for name in weights)


def natural(name: str) -> list[object]:
    from featherbone.nn.foreign.read import _natural

    return list(_natural(name))


@pytest.mark.parametrize(
    ("theirs", "shape", "ours", "becomes"),
    [
        ("conv/kernel", (3, 3, 8, 16), "conv.weight", (16, 8, 3, 3)),
        ("params/conv/kernel", (3, 3, 1, 16), "conv.weight", (16, 1, 3, 3)),
        ("dense_1/kernel:0", (8, 5), "dense_1.weight", (5, 8)),
        ("conv_dw_1/kernel", (3, 3, 16, 1), "conv_dw_1.weight", (16, 1, 3, 3)),
        ("sep/depthwise_kernel", (3, 3, 16, 2), "sep.weight", (32, 1, 3, 3)),
        ("sep/pointwise_kernel", (1, 1, 16, 4), "sep_pointwise.weight", (4, 16, 1, 1)),
        ("MobilenetV1/Conv2d_0/weights", (3, 3, 3, 8), "MobilenetV1.Conv2d_0.weight", (8, 3, 3, 3)),
        ("batch_stats/bn/mean", (8,), "bn.running_mean", (8,)),
        ("bn/scale", (8,), "bn.weight", (8,)),
        ("arg:net0_conv0_weight", (8, 3, 1, 1), "net0_conv0.weight", (8, 3, 1, 1)),
        ("aux:net0_batchnorm0_running_var", (8,), "net0_batchnorm0.running_var", (8,)),
        ("bn1._variance", (8,), "bn1.running_var", (8,)),
        ("layer1.0.conv1.weight", (8, 3, 1, 1), "layer1.0.conv1.weight", (8, 3, 1, 1)),
        ("weight", (8,), "weight", (8,)),
        ("token.position", (8,), "token.position", (8,)),
    ],
)
def test_names_and_layouts(theirs: str, shape: tuple[int, ...], ours: str, becomes: tuple[int, ...]) -> None:
    ((name, tensor),) = in_torch({theirs: torch.zeros(shape)})[0].items()
    assert (name, tuple(tensor.shape)) == (ours, becomes)


def test_layers_in_the_order_of_their_names_match_by_kind() -> None:
    x = image(3, 16).conv(8, 3, name="first").norm().act("relu6").conv(6, 1, name="second").norm().global_pool()
    graph = x.flatten().linear(4, name="end").graph("small")
    weights = shuffled(graph)
    names = {"first": "conv1", "first_norm": "bn1", "second": "conv2", "second_norm": "bn2", "end": "fc"}
    theirs = {f"{names[n.rpartition('.')[0]]}.{n.rpartition('.')[2]}": t for n, t in weights.items()}
    found = match(graph, dict(sorted(theirs.items())))
    assert all(torch.equal(found.weights[name], weights[name]) for name in weights)
