"""Fewer channels before or after a layer, by a pointwise one beside it: the SVD of its weights.

Source: arXiv:1404.0736 section 3.2; with what the layer reads, arXiv:1505.06798 section 3.1.
"""

from __future__ import annotations

import torch

from featherbone.graph import Shape
from featherbone.graph.operators import Conv, Linear, Operator
from featherbone.rewrite.factorizing.form import (
    Fitted,
    Form,
    Layer,
    linked,
    mixing,
    no_layer,
    places_of,
    writing,
    written_by,
)
from featherbone.rewrite.factorizing.least_squares import column_space, refined


def channel_moments(layer: Layer) -> torch.Tensor:
    """Σ over the places of a kernel of the moments of the channels there: channels × channels."""
    return torch.einsum("mknk->mn", layer.second.reshape(layer.channels, layer.places, layer.channels, layer.places))


def read_side(layer: Layer, rank: int) -> torch.Tensor:
    """The combinations of channels read that lose least: rank × channels."""
    tall = layer.kernel.transpose(1, 2).flatten(0, 1)  # (written · places) × read
    return column_space(tall, channel_moments(layer), rank).T @ tall


def _ranks_before(operator: Conv | Linear, read: Shape) -> tuple[int, ...]:
    return tuple(range(1, min(int(read[0]), written_by(operator) * places_of(operator)) + 1))


def _ranks_after(operator: Conv | Linear, read: Shape) -> tuple[int, ...]:
    return tuple(range(1, min(written_by(operator), int(read[0]) * places_of(operator)) + 1))


def _before(operator: Conv | Linear, read: Shape, rank: int) -> tuple[Operator, ...]:
    return mixing(operator, rank), operator


def _after(operator: Conv | Linear, read: Shape, rank: int) -> tuple[Operator, ...]:
    last = mixing(operator, written_by(operator), bias=bool(operator.bias))
    return writing(operator, rank, bias=False), last


def _fit_before(layer: Layer, rank: int) -> Fitted:
    tall = layer.kernel.transpose(1, 2).flatten(0, 1)
    basis = column_space(tall, channel_moments(layer), rank)
    last = basis.reshape(-1, layer.places, rank).transpose(1, 2).flatten(1)  # written × (rank · places)
    same = torch.eye(layer.places, dtype=torch.float64)

    def rows(mix: torch.Tensor) -> torch.Tensor:
        return torch.einsum("rm,kl->rkml", mix, same).reshape(rank * layer.places, -1)

    factors, matrix = refined(layer, [basis.T @ tall, last], rows)
    operators = _before(layer.operator, layer.read, rank)
    return Fitted(links=linked(operators, tuple(factors), layer.channels), matrix=matrix)


def _fit_after(layer: Layer, rank: int) -> Fitted:
    basis = column_space(layer.matrix, layer.second, rank)
    first = basis.T @ layer.matrix
    operators = _after(layer.operator, layer.read, rank)
    return Fitted(links=linked(operators, (first, basis), layer.channels), matrix=basis @ first)


POINTWISE_BEFORE = Form(
    name="pointwise_before",
    says="1×1 to R channels, then the kernel",
    rank="channels between the two",
    refusal=no_layer,
    ranks=_ranks_before,
    chain=_before,
    fit=_fit_before,
)
POINTWISE_AFTER = Form(
    name="pointwise_after",
    says="the kernel to R channels, then 1×1",
    rank="channels between the two",
    refusal=no_layer,
    ranks=_ranks_after,
    chain=_after,
    fit=_fit_after,
)
