"""A small teacher of the made data set."""

from __future__ import annotations

from typing import Any

from train_cases import CLASSES

from featherbone.graph import Graph, image
from featherbone.nn import Model, Preprocessing, module, weights_of


def wide(channels: int = 1, side: int = 6, classes: int = 3) -> Graph:
    x = image(channels, side).conv(7, 3).norm().act("relu").conv(7, 3, stride=2).norm().act("relu")
    return x.global_pool().flatten().linear(classes).graph("wide")


def teacher(graph: Graph | None = None, seed: int = 5, **changes: Any) -> Model:
    graph = graph or wide()
    channels, side, _ = graph.input_shape
    settings: dict[str, Any] = {
        "graph": graph,
        "weights": weights_of(module(graph, seed=seed)),
        "classes": CLASSES,
        "preprocessing": Preprocessing(
            resolution=side, channels=channels, mean=(0.5,) * channels, std=(0.1,) * channels
        ),
    }
    return Model(**{**settings, **changes})
