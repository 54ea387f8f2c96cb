"""What a batch norm multiplies each channel with and adds to it, and a layer's weights times that.

The scale and the shift are computed in float64, so that folded weights lose no more than one rounding.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from featherbone.graph import Node
from featherbone.graph.operators import BatchNorm, ConvTranspose, Operator


def scale_and_shift(norm: Node, weight: Callable[[str], torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Of a norm, for each channel, in float64; ``weight`` gives its tensors by their own names.

    >>> from featherbone.graph import image
    >>> norm = image(2, 4).norm(epsilon=1.0, affine=False, name="norm").graph("tiny")["norm"]
    >>> held = {"running_mean": torch.tensor([1.0, 0.0]), "running_var": torch.tensor([3.0, 0.0])}
    >>> [each.tolist() for each in scale_and_shift(norm, held.__getitem__)]
    [[0.5, 1.0], [-0.5, 0.0]]
    """
    operator = norm.operator
    assert isinstance(operator, BatchNorm), "only a batch norm has a scale and a shift"
    scale = 1 / torch.sqrt(weight("running_var").detach().double() + operator.epsilon)
    shift = torch.zeros_like(scale)
    if operator.affine:
        scale, shift = scale * weight("weight").detach().double(), weight("bias").detach().double()
    return scale, shift - scale * weight("running_mean").detach().double()


def scaled(operator: Operator, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """A layer's weight with each channel that it writes times its scale; in float64."""
    weight = weight.detach().double()
    sides = (1,) * (weight.dim() - 2)
    if not isinstance(operator, ConvTranspose):
        return weight * scale.reshape(-1, 1, *sides)
    groups = int(operator.groups)  # (channels in, channels out / groups, …): each group writes its own channels
    grouped = weight.reshape(groups, -1, *weight.shape[1:]) * scale.reshape(groups, 1, -1, *sides)
    return grouped.reshape(weight.shape)
