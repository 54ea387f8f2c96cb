"""Feature maps that are joined, whose channels are shuffled, and that are parted again: one pass instead of five."""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

from featherbone.kernels.build import kernels

SOURCE = Path(__file__).with_name("shuffle.cpp")
KINDS = {torch.float32: "float32", torch.bfloat16: "bfloat16"}


class Shuffle(nn.Module):
    """Maps (N, C, H, W), joined → the channels of `groups` groups in turns, as maps of these `widths`; () is one."""

    def __init__(self, groups: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.groups, self.widths = groups, tuple(widths)

    def forward(self, *maps: Tensor) -> Tensor | tuple[Tensor, ...]:
        kind = reduce(torch.promote_types, (given.dtype for given in maps))
        maps = tuple(given.to(kind) for given in maps)
        widths = self.widths or (sum(given.shape[1] for given in maps),)
        shuffled = _Shuffle.apply(self.groups, widths, *maps)  # type: ignore[no-untyped-call]
        return cast(tuple[Tensor, ...], shuffled) if self.widths else cast(Tensor, shuffled[0])


def fuse_shuffles(traced: fx.GraphModule) -> None:
    """Replace every shuffle of channels, with what is joined before it and parted behind it."""
    for node in list(traced.graph.nodes):
        chain = _shuffle_from(node)
        if chain is None:
            continue
        groups, last = chain
        joined = cast(fx.Node, node.args[0])
        is_joined = joined.target is torch.cat and list(joined.users) == [node] and joined.args[1:] == (1,)
        parts = _parts(last)
        name = f"fused_{node.name}"
        traced.add_submodule(name, Shuffle(groups, [width for _, width in parts]))
        with traced.graph.inserting_before(last):
            sources = tuple(cast(Sequence[fx.Node], joined.args[0])) if is_joined else (joined,)
            fresh = traced.graph.call_module(name, sources)
            results = [traced.graph.call_function(operator.getitem, (fresh, i)) for i in range(len(parts))]
        for (part, _), result in zip(parts, results, strict=True):
            part.replace_all_uses_with(result)
            traced.graph.erase_node(part)
        last.replace_all_uses_with(fresh)
        for left in (last, last.args[0], node, *([joined] if is_joined else [])):
            traced.graph.erase_node(cast(fx.Node, left))


def _shuffle_from(node: fx.Node) -> tuple[int, fx.Node] | None:
    """Groups and last node where `x.unflatten(1, (groups, size)).transpose(1, 2).flatten(1, 2)` begins at a node."""
    steps, at = [("unflatten", None), ("transpose", (1, 2)), ("flatten", (1, 2))], node
    for place, (name, arguments) in enumerate(steps):
        if at.op != "call_method" or at.target != name or at.kwargs or arguments not in (None, at.args[1:]):
            return None
        if place + 1 < len(steps):
            if len(at.users) != 1:
                return None
            at = next(iter(at.users))
    if node.args[1] != 1 or len(cast(Sequence[int], node.args[2])) != 2:
        return None
    return cast(Sequence[int], node.args[2])[0], at


def _parts(node: fx.Node) -> list[tuple[fx.Node, int]]:
    """The readers of a node and their widths, where each takes `x[:, from:to]` and they share all channels of it."""
    found = []
    for reader in node.users:
        taken = reader.args[1] if reader.target is operator.getitem else None
        if not isinstance(taken, tuple) or len(taken) != 2 or taken[0] != slice(None):
            return []
        channels = taken[1]
        if not isinstance(channels, slice) or channels.step is not None or None in (channels.start, channels.stop):
            return []
        found.append((channels.start, channels.stop, reader))
    found.sort(key=lambda part: part[:2])
    flattened = cast(fx.Node, cast(fx.Node, node.args[0]).args[0])
    groups, size = cast(Sequence[int], flattened.args[2])
    whole = bool(found) and found[0][0] == 0 and found[-1][1] == groups * size
    if not whole or any(left[1] != right[0] for left, right in pairwise(found)):
        return []
    return [(reader, end - start) for start, end, reader in found]


class _Shuffle(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, groups: int, widths: tuple[int, ...], *maps: Tensor) -> tuple[Tensor, ...]:
        context.groups, context.widths = groups, tuple(given.shape[1] for given in maps)
        return _shuffled(maps, widths, groups)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        size = sum(context.widths) // context.groups
        return (None, None, *_shuffled(gradients, context.widths, size))


def _shuffled(maps: tuple[Tensor, ...], widths: tuple[int, ...], groups: int) -> tuple[Tensor, ...]:
    maps = tuple(given.contiguous(memory_format=torch.channels_last) for given in maps)
    count, _, height, width = maps[0].shape
    results = tuple(
        torch.empty((count, channels, height, width), dtype=maps[0].dtype, memory_format=torch.channels_last)
        for channels in widths
    )
    if maps[0].dtype not in KINDS:
        raise TypeError(f"there is no kernel for shuffles of {maps[0].dtype}")
    getattr(kernels(SOURCE), f"shuffle_{KINDS[maps[0].dtype]}")(
        *_table(maps),
        *_table(results),
        ctypes.c_int64(groups),
        ctypes.c_int64(count * height * width),
        ctypes.c_int(torch.get_num_threads()),
    )
    return results


def _table(maps: tuple[Tensor, ...]) -> tuple[Any, Any, ctypes.c_int64]:
    """Addresses, channels and number of some maps."""
    addresses = (ctypes.c_void_p * len(maps))(*(given.data_ptr() for given in maps))
    channels = (ctypes.c_int64 * len(maps))(*(given.shape[1] for given in maps))
    return addresses, channels, ctypes.c_int64(len(maps))
