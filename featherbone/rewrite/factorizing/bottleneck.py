"""A kernel between two pointwise convolutions: Tucker's decomposition of its two channel sides.

Source: arXiv:1511.06530 section 3; the form is that of arXiv:1512.03385 section 4.
"""

from __future__ import annotations

import torch

from featherbone.graph import Shape
from featherbone.graph.operators import Conv, Linear, Operator
from featherbone.rewrite.factorizing.form import Fitted, Form, Layer, linked, mixing, no_window, writing, written_by
from featherbone.rewrite.factorizing.least_squares import column_space, refined
from featherbone.rewrite.factorizing.pointwise import read_side


def _widths(operator: Conv | Linear, read: Shape, rank: int) -> tuple[int, int]:
    """Channels that the kernel reads and writes: the rank is that of the wider side, the other in proportion."""
    sides = int(read[0]), written_by(operator)
    wider = max(sides)
    return -(-sides[0] * rank // wider), -(-sides[1] * rank // wider)


def _ranks(operator: Conv | Linear, read: Shape) -> tuple[int, ...]:
    return tuple(range(1, max(int(read[0]), written_by(operator)) + 1))


def _chain(operator: Conv | Linear, read: Shape, rank: int) -> tuple[Operator, ...]:
    first, second = _widths(operator, read, rank)
    last = mixing(operator, written_by(operator), bias=bool(operator.bias))
    return mixing(operator, first), writing(operator, second, bias=False), last


def _fit(layer: Layer, rank: int) -> Fitted:
    first, second = _widths(layer.operator, layer.read, rank)
    mix = read_side(layer, first)
    last = column_space(layer.matrix, layer.second, second)
    first, second = mix.shape[0], last.shape[1]
    inner = torch.einsum("nq,nmk,mr->qrk", last, layer.kernel, torch.linalg.pinv(mix))

    def rows(mix: torch.Tensor, inner: torch.Tensor) -> torch.Tensor:
        return torch.einsum("qrk,rm->qmk", inner, mix).flatten(1)

    factors, matrix = refined(layer, [mix, inner, last], rows)
    operators = _chain(layer.operator, layer.read, rank)
    return Fitted(links=linked(operators, tuple(factors), layer.channels), matrix=matrix)


BOTTLENECK = Form(
    name="bottleneck",
    says="1×1, the kernel between fewer channels, 1×1",
    rank="channels of the wider side of the kernel; the other has as large a share",
    refusal=no_window,
    ranks=_ranks,
    chain=_chain,
    fit=_fit,
)
