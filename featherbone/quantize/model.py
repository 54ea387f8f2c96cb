"""A quantized network that classifies images, whole: with class names, preprocessing and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from featherbone.graph import Graph
from featherbone.nn.about import require_fit
from featherbone.nn.preprocessing import Preprocessing
from featherbone.quantize.fake import FakeQuantized
from featherbone.quantize.network import QuantizedNetwork


@dataclass(frozen=True, kw_only=True)
class QuantizedModel:
    """What ``featherbone.nn.Model`` is, with a quantized network in place of a graph and float weights.

    >>> import torch
    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> from featherbone.quantize import nearest_network, prepared
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> model = QuantizedModel(
    ...     network=nearest_network(prepared(graph, weights_of(module(graph, seed=0))), {}, bits=4),
    ...     classes=("cat", "dog"),
    ...     preprocessing=Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,)),
    ... )
    >>> model.module()(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 2])

    Raises:
        FeatherboneError: the parts do not fit each other.
    """

    network: QuantizedNetwork
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_fit(self.graph, self.classes, self.preprocessing)

    @property
    def graph(self) -> Graph:
        """The network's graph, without norms."""
        return self.network.graph

    def module(self) -> nn.Module:
        """What computes the network, in evaluation mode."""
        return FakeQuantized(self.network).eval()
