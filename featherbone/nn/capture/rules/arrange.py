"""Views and permutations: free; flatten and the channel shuffle are recognised, runs of reshapes become one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import torch

from featherbone.graph.operators import ChannelShuffle, Flatten
from featherbone.nn.capture.call_arguments import axis, is_batched
from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.entry import TracedOperator
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer

FLATTEN = Flatten()


@dataclass(slots=True, eq=False)
class Moved:
    """How a view came about: of which entry, by which axes it was permuted (``None``: reshaped only)."""

    source: TracedOperator
    axes: tuple[int, ...] | None = None


def reshape_to(tracer: Tracer, input: Traced, full: tuple[int, ...]) -> Traced:
    """The same values in the same order under another shape."""
    size, entry = input._size, input.entry
    if full == size:
        return input
    volume = prod(size)
    if prod(full) != volume:
        raise ValueError(f"shape {full} does not hold the {volume} values of {tuple(size)}")
    before = None if entry is None else entry.detail
    if type(before) is Moved:
        if before.axes is None:
            return reshape_to(tracer, input.of(before.source), full)
        source = _shuffled(before, full)
        if source is not None:
            return tracer.emit(_shuffle(size[2]), (input,), "shuffle", full=full, read=(source,))
    if len(full) == 2 and full == (1, volume) and is_batched(input):
        return tracer.emit(FLATTEN, (input,), "flatten", full=full)
    return tracer.opaque("reshape", (input,), full, moves=True, detail=None if entry is None else Moved(entry))


@lru_cache(maxsize=64)
def _shuffle(groups: int) -> ChannelShuffle:
    return ChannelShuffle(groups=groups)


def _shuffled(before: Moved, full: tuple[int, ...]) -> TracedOperator | None:
    """(1, G·M, …) → (1, G, M, …) → (1, M, G, …) → (1, G·M, …) is ShuffleNet's channel shuffle of the first."""
    table = before.source
    first = table.detail
    if type(first) is not Moved or first.axes is not None or before.axes != (0, 2, 1, *range(3, len(table.full))):
        return None
    size = first.source.full
    same = size == full and full[0] == 1 and table.full[3:] == full[2:] and table.full[1] * table.full[2] == full[1]
    return first.source if same else None


def reshape(tracer: Tracer, input: Traced, *shape: Any) -> Traced:
    if not shape or isinstance(shape[0], str) or type(shape[0]) is torch.dtype:
        raise NoRule
    sizes: Any = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    full = tuple(map(int, sizes))
    if -1 in full and full.count(-1) == 1:
        place = full.index(-1)
        rest = -prod(full)
        full = (*full[:place], prod(input._size) // rest if rest else 0, *full[place + 1 :])
    return reshape_to(tracer, input, full)


def flatten(tracer: Tracer, input: Traced, start_dim: int = 0, end_dim: int = -1) -> Traced:
    sizes = input._size
    first, last = axis(start_dim, len(sizes)), axis(end_dim, len(sizes))
    return reshape_to(tracer, input, (*sizes[:first], prod(sizes[first : last + 1]), *sizes[last + 1 :]))


def flattened(tracer: Tracer, input: Traced) -> Traced:
    return reshape_to(tracer, input, (1, prod(input._size)))


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
    return _permuted(tracer, input, axes)


def transpose(tracer: Tracer, input: Traced, dim0: int, dim1: int) -> Traced:
    rank = len(input._size)
    axes = list(range(rank))
    first, second = axis(dim0, rank), axis(dim1, rank)
    axes[first], axes[second] = axes[second], axes[first]
    return input if first == second else _permuted(tracer, input, tuple(axes))


def _permuted(tracer: Tracer, input: Traced, axes: tuple[int, ...]) -> Traced:
    size, entry = input._size, input.entry
    full = tuple([size[place] for place in axes])
    detail = None if entry is None else Moved(entry, axes)
    return tracer.opaque("permute", (input,), full, moves=True, detail=detail)


def last_two(tracer: Tracer, input: Traced) -> Traced:
    return input if len(input.shape) < 2 else transpose(tracer, input, -2, -1)


def same(tracer: Tracer, input: Traced, *args: Any, **settings: Any) -> Traced:
    """Contiguous, detach and their like: the same tensor."""
    return input


def copied(tracer: Tracer, input: Traced, *args: Any, **settings: Any) -> Traced:
    """A tensor of its own, which in-place operations may change apart from the first."""
    return Traced.make(input._size, input._type, input._place, entry=input.entry)


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
