"""Shared by the tests of shipping: small networks that hold every operator an export may stumble over, and images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from featherbone.graph import Graph, Wire, concat, image, scope
from featherbone.nn import Model, Preprocessing, module, weights_of
from featherbone.ship.onnx_export import export_onnx


def _head(x: Wire, name: str) -> Graph:
    return x.global_pool().flatten().dropout(0.2).linear(4, name="classify").graph(name)


def _stem(channels: int = 3) -> Wire:
    return image(channels, 16).conv(8, 3, name="stem").norm().act("relu6")


def plain() -> Graph:
    return _head(_stem(), "plain")


def shuffled() -> Graph:
    x = _stem()
    with scope("double"), scope("0"):  # a method of every module, and a number
        x = x.depthwise(3, name="train").norm()
    y = x.pointwise(8, groups=2).norm().act("relu").shuffle(2).depthwise(3).norm().pointwise(8, groups=2, name="expand")
    return _head((x + y).act("relu"), "shuffled")


def excited() -> Graph:
    x = _stem()
    with scope("block"):
        y = x.pointwise(16).norm().act("hard_swish").depthwise(5, stride=2).norm().act("silu")
        gate = y.global_pool().pointwise(4, bias=True, name="squeeze").act("relu")
        y = y * gate.pointwise(16, bias=True, name="excite").act("hard_sigmoid")
    return _head(y.pointwise(12, name="project").norm(), "excited")


def padded() -> Graph:
    x = _stem(1).conv(8, 3, stride=2, padding=((0, 1), (1, 2)), name="asymmetric").norm().act("gelu")
    x = x.max_pool(3, stride=2, padding=((0, 1), (0, 1))).conv(12, (1, 3), name="wide")
    y = x.max_pool(1, stride=2).pad_channels(2, 2)
    z = x.conv(16, 3, stride=2, name="narrow").norm()
    return _head(y + z, "padded")


def branched() -> Graph:
    left, right = _stem().split(2)
    x = concat(left, right.depthwise(3, dilation=2).norm().act("leaky_relu"), right.avg_pool(3, stride=1, padding=1))
    x = x.shuffle(3).resize(12, mode="bilinear").local_response_norm(size=3).max_pool(3, stride=2, ceil=True)
    return _head(x, "branched")


GRAPHS = {build.__name__: build for build in (plain, shuffled, excited, padded, branched)}


def make_model(graph: Graph, *, seed: int = 0) -> Model:
    """The graph with random weights and running statistics, so that folding a norm has something to do."""
    weights = weights_of(module(graph, seed=seed))
    generator = torch.Generator().manual_seed(seed)
    for name, value in weights.items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2.0, generator=generator)
        elif value.is_floating_point() and value.ndim == 1:
            value.add_(0.3 * torch.randn(value.shape, generator=generator))
    channels, resolution, _ = graph.input_shape
    return Model(
        graph=graph,
        weights=weights,
        classes=("cat", "dog", "<script>", "naïve 鳥"),
        preprocessing=Preprocessing(
            resolution=int(resolution),
            channels=int(channels),
            mean=(0.4, 0.5, 0.6)[:channels],
            std=(0.2, 0.3, 0.25)[:channels],
        ),
        provenance={"data": "noise", "seed": seed},
    )


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def named() -> Callable[[str], Model]:
    """A model by the name of its network."""
    return lambda name: make_model(GRAPHS[name]())


@pytest.fixture(scope="session")
def trained(named: Callable[[str], Model]) -> Model:
    return named("excited")


@pytest.fixture(scope="session")
def exported(trained: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ship") / "model.onnx"
    export_onnx(trained, path)
    return path
