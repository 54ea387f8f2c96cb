"""A batch norm, what is added to it and the activation behind it, by our own kernels."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from featherbone.kernels.activations import NONE, Act
from featherbone.kernels.build import kernels
from featherbone.kernels.convolutions import Convolution

SOURCE = Path(__file__).with_name("norm.cpp")
KINDS = {torch.float32: "float32", torch.bfloat16: "bfloat16"}


class FusedNorm(nn.Module):
    """act(norm(conv(x)) + other), with or without a convolution, which nothing else reads.

    The activation is one of ``Act``; hard_swish only where nothing is added. A norm that holds its statistics is no
    pass over a map: it scales the weights of the convolution before it, through which its own gradients go too.
    """

    def __init__(self, norm: nn.BatchNorm2d, act: Act, conv: nn.Conv2d | Convolution | None = None) -> None:
        super().__init__()
        self.norm, self.act, self.conv = norm, act, conv

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        norm = self.norm
        if not norm.training:
            y = norm(x) if self.conv is None else _scaled(norm, self.conv, x)
            return self.act(y if other is None else y + other)
        if self.conv is not None:
            x = self.conv(x)
        fits = other is None or (other.shape == x.shape and other.dtype == x.dtype)
        if other is not None and self.act.swish:
            raise TypeError("there is no kernel for hard_swish of a sum")
        arguments = (x, other if fits else None, norm.weight, norm.bias, norm.eps, self.act if fits else NONE)
        y, mean, variance = _Norm.apply(*arguments)  # type: ignore[no-untyped-call]
        _follow(norm, mean, variance, x.numel() // x.shape[1])
        return cast(Tensor, y) if fits else self.act(y + other)


def _scaled(norm: nn.BatchNorm2d, conv: nn.Conv2d | Convolution, x: Tensor) -> Tensor:
    """A convolution and the norm behind it, by the statistics that the norm holds."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise TypeError("the norm has no running statistics")
    layer = conv.conv if isinstance(conv, Convolution) else conv
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    shift = norm.bias - (mean if layer.bias is None else mean - layer.bias) * scale
    weight = layer.weight * scale[:, None, None, None]
    if isinstance(conv, Convolution):
        return conv.by(x, weight, shift)
    y: Tensor = conv._conv_forward(x, weight, shift)
    return y


@torch.no_grad()
def _follow(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor, count: int) -> None:
    """Move the running statistics as torch does: the variance that is kept is the unbiased one."""
    if norm.running_mean is None or norm.running_var is None or norm.num_batches_tracked is None:
        raise TypeError("the norm has no running statistics")
    share = cast(float, norm.momentum)
    norm.num_batches_tracked.add_(1)
    norm.running_mean.lerp_(mean, share)
    norm.running_var.lerp_(variance * (count / max(1, count - 1)), share)


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        other: Tensor | None,
        weight: Tensor,
        bias: Tensor,
        epsilon: float,
        act: Act,
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = x.contiguous(memory_format=torch.channels_last)
        other = None if other is None else other.contiguous(memory_format=torch.channels_last)
        y = torch.empty_like(x)
        mean, variance, scale, shift = (torch.empty_like(weight) for _ in range(4))
        _call("norm_forward", x, (x, other, y, weight, bias, mean, variance, scale, shift), epsilon, act)
        context.added, context.clamped = other is not None, act != NONE
        # What was clamped follows from x alone, but for what was added.
        kept = [y] if context.added and context.clamped else []
        context.save_for_backward(x, mean, variance, scale, shift, *kept)
        context.mark_non_differentiable(mean, variance)
        context.settings = epsilon, act
        return y, mean, variance

    @staticmethod
    def backward(context: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, mean, variance, scale, shift, *kept = context.saved_tensors
        gradient = gradient.to(x.dtype).contiguous(memory_format=torch.channels_last)
        to_x, to_weight, to_bias = torch.empty_like(x), torch.empty_like(mean), torch.empty_like(mean)
        y, to_other = (kept[0], torch.empty_like(x)) if kept else (None, None)
        tensors = (x, gradient, y, to_other, to_x, mean, variance, scale, shift, to_weight, to_bias)
        _call("norm_backward", x, tensors, *context.settings)
        if context.added and not context.clamped:
            to_other = gradient
        return to_x, to_other, to_weight, to_bias, None, None


def _call(name: str, x: Tensor, tensors: tuple[Tensor | None, ...], epsilon: float, act: Act) -> None:
    given = [tensor for tensor in tensors if tensor is not None]
    if x.dtype not in KINDS or any(
        tensor.dtype != (torch.float32 if tensor.dim() == 1 else x.dtype) for tensor in given
    ):
        raise TypeError(f"there is no kernel for norms of {x.dtype}")
    channels = x.shape[1]
    getattr(kernels(SOURCE), f"{name}_{KINDS[x.dtype]}")(
        *(ctypes.c_void_p(None if tensor is None else tensor.data_ptr()) for tensor in tensors),
        ctypes.c_int64(x.numel() // channels),
        ctypes.c_int64(channels),
        ctypes.c_double(epsilon),
        ctypes.c_float(act.low),
        ctypes.c_float(act.high),
        ctypes.c_int(act.swish),
        ctypes.c_int(torch.get_num_threads()),
    )
