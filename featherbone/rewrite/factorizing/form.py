"""What a form of a trained layer is: a chain of cheaper layers in its place, and how their weights are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import torch

from featherbone.graph import Graph, Shape
from featherbone.graph.operators import Conv, Linear, Operator


@dataclass(frozen=True, kw_only=True)
class Link:
    """One operator of a chain, and its weight where it has one; ``suffix`` is "" for the one with the layer's name."""

    suffix: str
    operator: Operator
    weight: torch.Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A trained layer as forms see it.

    ``kernel`` holds its weights in float64, channels written × channels read × places of the kernel (one for a linear
    layer); ``second`` is the mean of x·xᵀ over what it reads, x being channels × places in that order. Without images
    it is the identity: then all weights count alike.
    """

    operator: Conv | Linear
    read: Shape
    kernel: torch.Tensor
    second: torch.Tensor

    @property
    def matrix(self) -> torch.Tensor:
        """Channels written × (channels read · places)."""
        return self.kernel.flatten(1)

    @property
    def channels(self) -> int:
        """That it reads."""
        return self.kernel.shape[1]

    @property
    def places(self) -> int:
        return self.kernel.shape[2]

    def loss(self, matrix: torch.Tensor) -> torch.Tensor:
        """The mean squared error of what ``matrix`` writes in place of the layer, over all channels together."""
        missing = self.matrix - matrix
        return ((missing @ self.second) * missing).sum()


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A chain with its weights, and what it computes as one matrix: channels written × (channels read · places)."""

    links: tuple[Link, ...]
    matrix: torch.Tensor


@dataclass(frozen=True, kw_only=True)
class Form:
    """A way to factorize a layer.

    - `says`: what it is, in words; `rank`: what its rank counts.
    - `refusal`: why it does not apply to an operator that reads a shape; "" where it does.
    - `ranks`: those that it can have there, the last of which is exact.
    - `chain`: its operators at a rank, as far as they cost something, in order.
    - `fit`: the weights that lose least at a rank.
    """

    name: str
    says: str
    rank: str
    refusal: Callable[[Operator, Shape], str]
    ranks: Callable[[Conv | Linear, Shape], tuple[int, ...]]
    chain: Callable[[Conv | Linear, Shape, int], tuple[Operator, ...]]
    fit: Callable[[Layer, int], Fitted]


def places_of(operator: Conv | Linear) -> int:
    """How many places of the map a kernel sees."""
    return prod(int(side) for side in operator.kernel) if isinstance(operator, Conv) else 1


def written_by(operator: Conv | Linear) -> int:
    """How many channels the operator writes."""
    return int(operator.out_channels if isinstance(operator, Conv) else operator.out_features)


def writing(operator: Conv | Linear, channels: int, *, bias: bool) -> Conv | Linear:
    """The same operator with so many channels written."""
    if isinstance(operator, Linear):
        return replace(operator, out_features=channels, bias=bias)
    return replace(operator, out_channels=channels, bias=bias)


def mixing(operator: Conv | Linear, channels: int, *, bias: bool = False) -> Conv | Linear:
    """What mixes channels at each place of what the operator reads or writes: a 1×1 convolution, or a linear layer."""
    if isinstance(operator, Linear):
        return Linear(out_features=channels, bias=bias)
    ones = tuple([1 for _ in operator.kernel])
    edges = tuple([(0, 0) for _ in operator.kernel])
    return Conv(out_channels=channels, kernel=ones, stride=ones, padding=edges, dilation=ones, bias=bias)


def shaped(weight: torch.Tensor, operator: Operator, read: int) -> torch.Tensor:
    """A weight in the shape that the operator holds it in, where it reads so many channels."""
    shape = (read,) if isinstance(operator, Linear) else (read, *(1 for _ in getattr(operator, "kernel", ())))
    return weight.reshape(operator.parameters(shape)["weight"])


def linked(operators: tuple[Operator, ...], weights: tuple[torch.Tensor, ...], read: int) -> tuple[Link, ...]:
    """A chain of layers, the last of which has the layer's name."""
    links = []
    for place, (operator, weight) in enumerate(zip(operators, weights, strict=True)):
        suffix = "" if place == len(operators) - 1 else f"factor{place + 1}"
        links.append(Link(suffix=suffix, operator=operator, weight=shaped(weight, operator, read)))
        read = written_by(operator) if isinstance(operator, Conv | Linear) else read
    return tuple(links)


def no_layer(operator: Operator, read: Shape) -> str:
    """Why no form applies to an operator; "" for an ungrouped convolution or a linear layer."""
    if isinstance(operator, Linear):
        return ""
    if not isinstance(operator, Conv):
        return f"{operator.describe(read)} is no convolution or linear layer"
    if operator.groups != 1:
        return f"{operator.describe(read)} is factorized by its groups already"
    return ""


LINEAR = "a linear layer has neither kernel nor groups; pointwise_after is its SVD"


def no_window(operator: Operator, read: Shape) -> str:
    """Why no form of a kernel that sees several places applies to an operator."""
    if reason := no_layer(operator, read):
        return reason
    if isinstance(operator, Linear):
        return LINEAR
    if isinstance(operator, Conv) and places_of(operator) == 1:
        return "a pointwise convolution has no kernel to divide; pointwise_after is its SVD"
    return ""


def alone(layer: str, operators: tuple[Operator, ...], read: Shape) -> Graph:
    """A network that is only this chain."""
    from featherbone.graph.operators import Input

    names = ["read", *(f"link{place}" for place in range(1, len(operators) + 1))]
    entries = [(name, operator, (before,)) for name, operator, before in zip(names[1:], operators, names, strict=False)]
    return Graph.build(layer, [("read", Input(shape=read), ()), *entries], (names[-1],))
