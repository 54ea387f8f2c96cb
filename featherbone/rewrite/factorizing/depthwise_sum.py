"""R kernels for each channel, then a pointwise convolution: a sum of R depthwise separable convolutions.

Source: arXiv:1802.03750 (every convolution is such a sum, by the SVD of what reads each channel).
"""

from __future__ import annotations

from dataclasses import replace

import torch

from featherbone.graph import Shape
from featherbone.graph.operators import Conv, Linear, Operator
from featherbone.rewrite.factorizing.form import Fitted, Form, Layer, linked, mixing, no_window, places_of, written_by
from featherbone.rewrite.factorizing.least_squares import column_space, refined


def _ranks(operator: Conv | Linear, read: Shape) -> tuple[int, ...]:
    return tuple(range(1, min(written_by(operator), places_of(operator)) + 1))


def _chain(operator: Conv | Linear, read: Shape, rank: int) -> tuple[Operator, ...]:
    assert isinstance(operator, Conv), "checked by no_window()"
    channels = int(read[0])
    filters = replace(operator, out_channels=channels * rank, groups=channels, bias=False)
    return filters, mixing(operator, written_by(operator), bias=bool(operator.bias))


def _fit(layer: Layer, rank: int) -> Fitted:
    read, places = layer.channels, layer.places
    slices = layer.kernel.transpose(0, 1)  # read × written × places
    second = torch.einsum("mkml->mkl", layer.second.reshape(read, places, read, places))
    basis = column_space(slices, second, rank)  # read × written × rank
    same = torch.eye(read, dtype=torch.float64)

    def rows(filters: torch.Tensor) -> torch.Tensor:
        return torch.einsum("mtk,mn->mtnk", filters, same).reshape(read * rank, -1)

    last = basis.permute(1, 0, 2).flatten(1)
    factors, matrix = refined(layer, [basis.transpose(1, 2) @ slices, last], rows)
    operators = _chain(layer.operator, layer.read, rank)
    return Fitted(links=linked(operators, tuple(factors), read), matrix=matrix)


DEPTHWISE_SUM = Form(
    name="depthwise_sum",
    says="R depthwise kernels for each channel, then 1×1",
    rank="kernels for each channel",
    refusal=no_window,
    ranks=_ranks,
    chain=_chain,
    fit=_fit,
)
