"""A layer of a trained network as forms see it, and the reason where they can't."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import torch

from featherbone.graph import Graph
from featherbone.graph.operators import Conv, Linear
from featherbone.rewrite.factorizing.form import Fitted, Form, Layer
from featherbone.rewrite.mending.moments import Moments

Weights = Mapping[str, torch.Tensor]


def reason_against(graph: Graph, name: str, form: Form) -> str:
    """Why a form does not apply to a node of a graph; "" where it does.

    >>> from featherbone.graph import image
    >>> from featherbone.rewrite.factorizing.catalogue import FORMS
    >>> graph = image(3, 8).conv(4, 3, name="stem").depthwise(3, name="filter").graph("tiny")
    >>> reason_against(graph, "stem", FORMS["asymmetric"])
    ''
    >>> reason_against(graph, "filter", FORMS["asymmetric"])
    'depthwise 3×3 is factorized by its groups already'
    """
    node = graph[name]
    if node.shares or any(other.shares == name for other in graph.nodes):
        return "its weights are used at several places"
    shapes = graph.input_shapes(node)
    return form.refusal(node.operator, shapes[0]) if len(shapes) == 1 else f"{node.operator.kind} is no layer"


def layers_of(graph: Graph) -> list[str]:
    """The convolutions and linear layers, by name."""
    return [node.name for node in graph.nodes if isinstance(node.operator, Conv | Linear)]


def layer_of(graph: Graph, weights: Weights, name: str, moments: Moments | None = None) -> Layer:
    """The layer of this name, to which some form applies, with the moments of what it reads."""
    node = graph[name]
    operator, (read,) = node.operator, graph.input_shapes(node)
    assert isinstance(operator, Conv | Linear), "checked by reason_against()"
    weight = weights[f"{name}.weight"].double()
    kernel = weight.reshape(*weight.shape[:2], prod(weight.shape[2:]))
    if moments is None:
        return Layer(operator=operator, read=read, kernel=kernel, second=torch.eye(kernel[0].numel()).double())
    second = moments.read[0, :-1, :-1] / moments.rows
    if operator.bias:  # it takes the mean of what is lost, so that only the variance counts
        mean = mean_of(moments)
        second = second - mean[:, None] * mean
    return Layer(operator=operator, read=read, kernel=kernel, second=second)


def mean_of(moments: Moments) -> torch.Tensor:
    """The mean of each thing that a layer reads, in the order of its weights."""
    return moments.read[0, -1, :-1] / moments.rows


def share_lost(layer: Layer, fitted: Fitted, moments: Moments | None = None) -> float:
    """The error of a chain as a share of the variance of what the layer writes, or of its squared weights."""
    second = layer.second
    if moments is not None and not layer.operator.bias:
        mean = mean_of(moments)
        second = second - mean[:, None] * mean
    power = float(((layer.matrix @ second) * layer.matrix).sum())
    return float(layer.loss(fitted.matrix)) / power if power > 0 else 0.0
