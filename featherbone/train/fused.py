"""The same network with fewer passes over its feature maps: norms take their activations along.

Feature maps do not fit the processor's cache, so a step takes as long as reading and writing them. A batch norm and its
activation are two operators in torch: forward they read three times and write twice, backward they read six times and
write twice. Here they read twice and write once, and backward they read four times and write once.
"""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from featherbone.data.native import kernels
from featherbone.errors import FeatherboneError

SOURCE = Path(__file__).with_name("kernels.cpp")
KINDS = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
# What clamps to an interval: functional.relu is [0, ∞), relu6 is [0, 6].
CLAMPS = {functional.relu: (0.0, math.inf), functional.relu6: (0.0, 6.0)}


def fused(network: nn.Module) -> nn.Module:
    """A module for training that shares the network's parameters and running statistics, and computes the same.

    On a CPU, in float32 and bfloat16. Batch norms run in one kernel with the ReLU or ReLU6 behind them, and gradients
    to the input of a depthwise convolution are convolutions with the turned kernel. All else stays as it is.

    Raises `FeatherboneError` where the kernels cannot be compiled, and for a network on another device.
    """
    elsewhere = next((tensor.device for tensor in network.parameters() if tensor.device.type != "cpu"), None)
    if elsewhere is not None:
        raise FeatherboneError(f"the network is on {elsewhere}; the fused kernels are for CPUs", hint="use fused=False")
    kernels(SOURCE)
    traced = fx.GraphModule(network, _Tracer().trace(network))
    modules = dict(traced.named_modules())
    for node in list(traced.graph.nodes):
        if node.op != "call_module":
            continue
        layer = modules[node.target]
        if _is_plain_norm(layer):
            low, high = -math.inf, math.inf
            users = list(node.users)
            if len(users) == 1 and users[0].op == "call_function" and users[0].target in CLAMPS:
                low, high = CLAMPS[users[0].target]
                users[0].replace_all_uses_with(node)
                traced.graph.erase_node(users[0])
            _replace(traced, node, FusedNorm(layer, low, high))
        elif _is_depthwise(layer):
            _replace(traced, node, Depthwise(layer))
    traced.recompile()
    return traced


class _Tracer(fx.Tracer):
    """Norms are taken as they are, those that several processes synchronise too."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, _BatchNorm) or bool(super().is_leaf_module(m, module_qualified_name))


def _replace(traced: fx.GraphModule, node: fx.Node, layer: nn.Module) -> None:
    name = f"fused_{node.name}"
    traced.add_submodule(name, layer)
    node.target = name


def _is_plain_norm(layer: nn.Module) -> bool:
    return type(layer) is nn.BatchNorm2d and layer.affine and layer.track_running_stats and layer.momentum is not None


def _is_depthwise(layer: nn.Module) -> bool:
    return (
        type(layer) is nn.Conv2d
        and layer.groups == layer.in_channels == layer.out_channels > 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and layer.kernel_size[0] % 2 == layer.kernel_size[1] % 2 == 1
        and layer.padding == (layer.kernel_size[0] // 2, layer.kernel_size[1] // 2)
    )


class FusedNorm(nn.Module):
    """A batch norm and the clamp behind it."""

    def __init__(self, norm: nn.BatchNorm2d, low: float, high: float) -> None:
        super().__init__()
        self.norm, self.low, self.high = norm, low, high

    def forward(self, x: Tensor) -> Tensor:
        norm = self.norm
        if not norm.training:  # frozen
            return functional.hardtanh(norm(x), self.low, self.high)
        settings = (norm.eps, self.low, self.high)
        y, mean, variance = _Norm.apply(x, norm.weight, norm.bias, *settings)  # type: ignore[no-untyped-call]
        _follow(norm, mean, variance, x.numel() // x.shape[1])
        return cast(Tensor, y)


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
        context: Any, x: Tensor, weight: Tensor, bias: Tensor, epsilon: float, low: float, high: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = x.contiguous(memory_format=torch.channels_last)
        y = torch.empty_like(x)
        mean, variance, scale, shift = (torch.empty_like(weight) for _ in range(4))
        _call("norm_forward", x, (x, y, weight, bias, mean, variance, scale, shift), epsilon, low, high)
        context.save_for_backward(x, mean, variance, scale, shift)
        context.mark_non_differentiable(mean, variance)
        context.settings = epsilon, low, high
        return y, mean, variance

    @staticmethod
    def backward(context: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, mean, variance, scale, shift = context.saved_tensors
        gradient = gradient.to(x.dtype).contiguous(memory_format=torch.channels_last)
        to_x, to_weight, to_bias = torch.empty_like(x), torch.empty_like(mean), torch.empty_like(mean)
        tensors = (x, gradient, to_x, mean, variance, scale, shift, to_weight, to_bias)
        _call("norm_backward", x, tensors, *context.settings)
        return to_x, to_weight, to_bias, None, None, None


def _call(name: str, x: Tensor, tensors: tuple[Tensor, ...], epsilon: float, low: float, high: float) -> None:
    if x.dtype not in KINDS or any(tensor.dtype != torch.float32 for tensor in tensors if tensor.dim() == 1):
        raise TypeError(f"there is no kernel for norms of {x.dtype}")
    channels = x.shape[1]
    getattr(kernels(SOURCE), f"{name}_{KINDS[x.dtype]}")(
        *(ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors),
        ctypes.c_int64(x.numel() // channels),
        ctypes.c_int64(channels),
        ctypes.c_double(epsilon),
        ctypes.c_float(low),
        ctypes.c_float(high),
        ctypes.c_int(torch.get_num_threads()),
    )


class Depthwise(nn.Module):
    """A depthwise convolution whose windows are centred on the pixels: kernel odd, padding half of it."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.conv.weight, self.conv.bias
        if torch.is_autocast_enabled("cpu"):
            low = torch.get_autocast_dtype("cpu")
            x, weight, bias = x.to(low), weight.to(low), None if bias is None else bias.to(low)
        y: Tensor = _Depthwise.apply(x, weight, self.conv.stride, self.conv.padding)  # type: ignore[no-untyped-call]
        return y if bias is None else y + bias[:, None, None]


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
        context.save_for_backward(x, weight)
        context.stride, context.padding = stride, padding
        return functional.conv2d(x, weight, stride=stride, padding=padding, groups=x.shape[1])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (x, weight), stride, padding = context.saved_tensors, context.stride, context.padding
        to_x, to_weight, channels = None, None, x.shape[1]
        if context.needs_input_grad[0]:
            # oneDNN's bfloat16 takes many times as long for a stride of 2, and longer for 1.
            spread = gradient
            if stride != (1, 1):
                spread = torch.zeros_like(x)
                spread[:, :, :: stride[0], :: stride[1]] = gradient
            to_x = functional.conv2d(spread, weight.flip(2, 3), padding=padding, groups=channels)
        if context.needs_input_grad[1]:
            mask = [False, True, False]
            to_weight = torch.ops.aten.convolution_backward(
                gradient, x, weight, None, stride, padding, [1, 1], False, [0, 0], channels, mask
            )[1]
        return to_x, to_weight, None, None
