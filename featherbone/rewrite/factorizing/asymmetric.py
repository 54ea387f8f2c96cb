"""A K×K kernel as K×1 and then 1×K, with R channels between them.

Source: arXiv:1405.3866 section 2.2, scheme 2; the form is that of arXiv:1512.00567 section 3.2.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from featherbone.graph import Shape
from featherbone.graph.operators import Conv, Linear, Operator
from featherbone.rewrite.factorizing.form import Fitted, Form, Layer, linked, no_window, written_by
from featherbone.rewrite.factorizing.least_squares import column_space, refined


def _refusal(operator: Operator, read: Shape) -> str:
    if reason := no_window(operator, read):
        return reason
    assert isinstance(operator, Conv), "what has a window"
    if len(operator.kernel) != 2 or 1 in operator.kernel:
        return f"{operator.describe(read)} has no two sides of which each could be a kernel of its own"
    return ""


def _sides(operator: Conv | Linear) -> tuple[int, int]:
    assert isinstance(operator, Conv), "checked by _refusal()"
    return int(operator.kernel[0]), int(operator.kernel[1])


def _ranks(operator: Conv | Linear, read: Shape) -> tuple[int, ...]:
    height, width = _sides(operator)
    return tuple(range(1, min(int(read[0]) * height, written_by(operator) * width) + 1))


def _chain(operator: Conv | Linear, read: Shape, rank: int) -> tuple[Operator, ...]:
    assert isinstance(operator, Conv)
    (height, width), still = _sides(operator), (0, 0)
    down, across = operator.stride
    above, beside = operator.padding
    apart = operator.dilation
    return (
        replace(
            operator, out_channels=rank, kernel=(height, 1), stride=(down, 1), padding=(above, still),
            dilation=(apart[0], 1), bias=False,
        ),
        replace(operator, kernel=(1, width), stride=(1, across), padding=(still, beside), dilation=(1, apart[1])),
    )  # fmt: skip


def _fit(layer: Layer, rank: int) -> Fitted:
    height, width = _sides(layer.operator)
    read = layer.channels
    tall = layer.kernel.reshape(-1, read, height, width).permute(0, 3, 1, 2).reshape(-1, read * height)
    second = layer.second.reshape(read * height, width, read * height, width)
    basis = column_space(tall, torch.einsum("ajbj->ab", second), rank)  # (written · width) × rank
    last = basis.reshape(-1, width, rank).transpose(1, 2).flatten(1)
    same = torch.eye(width, dtype=torch.float64)

    def rows(first: torch.Tensor) -> torch.Tensor:
        return torch.einsum("ra,jl->rjal", first, same).reshape(rank * width, -1)

    factors, matrix = refined(layer, [basis.T @ tall, last], rows)
    operators = _chain(layer.operator, layer.read, rank)
    return Fitted(links=linked(operators, tuple(factors), layer.channels), matrix=matrix)


ASYMMETRIC = Form(
    name="asymmetric",
    says="K×1 to R channels, then 1×K",
    rank="channels between the two",
    refusal=_refusal,
    ranks=_ranks,
    chain=_chain,
    fit=_fit,
)
