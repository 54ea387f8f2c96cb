"""Another resolution: a trained network for smaller or larger images, with the same weights.

Law: the result computes what the network, built for that resolution, computes with these weights.
"""

from __future__ import annotations

from dataclasses import replace

from featherbone.graph.resize import resize_graph
from featherbone.nn import Model


def resize(model: Model, resolution: int) -> Model:
    """A model for images of ``resolution`` × ``resolution``; its preprocessing goes along.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 32).conv(4, 3).global_pool().flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=32, channels=1, mean=(0.5,), std=(0.25,))
    >>> model = Model(graph=graph, weights=weights_of(module(graph, seed=0)), classes=("a", "b"), preprocessing=seen)
    >>> resize(model, 24).preprocessing.shape
    (1, 24, 24)

    Raises:
        FeatherboneError: what ``featherbone.graph.resize.resize_graph`` refuses, with resolutions that would work.
    """
    smaller = resize_graph(model.graph, resolution)
    return replace(model, graph=smaller, preprocessing=replace(model.preprocessing, resolution=resolution))
