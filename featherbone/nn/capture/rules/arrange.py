"""Views and permutations: free; flatten and the channel shuffle are recognised, runs of reshapes become one."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from featherbone.graph.operators import ChannelShuffle, Flatten
from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.common import axis, is_batched
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """How a view came about: of which tensor, by which axes it was permuted (``None``: reshaped only)."""

    source: Traced
    axes: tuple[int, ...] | None = None


def reshape_to(tracer: Tracer, input: Traced, full: tuple[int, ...]) -> Traced:
    """The same values in the same order under another shape."""
    if full == tuple(input.shape):
        return input
    if prod(full) != prod(input.shape):
        raise ValueError(f"shape {full} does not hold the {prod(input.shape)} values of {tuple(input.shape)}")
    before = input.entry.detail if input.entry is not None else None
    if type(before) is Moved:
        if before.axes is None:
            return reshape_to(tracer, before.source, full)
        shuffle = _shuffle(tracer, input, before, full)
        if shuffle is not None:
            return shuffle
    if is_batched(input) and full == (1, prod(input.shape)):
        return tracer.emit(Flatten(), (input,), "flatten")
    return tracer.opaque("reshape", (input,), full, moves=True, detail=Moved(_now(input)))


def _now(tensor: Traced) -> Traced:
    """A copy of a tensor as it is now: the model may change its own in place."""
    return Traced.make(tensor.shape, tensor.dtype, tensor.device, entry=tensor.entry)


def _shuffle(tracer: Tracer, input: Traced, before: Moved, full: tuple[int, ...]) -> Traced | None:
    """(1, G·M, …) → (1, G, M, …) → (1, M, G, …) → (1, G·M, …) is ShuffleNet's channel shuffle."""
    table = before.source
    first = table.entry.detail if table.entry is not None else None
    swap = (0, 2, 1, *range(3, len(table.shape)))
    if type(first) is not Moved or first.axes is not None or before.axes != swap:
        return None
    source = first.source
    groups = table.shape[1]
    same = tuple(source.shape) == full and is_batched(source) and tuple(table.shape[3:]) == full[2:]
    if not same or groups * table.shape[2] != full[1]:
        return None
    return tracer.emit(ChannelShuffle(groups=groups), (source,), "shuffle")


def reshape(tracer: Tracer, input: Traced, *shape: Any) -> Traced:
    if not shape or isinstance(shape[0], str) or type(shape[0]).__name__ == "dtype":
        raise NoRule
    wanted = list(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else list(shape)
    sizes = [int(size) for size in wanted]
    total = prod(input.shape)
    if sizes.count(-1) == 1:
        rest = -prod(sizes)
        sizes[sizes.index(-1)] = total // rest if rest else 0
    return reshape_to(tracer, input, tuple(sizes))


def flatten(tracer: Tracer, input: Traced, start_dim: int = 0, end_dim: int = -1) -> Traced:
    rank = len(input.shape)
    first, last = axis(start_dim, rank), axis(end_dim, rank)
    sizes = tuple(input.shape)
    return reshape_to(tracer, input, (*sizes[:first], prod(sizes[first : last + 1]), *sizes[last + 1 :]))


def flattened(tracer: Tracer, input: Traced) -> Traced:
    return reshape_to(tracer, input, (1, prod(input.shape)))


def unflatten(tracer: Tracer, input: Traced, dim: int, sizes: Any) -> Traced:
    place = axis(dim, len(input.shape))
    parts = [int(size) for size in sizes]
    if -1 in parts:
        parts[parts.index(-1)] = input.shape[place] // -prod(parts)
    return reshape_to(tracer, input, (*input.shape[:place], *parts, *input.shape[place + 1 :]))


def squeeze(tracer: Tracer, input: Traced, dim: Any = None) -> Traced:
    rank = len(input.shape)
    dims = range(rank) if dim is None else [dim] if isinstance(dim, int) else dim
    axes = {axis(one, rank) for one in dims}
    return reshape_to(tracer, input, tuple(s for place, s in enumerate(input.shape) if place not in axes or s != 1))


def unsqueeze(tracer: Tracer, input: Traced, dim: int) -> Traced:
    place = axis(dim, len(input.shape) + 1)
    return reshape_to(tracer, input, (*input.shape[:place], 1, *input.shape[place:]))


def permute(tracer: Tracer, input: Traced, *dims: Any) -> Traced:
    given = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    rank = len(input.shape)
    axes = tuple(axis(int(one), rank) for one in given)
    if sorted(axes) != list(range(rank)):
        raise NoRule
    if axes == tuple(range(rank)):
        return input
    full = tuple(input.shape[place] for place in axes)
    return tracer.opaque("permute", (input,), full, moves=True, detail=Moved(_now(input), axes))


def transpose(tracer: Tracer, input: Traced, dim0: int, dim1: int) -> Traced:
    rank = len(input.shape)
    axes = list(range(rank))
    first, second = axis(dim0, rank), axis(dim1, rank)
    axes[first], axes[second] = axes[second], axes[first]
    return permute(tracer, input, axes)


def last_two(tracer: Tracer, input: Traced) -> Traced:
    return input if len(input.shape) < 2 else transpose(tracer, input, -2, -1)


def same(tracer: Tracer, input: Traced, *args: Any, **settings: Any) -> Traced:
    """Contiguous, detach and their like: the same tensor."""
    return input


def copied(tracer: Tracer, input: Traced, *args: Any, **settings: Any) -> Traced:
    """A tensor of its own, which in-place operations may change apart from the first."""
    return _now(input)


def expand(tracer: Tracer, input: Traced, *sizes: Any, implicit: bool = False) -> Traced:
    given = list(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else list(sizes)
    padded = [1] * (len(given) - len(input.shape)) + list(input.shape)
    full = tuple(size if want == -1 else int(want) for want, size in zip(given, padded, strict=True))
    if full == tuple(input.shape):
        return input
    return tracer.opaque("expand", (input,), full, moves=True)


def expand_as(tracer: Tracer, input: Traced, other: Any) -> Traced:
    return expand(tracer, input, tuple(other.shape))


def view_as(tracer: Tracer, input: Traced, other: Any) -> Traced:
    return reshape_to(tracer, input, tuple(other.shape))


def to(tracer: Tracer, input: Any, *args: Any, **settings: Any) -> Traced:
    if type(input) is not Traced:
        raise NoRule
    kinds = [value for value in (*args, *settings.values()) if type(value).__name__ == "dtype"]
    kinds += [value.dtype for value in args if type(value) is Traced]
    if not kinds or kinds[0] == input.dtype:
        return input
    return Traced.make(input.shape, kinds[0], input.device, entry=input.entry, weights=input.weights)


def cast(kind: torch.dtype) -> Rule:
    def rule(tracer: Tracer, input: Any, **settings: Any) -> Traced:
        return to(tracer, input, kind)

    return rule


DTYPES = {
    "float": torch.float32,
    "double": torch.float64,
    "half": torch.float16,
    "bfloat16": torch.bfloat16,
    "int": torch.int32,
    "long": torch.int64,
    "bool": torch.bool,
}

RULES: dict[str, Rule] = {
    "reshape": reshape,
    "view": reshape,
    "flatten": flatten,
    "unflatten": unflatten,
    "squeeze": squeeze,
    "unsqueeze": unsqueeze,
    "permute": permute,
    "transpose": transpose,
    "swapaxes": transpose,
    "swapdims": transpose,
    "t": last_two,
    "contiguous": same,
    "detach": copied,
    "clone": copied,
    "expand": expand,
    "expand_as": expand_as,
    "view_as": view_as,
    "reshape_as": view_as,
    "to": to,
    **dict.fromkeys(
        ("cpu", "cuda", "alias", "lift_fresh", "requires_grad", "retain_grad", "register_hook", "pin_memory"), same
    ),
    **{name: cast(kind) for name, kind in DTYPES.items()},
}
