"""Layers of a quantized model: their weights are packed; the multiply-adds are those of the layers they came from."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any


def of_convolution(input: Any, packed: Any, *args: Any, **settings: Any) -> int:
    """The multiply-adds of a convolution whose weights are packed, from the size of what it reads."""
    weight = packed.unpack()[0]
    rank = weight.dim() - 2
    stride, padding, dilation = packed.stride(), packed.padding(), packed.dilation()
    sides = [
        (side + 2 * edge - spread * (kernel - 1) - 1) // step + 1
        for side, edge, spread, kernel, step in zip(
            input.shape[-rank:], padding, dilation, weight.shape[2:], stride, strict=True
        )
    ]
    return int(input.shape[0] * prod(sides) * weight.numel())


def of_linear(input: Any, packed: Any, *args: Any, **settings: Any) -> int:
    """The multiply-adds of a linear layer whose weights are packed."""
    return int(prod(input.shape[:-1]) * packed.unpack()[0].numel())


CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
LINEARS = ("linear", "linear_relu", "linear_dynamic", "linear_relu_dynamic", "linear_leaky_relu", "linear_tanh")
KERNELS: dict[str, Callable[..., int]] = {
    **{f"quantized.{name}{after}": of_convolution for name in CONVOLUTIONS for after in ("", "_relu", "_dynamic")},
    **{f"quantized.{name}": of_linear for name in LINEARS},
}
ELEMENT_WISE = """
add add_relu add_scalar mul mul_scalar cat cat_relu relu6 leaky_relu hardswish sigmoid tanh batch_norm2d layer_norm
group_norm instance_norm max_pool2d elu prelu softmax dropout
"""
FREE = frozenset(f"quantized.{name}" for name in ELEMENT_WISE.split())
