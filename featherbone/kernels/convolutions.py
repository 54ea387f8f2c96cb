"""Convolutions whose gradients are computed another way than torch does, where oneDNN's way is slow."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from featherbone.kernels.build import kernels

# Channels from which on, in bfloat16, a product of matrices is the faster gradient of a 1×1 convolution's weights:
# 0.25 for 1.9 ms with 232, 0.4 for 1.0 with 116; below it is the slower one.
WIDE = 96
SMALL = 3  # the side of kernels that oneDNN's gradient of the weights is the faster one for
LANES = 16  # channels that our kernels take at a time

SOURCE = Path(__file__).with_name("depthwise.cpp")
KINDS = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
Pair = tuple[int, int]


class Convolution(nn.Module):
    """A wide convolution of kernel 1, or a depthwise one whose windows are centred on the pixels."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        return self.by(x, self.conv.weight, self.conv.bias)

    def by(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The same with other weights of its shapes."""
        conv = self.conv
        if torch.is_autocast_enabled("cpu"):
            low = torch.get_autocast_dtype("cpu")
            x, weight, bias = x.to(low), weight.to(low), None if bias is None else bias.to(low)
        arguments = (x, weight, conv.stride, conv.padding, conv.groups)
        y: Tensor = _Convolution.apply(*arguments)  # type: ignore[no-untyped-call]
        return y if bias is None else y + bias[:, None, None]


def is_better_ours(layer: nn.Module) -> bool:
    """Whether `Convolution` computes this layer."""
    if type(layer) is not nn.Conv2d or layer.padding_mode != "zeros" or layer.dilation != (1, 1):
        return False
    height, width = layer.kernel_size
    if layer.groups == 1:
        wide = min(layer.in_channels, layer.out_channels) >= WIDE
        return wide and (height, width) == (1, 1) and layer.stride == (1, 1) and layer.padding == (0, 0)
    depthwise = layer.groups == layer.in_channels == layer.out_channels
    return depthwise and height % 2 == width % 2 == 1 and layer.padding == (height // 2, width // 2)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor, stride: Pair, padding: Pair, groups: int) -> Tensor:
        context.save_for_backward(x, weight)
        context.settings = stride, padding, groups
        return functional.conv2d(x, weight, stride=stride, padding=padding, groups=groups)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (x, weight), (stride, padding, groups) = context.saved_tensors, context.settings
        wants_x, wants_weight = context.needs_input_grad[:2]
        to_x, to_weight = None, None
        if wants_x:
            to_x = _to_input(gradient, x, weight, stride, padding, groups)
        if wants_weight:
            to_weight = _to_weight(gradient, x, weight, stride, padding, groups)
        return to_x, to_weight, None, None, None


def _to_input(gradient: Tensor, x: Tensor, weight: Tensor, stride: Pair, padding: Pair, groups: int) -> Tensor:
    if groups == 1:
        return _onednn(gradient, x, weight, stride, padding, groups, [True, False, False])[0]
    if stride == (1, 1):  # a convolution with the turned kernel; oneDNN's own takes twice as long
        return functional.conv2d(gradient, weight.flip(2, 3), padding=padding, groups=groups)
    return _strided_to_input(gradient, x, weight, stride, padding)


def _strided_to_input(gradient: Tensor, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
    """By our own kernel: oneDNN's takes as long in float32, and 20 to 40 times as long in bfloat16."""
    gradient = gradient.to(x.dtype).contiguous(memory_format=torch.channels_last)
    taps = weight[:, 0].permute(1, 2, 0).float().contiguous()
    result = torch.empty_like(x, memory_format=torch.channels_last)
    _kernel("to_input", gradient, x, weight, stride, padding, gradient, taps, result)
    return result


def _to_weight(gradient: Tensor, x: Tensor, weight: Tensor, stride: Pair, padding: Pair, groups: int) -> Tensor:
    if groups > 1 and max(weight.shape[2:]) > SMALL:
        return _depthwise_to_weight(gradient, x, weight, stride, padding)
    if groups == 1 and x.dtype == torch.bfloat16:
        rows, pixels = (tensor.permute(0, 2, 3, 1).reshape(-1, tensor.shape[1]) for tensor in (gradient, x))
        return torch.mm(rows.t(), pixels).view_as(weight)
    return _onednn(gradient, x, weight, stride, padding, groups, [False, True, False])[1]


def _depthwise_to_weight(gradient: Tensor, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
    """By our own kernel: with 5×5 taps oneDNN's takes 4 times as long in float32, and 20 to 35 times in bfloat16."""
    gradient, x = (tensor.to(x.dtype).contiguous(memory_format=torch.channels_last) for tensor in (gradient, x))
    channels, _, height, width = weight.shape
    rounded = -(-channels // LANES) * LANES
    sums = torch.empty((torch.get_num_threads(), height, width, rounded))
    _kernel("to_weight", gradient, x, weight, stride, padding, gradient, x, sums)
    return sums.sum(dim=0)[..., :channels].permute(2, 0, 1).unsqueeze(1).to(weight.dtype).contiguous()


def _kernel(
    name: str, gradient: Tensor, x: Tensor, weight: Tensor, stride: Pair, padding: Pair, *tensors: Tensor
) -> None:
    (count, channels, height, width), (down, across) = x.shape, gradient.shape[2:]
    numbers = (count, height, width, channels, down, across, *weight.shape[2:], *stride, *padding)
    getattr(kernels(SOURCE), f"depthwise_{name}_{KINDS[x.dtype]}")(
        *(ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors),
        (ctypes.c_int64 * len(numbers))(*numbers),
        ctypes.c_int(torch.get_num_threads()),
    )


def _onednn(
    gradient: Tensor, x: Tensor, weight: Tensor, stride: Pair, padding: Pair, groups: int, wanted: list[bool]
) -> tuple[Tensor, Tensor, Tensor]:
    backward = torch.ops.aten.convolution_backward
    found: tuple[Tensor, Tensor, Tensor] = backward(
        gradient, x, weight, None, stride, padding, [1, 1], False, [0, 0], groups, wanted
    )
    return found
