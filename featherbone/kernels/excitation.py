"""Squeeze-and-excitation with fewer passes over its map: the means, and the map times its gates with what follows.

The map goes through `Squeeze` unchanged, so that the gradient of the means is added where that of the map lies already.
"""

from __future__ import annotations

import ctypes
import operator
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from featherbone.kernels.activations import Act, act_behind, only_reader, sum_behind
from featherbone.kernels.build import kernels

SOURCE = Path(__file__).with_name("excitation.cpp")
KINDS = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
GATES = {
    functional.relu,
    functional.relu6,
    functional.hardswish,
    functional.hardsigmoid,
    functional.silu,
    torch.sigmoid,
}


class Squeeze(nn.Module):
    """A map (N, C, H, W) → the means of its channels (N, C, 1, 1), and the map."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return cast(tuple[Tensor, Tensor], _Squeeze.apply(x))  # type: ignore[no-untyped-call]


class Excite(nn.Module):
    """act(x · gate + other) of a map, its gates (N, C, 1, 1) and what is added."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self.act = act

    def forward(self, x: Tensor, gate: Tensor, other: Tensor | None = None) -> Tensor:
        if other is not None and (other.shape != x.shape or other.dtype != x.dtype):
            return self.act(x * gate + other)
        return cast(Tensor, _Excite.apply(x, gate, other, self.act))  # type: ignore[no-untyped-call]


def fuse_excitations(traced: fx.GraphModule) -> None:
    """Replace every map that is multiplied with gates which are made of its own means."""
    for pool in list(traced.graph.nodes):
        gate = _gate_of(pool)
        if gate is None:
            continue
        source = cast(fx.Node, pool.args[0])
        product = cast(fx.Node, only_reader(gate))
        last, others = sum_behind(product)
        act, end = act_behind(last)
        squeeze, excite = f"fused_{pool.name}", f"fused_{product.name}"
        traced.add_submodule(squeeze, Squeeze())
        traced.add_submodule(excite, Excite(act))
        with traced.graph.inserting_before(pool):
            both = traced.graph.call_module(squeeze, (source,))
            means, x = (traced.graph.call_function(operator.getitem, (both, place)) for place in (0, 1))
        with traced.graph.inserting_before(last):
            fresh = traced.graph.call_module(excite, (x, gate, *others))
        pool.replace_all_uses_with(means)
        end.replace_all_uses_with(fresh)
        for left in dict.fromkeys((end, last, product, pool)):
            traced.graph.erase_node(left)


def _gate_of(pool: fx.Node) -> fx.Node | None:
    """The gates that are made of a map's means and multiplied with the map, where a node is those means."""
    if pool.target is not functional.adaptive_avg_pool2d or pool.args[1:] not in ((1,), ((1, 1),)):
        return None
    at = pool
    while (reader := only_reader(at)) is not None:
        if reader.target is operator.mul and set(reader.args) == {pool.args[0], at} and at is not pool:
            return at
        is_layer = reader.op == "call_module" and len(reader.args) == 1
        if not is_layer and not (reader.op == "call_function" and reader.target in GATES):
            return None
        at = reader
    return None


class _Squeeze(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        given = x.contiguous(memory_format=torch.channels_last)
        means = torch.empty(x.shape[:2])
        _call("squeeze", given, (given, means))
        context.set_materialize_grads(False)
        return means.to(x.dtype)[..., None, None], x.view_as(x)

    @staticmethod
    def backward(context: Any, to_means: Tensor | None, to_x: Tensor | None) -> Tensor | None:
        if to_means is None or to_x is None:
            raise RuntimeError("a map that is squeezed is not excited")
        to_x = to_x.contiguous(memory_format=torch.channels_last)  # made by _Excite alone, for us alone
        _call("squeeze_back", to_x, (to_x, to_means.float().flatten(1).contiguous()))
        return to_x


class _Excite(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, gate: Tensor, other: Tensor | None, act: Act) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        other = None if other is None else other.contiguous(memory_format=torch.channels_last)
        gates, y = gate.float().flatten(1).contiguous(), torch.empty_like(x)
        _call("excite", x, (x, gates, other, y), act)
        context.act, context.gate = act, (gate.shape, gate.dtype)
        context.save_for_backward(x, gates, other)
        return y

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, gates, other = context.saved_tensors
        gradient = gradient.to(x.dtype).contiguous(memory_format=torch.channels_last)
        to_x, to_gate = torch.empty_like(x), torch.empty_like(gates)
        to_other = None if other is None else torch.empty_like(x)
        _call("excite_back", x, (gradient, x, gates, other, to_x, to_gate, to_other), context.act)
        shape, dtype = context.gate
        return to_x, to_gate.view(shape).to(dtype), to_other, None


def _call(name: str, x: Tensor, tensors: tuple[Tensor | None, ...], act: Act | None = None) -> None:
    if x.dtype not in KINDS:
        raise TypeError(f"there is no kernel for excitations of {x.dtype}")
    count, channels, height, width = x.shape
    maps = (ctypes.c_int64 * 3)(count, height * width, channels)
    of_act = () if act is None else (ctypes.c_float(act.low), ctypes.c_float(act.high), ctypes.c_int(act.swish))
    getattr(kernels(SOURCE), f"{name}_{KINDS[x.dtype]}")(
        *(ctypes.c_void_p(None if tensor is None else tensor.data_ptr()) for tensor in tensors),
        maps,
        *of_act,
        ctypes.c_int(torch.get_num_threads()),
    )
